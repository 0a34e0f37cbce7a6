"""Settings that make no sense stop the server with a sentence that names them."""

import pytest

from server.settings import MailServer, SettingsError, read_settings

GOOD = {"AFTERTIDE_ORIGIN": "https://journal.example.org", "AFTERTIDE_CONTACT": "mailto:us@shoreline.care"}
DEVELOPMENT = {"AFTERTIDE_ENV": "development"}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "AFTERTIDE_ORIGIN"),
        ({"AFTERTIDE_ORIGIN": "http://journal.example.org"}, "https://"),
        ({"AFTERTIDE_ORIGIN": "https://journal.example.org/app"}, "AFTERTIDE_ORIGIN"),
        ({**GOOD, "AFTERTIDE_ENV": "staging"}, "AFTERTIDE_ENV"),
        ({**GOOD, "DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({**GOOD, "PORT": "many"}, "PORT"),
        ({**GOOD, "AFTERTIDE_POOL": "0"}, "AFTERTIDE_POOL"),
        ({**GOOD, "AFTERTIDE_PROCESSES": "2"}, "AFTERTIDE_PROCESSES"),
        ({**GOOD, "AFTERTIDE_TRUSTED_PROXIES": "the-proxy"}, "AFTERTIDE_TRUSTED_PROXIES"),
        ({**GOOD, "AFTERTIDE_TRUSTED_PROXIES": "10.0.0.1/8"}, "AFTERTIDE_TRUSTED_PROXIES"),
        ({**GOOD, "AFTERTIDE_LOG_LEVEL": "loud"}, "AFTERTIDE_LOG_LEVEL"),
        ({"AFTERTIDE_ORIGIN": GOOD["AFTERTIDE_ORIGIN"]}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "us@shoreline.care"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "mailto:us@shoreline"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "mailto:us@example.com"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "mailto:us@mail.shoreline.invalid"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "mailto:us@localhost"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "https://journal.example.org/contact"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_CONTACT": "http://shoreline.care"}, "AFTERTIDE_CONTACT"),
        ({**GOOD, "AFTERTIDE_PUSH_SERVICES": "fcm.googleapis.com,localhost:9443"}, "AFTERTIDE_PUSH_SERVICES"),
        ({**GOOD, "AFTERTIDE_PUSH_SERVICES": "https://fcm.googleapis.com"}, "AFTERTIDE_PUSH_SERVICES"),
        ({**GOOD, "AFTERTIDE_PUSH_SERVICES": "*"}, "AFTERTIDE_PUSH_SERVICES"),
        ({**DEVELOPMENT, "AFTERTIDE_PUSH_SERVICES": "*.localhost:9443"}, "AFTERTIDE_PUSH_SERVICES"),
        ({**GOOD, "AFTERTIDE_PUSH_CA": __file__}, "AFTERTIDE_PUSH_CA"),
        ({**DEVELOPMENT, "AFTERTIDE_PUSH_CA": __file__ + ".missing"}, "AFTERTIDE_PUSH_CA"),
        ({**GOOD, "AFTERTIDE_SMTP": "mail.shoreline.care"}, "AFTERTIDE_SMTP"),
        ({**GOOD, "AFTERTIDE_MAIL_RETURNS": "returned"}, "AFTERTIDE_MAIL_RETURNS"),
        ({**GOOD, "AFTERTIDE_MAIL_RETURNS": "re+turned@shoreline.care"}, "AFTERTIDE_MAIL_RETURNS"),
        ({**GOOD, "AFTERTIDE_MAIL_RETURNS": "what-comes-back-to-us@shoreline.care"}, "AFTERTIDE_MAIL_RETURNS"),
        ({**GOOD, "AFTERTIDE_SMTP": "smtp://mail.shoreline.care:submission"}, "AFTERTIDE_SMTP"),
        ({**GOOD, "AFTERTIDE_SMTP": "smtp://mail.shoreline.care"}, "AFTERTIDE_MAIL_FROM"),
        ({**GOOD, "AFTERTIDE_MAIL_FROM": "Aftertide"}, "AFTERTIDE_MAIL_FROM"),
        ({**GOOD, "AFTERTIDE_MAIL_FROM": "Aftertide\nBcc: x <us@shoreline.care>"}, "AFTERTIDE_MAIL_FROM"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(environ)


def test_a_password_of_the_mail_server_stands_in_no_message() -> None:
    with pytest.raises(SettingsError) as raised:
        read_settings({**GOOD, "AFTERTIDE_SMTP": "smtp://us:a-canary@mail.shoreline.care:x"})
    assert "canary" not in str(raised.value)


def test_a_mail_server_is_read_with_its_defaults() -> None:
    environ = {**GOOD, "AFTERTIDE_MAIL_FROM": "Aftertide <reminders@shoreline.care>"}
    plain = read_settings({**environ, "AFTERTIDE_SMTP": "smtp://us:p%40ss@mail.shoreline.care"})
    assert plain.mail_server == MailServer("mail.shoreline.care", 587, "us", "p@ss", tls=False)
    encrypted = read_settings({**environ, "AFTERTIDE_SMTP": "smtps://mail.shoreline.care"})
    assert encrypted.mail_server == MailServer("mail.shoreline.care", 465, None, None, tls=True)
    assert read_settings(GOOD).mail_server is None


def test_a_push_service_of_ones_own_is_for_development() -> None:
    settings = read_settings({**DEVELOPMENT, "AFTERTIDE_PUSH_SERVICES": "*.push.apple.com, localhost:9443"})
    assert settings.push_hosts == ("*.push.apple.com", "localhost:9443")


def test_development_answers_on_this_machine_without_any_setting() -> None:
    settings = read_settings({"AFTERTIDE_ENV": "development", "PORT": "8733"})
    assert settings.origin == "http://localhost:8733"
    assert settings.host == "127.0.0.1"

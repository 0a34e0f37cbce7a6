"""Settings that make no sense stop the server with a sentence that names them."""

import pytest

from server.settings import SettingsError, read_settings

GOOD = {"AFTERTIDE_ORIGIN": "https://journal.example.org"}


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
    ],
)
def test_a_setting_that_makes_no_sense_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read_settings(environ)


def test_development_answers_on_this_machine_without_any_setting() -> None:
    settings = read_settings({"AFTERTIDE_ENV": "development", "PORT": "8733"})
    assert settings.origin == "http://localhost:8733"
    assert settings.host == "127.0.0.1"

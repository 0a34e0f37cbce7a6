"""Letters as a mail reader has them: text and HTML that say the same, nothing that loads, headers that nobody can write into."""

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from server.channels.letters import Button, Letter, UnfitAddress, write
from tests.conftest import Time
from tests.mail_server import html_of, text_of

SENDER = "Aftertide <reminders@journal.example.org>"
STOP = "https://journal.example.org/mail/stop/" + "Ab-_" * 10 + "xyz"
LETTER = Letter(
    "es-MX",
    "Mañana a las 14:00",
    (
        "Tienes una cita mañana a las 14:00 <hora de Madrid> & dos cosas que hacer antes.",
        "Para cambiarla, abre la aplicación.",
    ),
    Button("Ver la cita", "https://journal.example.org/you?a=1&b=2"),
    STOP,
)


def read(letter: Letter, to: str = "ana@example.org", sender: str = SENDER) -> EmailMessage:
    """Write a letter and read it as who gets it does."""
    content = write(letter, sender=sender, to=to, now=Time().now).as_bytes()
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_letter_has_the_headers_of_what_a_program_sends_and_one_tap_ends() -> None:
    letter = read(LETTER)
    assert letter["From"] == SENDER
    assert letter["To"] == "ana@example.org"
    assert letter["Subject"] == "Mañana a las 14:00"
    assert letter["Date"] == "Wed, 18 Nov 2026 11:06:40 +0000"
    assert re.fullmatch(r"<[0-9a-f]{32}@journal\.example\.org>", letter["Message-ID"])
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "es"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_address_that_stops_mail_is_on_the_wire_as_it_is() -> None:
    # Folded, it would be encoded (RFC 2047), which no provider undoes: the button would be missing.
    content = write(LETTER, sender=SENDER, to="ana@example.org", now=Time().now).as_bytes()
    assert f"\r\nList-Unsubscribe: <{STOP}>\r\n".encode() in content


def test_lines_are_as_long_as_mail_servers_take_and_plain_ascii() -> None:
    content = write(LETTER, sender=SENDER, to="ana@example.org", now=Time().now).as_bytes()
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert content.count(b"\n") == content.count(b"\r\n")


def test_a_letter_without_a_stop_address_has_none_anywhere() -> None:
    letter = read(LETTER._replace(stop=None, button=None))
    assert "List-Unsubscribe" not in letter
    assert "List-Unsubscribe-Post" not in letter
    assert "http" not in text_of(letter)
    assert "href" not in html_of(letter)


def test_text_and_html_say_the_same() -> None:
    letter = read(LETTER)
    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]  # the best one last
    text, page = text_of(letter), Page(html_of(letter))
    assert LETTER.button is not None
    for paragraph in LETTER.paragraphs:
        assert paragraph in text
        assert paragraph in page.text
    for words, address in ((LETTER.button.words, LETTER.button.address), ("No recibir más correos como este", STOP)):
        assert f"{words}:\n{address}\n" in text
        assert (words, address) in page.links


class Page(HTMLParser):
    """What a mail reader makes of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.links: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._href: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._href = dict(attrs).get("href")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._href is not None:
            self.links.append((data, self._href))
            self._href = None


@pytest.mark.parametrize(
    ("locale", "language"), [("es-MX", "es"), ("es", "es"), ("en-GB", "en"), ("fr", "en"), ("est", "en")]
)
def test_the_page_names_its_language_and_title_and_loads_nothing(locale: str, language: str) -> None:
    html = html_of(read(LETTER._replace(locale=locale)))
    page = Page(html)
    tags = dict(page.tags)
    assert tags["html"]["lang"] == language
    assert {name for name, _ in page.tags} <= {"html", "head", "meta", "title", "body", "div", "p", "a"}
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    for _, attributes in page.tags:
        assert set(attributes) <= {"lang", "charset", "name", "content", "style", "href"}
        style = attributes.get("style") or ""
        assert "url" not in style
        assert "color" not in style  # the reader's own, which have their contrast in the dark, too
        assert "background" not in style
    assert [address for _, address in page.links] == [LETTER.button.address if LETTER.button else "", STOP]


@pytest.mark.parametrize(
    "address",
    [
        "", "ana", "ana@", "@example.org", "a,b@example.org", "a@b@example.org", "a b@example.org", "<ana@example.org>", "ana@example.org>",
        "ana@example.org\r\nBcc: lena@example.org", "ana@example.org\nX: y", "ana@example.org, lena@example.org", "Ana <ana@example.org>",
        "ana.@example.org", "(x)@example.org", "ana@exa mple.org", "ana@[127.0.0.1]", "ana@-example.org", "ana@example..org",
    ],
)  # fmt: skip
def test_what_is_no_address_gets_no_letter(address: str) -> None:
    with pytest.raises(UnfitAddress) as refused:
        read(LETTER, to=address)
    assert "ana" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["ana@example.org", "ana+journal@mail.example.org", "o'neil@xn--bcher-kva.example", "a@localhost"]
)
def test_addresses_that_people_have_get_theirs(address: str) -> None:
    assert read(LETTER, to=address)["To"] == address


@pytest.mark.parametrize(
    "wrong",
    [
        LETTER._replace(subject="Hello\r\nBcc: lena@example.org"),
        LETTER._replace(subject="Hello\nBcc: lena@example.org"),
        LETTER._replace(stop="https://journal.example.org/a>\r\nBcc: lena@example.org"),
        LETTER._replace(stop="https://journal.example.org/a>, <mailto:lena@example.org"),
        LETTER._replace(stop="javascript:alert(1)"),
        LETTER._replace(button=Button("Look", "https://journal.example.org/ a")),
        LETTER._replace(button=Button("Look", "data:text/html,x")),
    ],
)
def test_nobody_writes_a_header_or_a_script_through_a_letter(wrong: Letter) -> None:
    with pytest.raises(ValueError):
        read(wrong)


def test_two_letters_are_two_messages() -> None:
    assert read(LETTER)["Message-ID"] != read(LETTER)["Message-ID"]

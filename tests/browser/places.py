"""Every screen and dialog that a person can come to, each with how one gets there and what shows that it is there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, expect

Doing = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """A screen in one state. `shown` is a selector, the same in every language."""

    name: str
    path: str
    shown: str
    then: Doing | None = None


def press(selector: str, shown: str) -> Doing:
    """Press what `selector` finds first, and wait until `shown` is there."""

    async def doing(page: Page) -> None:
        await page.locator(selector).first.click()
        await expect(page.locator(shown).first).to_be_visible()

    return doing


async def go(page: Page, origin: str, place: Place) -> None:
    """Come to a place as if for the first time: whatever was open before is left by way of Help."""
    if page.url.startswith(origin) and "#" not in place.path:
        await page.keyboard.press("Escape")
        for path, shown in (("/help", "a[href^='tel:']"), (place.path, place.shown)):
            await page.evaluate(
                "(path) => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path
            )
            await expect(page.locator(shown).first).to_be_visible()
    else:
        await page.goto(place.path if "#" in place.path else f"{origin}{place.path}")
        await expect(page.locator(place.shown).first).to_be_visible()
    if place.then:
        await place.then(page)


def signed_out(invitation: str) -> list[Place]:
    """What stands before a journal; `invitation` is a whole link, waiting to be answered."""
    return [
        Place("sign in", "/sign-in", "input[type=password]"),
        Place("sign in by kit", "/sign-in", "input[type=password]", press("button.quiet", "textarea")),
        Place(
            "sign in, refused", "/sign-in", "input[type=password]", press("button[type=submit]", ".error:not([hidden])")
        ),
        Place("help", "/help", "a[href^='tel:']"),
        Place("a notice's page without its token", "/notice", "main a.button"),
        Place("confirm an address, without the link's token", "/mail", "main a.button"),
        Place("stop mails", f"/mail/stop/{'x' * 43}", "main button.primary"),
        Place(
            "stop mails, too late",
            f"/mail/stop/{'x' * 43}",
            "main button.primary",
            press("main button.primary", ".notice.ember"),
        ),
        Place(
            "help as a sheet", "/sign-in", "input[type=password]", press("header button:last-of-type", "dialog[open]")
        ),
        Place("join without the link's secret", "/join/00000000-0000-4000-8000-000000000000", "main .notice"),
        Place("begin without the link's secret", "/begin", "main .notice"),
        Place("join", invitation, "main button.primary"),
        Place("join: who", invitation, "main button.primary", press("main button.primary", "input[type=email]")),
        Place("join: who else looks", invitation, "main button.primary", _come_to_who_else_looks),
        Place("join: by passkey", invitation, "main button.primary", _choose_passkey),
        Place("join: one more touch", invitation, "main button.primary", _touch_once_more),
        Place("join: by passphrase", invitation, "main button.primary", _choose_passphrase),
    ]


async def _come_to_who_else_looks(page: Page) -> None:
    """Come to the question whether anybody else uses the device."""
    await press("main button.primary", "input[type=email]")(page)
    await page.locator("main input").first.fill("Anahit")
    await page.locator("input[type=email]").fill("anahit@example.org")
    await press("button[type=submit]", "main .address")(page)
    await press("main button.primary", "main button.outline")(page)


async def _choose_passkey(page: Page) -> None:
    """Come to the step that asks how one gets in; the device makes passkeys."""
    await _come_to_who_else_looks(page)
    await press("main button.outline:last-of-type", "main button.primary")(page)


async def _touch_once_more(page: Page) -> None:
    await _choose_passkey(page)
    await press("main button.primary", "main h3")(page)


async def _choose_passphrase(page: Page) -> None:
    await _choose_passkey(page)
    await press("main button.quiet", "input[autocomplete=new-password]")(page)


# Of a session that is still to come: what is cancelled can't be moved.
CALENDAR_LINE = "main a.asks[href^='/sessions/']"


async def _begin_passkey(page: Page) -> None:
    """Show by passkey who one is, so that another one can be made."""
    await press("main button.primary", "dialog[open]")(page)
    await press("dialog button[type=submit]", "dialog button.primary:not([type=submit])")(page)
    await page.mouse.move(0, 0)  # one button has come where another was


# Whose account it is has a passkey, and the device that is used here has it.
OWN_ACCOUNT = [
    Place("you", "/you", "main fieldset"),
    Place("reminders", "/you/reminders", "input[role=switch]"),
    Place(
        "before a session: when",
        "/you/reminders",
        "input[role=switch]",
        press(".lines .line:last-child button >> nth=0", "form select"),
    ),
    Place(
        "quiet hours",
        "/you/reminders",
        "input[role=switch]",
        press(".sheet .below button", ".sheet input[type=time]"),
    ),
    Place("what became of each reminder", "/you/reminders/history", "main p"),
    Place("sign out?", "/you", "main fieldset", press("main section:last-of-type button >> nth=-1", "dialog[open]")),
    Place("devices", "/you/devices", "main li"),
    Place("passkeys", "/you/passkeys", "main li button"),
    Place("rename a passkey", "/you/passkeys", "main li button", press("main li button", "main li input")),
    Place("remove a passkey?", "/you/passkeys", "main li button", press("main li button.danger", "dialog[open]")),
    Place("add a passkey", "/you/passkeys", "main li button", press("main button.primary", "dialog[open]")),
    Place("make a passkey", "/you/passkeys", "main li button", _begin_passkey),
    Place("change passphrase", "/you/passphrase", "input[autocomplete=new-password]"),
    Place(
        "five words", "/you/passphrase", "input[autocomplete=new-password]", press("form .stack button.quiet", ".offer")
    ),
    Place("new kit", "/you/kit", "main form"),
    Place("new keys", "/you/new-keys", "main form"),
    Place("check the kit", "/you/kit/check", "main textarea"),
    Place("erase", "/you/erase", "button.danger"),
    Place("nothing here", "/nowhere", "main a.button"),
]


def _in_the_panel(selector: str) -> Doing:
    """Choose a session in the therapist's calendar, and press what `selector` finds there, which opens a sheet."""

    async def doing(page: Page) -> None:
        await press(CALENDAR_LINE, "article h2")(page)
        await press(selector, "dialog[open]")(page)

    return doing


def patients_places(private: str, shared: str, therapist: str) -> list[Place]:
    """A patient's screens; `private` and `shared` are entries of theirs, the shared one with answers."""
    return [
        Place("journal", "/journal", "a[href^='/journal/']"),
        Place("entry", f"/journal/{private}", "article"),
        Place("shared entry", f"/journal/{shared}", "section form textarea"),
        Place(
            "take it back?",
            f"/journal/{shared}",
            "section form textarea",
            press(".segmented label >> nth=0", "dialog[open]"),
        ),
        Place("delete?", f"/journal/{private}", "article", press("main button.quiet >> nth=-1", "dialog[open]")),
        Place("write", "/write", "main textarea", press("main button.quiet", "[role=group] .tag")),
        Place("when and what kind", "/write", "main textarea", press("button.about", "dialog[open]")),
        Place("change a shared entry", f"/write/{shared}", "main textarea"),
        Place("reading agreement", "/you/agreement", "article"),
        Place("therapist", f"/people/{therapist}", ".digits"),
        Place("search", "/journal", "input[type=search]", _search),
        Place("calendar", "/journal", "input[type=search]", press("[role=search] button", "table button")),
        Place("sessions", "/sessions", "article h2"),
        Place("what happened to a session", "/sessions", "article h2", _open_history),
        Place("another time?", "/sessions", "article h2", press("article button.quiet", "dialog[open]")),
        Place("a later session", "/sessions", "article h2", press("main section a[href^='/sessions/']", ".back")),
        Place("own calendar", "/you/calendar", "main fieldset"),
        Place("own calendar's address", "/you/calendar", "main fieldset", _make_address),
        *OWN_ACCOUNT,
    ]


def therapists_places(entry: str, patient: str) -> list[Place]:
    """A therapist's screens; `entry` is one that waits to be read."""
    return [
        Place("to read", "/to-read", "a[href^='/to-read/']"),
        Place("entry to read", f"/to-read/{entry}", "article"),
        Place("keys", f"/to-read/{entry}", "article", _ask_for_keys),
        Place("entry taken back", "/to-read/00000000-0000-4000-8000-000000000000", "section.entry p"),
        Place("patients", "/patients", "main a[href^='/patients/']"),
        Place("patient", f"/patients/{patient}", "aside"),
        Place("patient's contact", f"/people/{patient}", ".digits"),
        # The first of them makes the link, all later ones show the one that waits.
        Place("reconnect link", f"/people/{patient}", ".digits", press("main button.outline", "dialog[open] .link")),
        Place("invite", "/patients/invite", "input[type=checkbox]"),
        Place(
            "invite, refused",
            "/patients/invite",
            "input[type=checkbox]",
            press("button[type=submit]", "[aria-invalid=true]"),
        ),
        Place("invitation", "/patients/invite", "input[type=checkbox]", _invite),
        Place("therapist's calendar", "/calendar", CALENDAR_LINE),
        Place("session in the calendar", "/calendar", CALENDAR_LINE, press(CALENDAR_LINE, "article h2")),
        Place("move a session", "/calendar", CALENDAR_LINE, _in_the_panel("article .row button >> nth=0")),
        Place("cancel a session", "/calendar", CALENDAR_LINE, _in_the_panel("article button.danger")),
        Place("change a session", "/calendar", CALENDAR_LINE, _in_the_panel("article .row button.quiet")),
        Place("book", "/book", "main select"),
        Place("book, refused", "/book", "main select", press("button[type=submit]", "[aria-invalid=true]")),
        Place("book a series", "/book", "main select", _lay_out),
        Place("practice", "/practice", "main textarea, main article"),
        *OWN_ACCOUNT,
    ]


async def _search(page: Page) -> None:
    await page.locator("input[type=search]").fill("the shore")
    await expect(page.locator("mark").first).to_be_visible()


async def _ask_for_keys(page: Page) -> None:
    await page.keyboard.press("?")
    await expect(page.locator("dialog[open]")).to_be_visible()


async def _invite(page: Page) -> None:
    await page.locator("main input:not([type=checkbox])").fill("Nobody yet")
    await page.locator("input[type=checkbox]").check()
    await page.locator("button[type=submit]").click()
    await expect(page.locator(".link")).to_be_visible()


async def _lay_out(page: Page) -> None:
    await page.locator("main select").nth(1).select_option("course-injections")
    # On a Saturday, so that there is something to say of it.
    await page.locator("input[type=datetime-local]").first.fill("2030-06-01T10:00")
    await expect(page.locator("main ol li").nth(7)).to_be_visible()


async def _make_address(page: Page) -> None:
    """Make the address of the own calendar, or another one where somebody has it already."""
    if await page.locator("main button.danger").count():
        await page.locator("main .row button").first.click()
        await page.locator("dialog[open] button.primary").click()
    else:
        await page.locator("main button.wide").click()
    await expect(page.locator("main .address")).to_be_visible()


async def _open_history(page: Page) -> None:
    await press("[aria-expanded]", "main ol li")(page)
    # It stands below the fold: who comes back to the top finds Help in its corner.
    await page.evaluate("scrollTo(0, 0)")

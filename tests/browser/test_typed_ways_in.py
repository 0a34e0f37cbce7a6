"""Kits and passphrases as people type them: what is right opens, and what is wrong is said before anything is sent."""

import unicodedata

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Couple, Devices
from tests.browser.passkeys import Posted
from tests.browser.people import press, sign_in, visit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MISTYPED = "A character of the kit is missing or mistyped. Compare it with your kit."
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def another(symbol: str) -> str:
    return "7" if symbol != "7" else "8"


def one_wrong(kit: str) -> str:
    return kit[:10] + another(kit[10]) + kit[11:]


def two_swapped(kit: str) -> str:
    symbols = list(kit)
    one, other = next(
        (one, other)
        for one in range(5)
        for other in range(6, 30)
        if "-" not in (symbols[one], symbols[other]) and symbols[one] != symbols[other]
    )
    symbols[one], symbols[other] = symbols[other], symbols[one]
    return "".join(symbols)


def wrong(kit: str) -> dict[str, str]:
    """A kit as it is no more."""
    return {
        "nothing": "",
        "one symbol wrong": one_wrong(kit),
        "two swapped": two_swapped(kit),
        "one missing": kit[:3] + kit[4:],
        "one too many": kit + "7",
        "the check symbol left out": kit[:-2],
        "the check symbol wrong": kit[:-1] + ("0" if kit[-1] != "0" else "1"),
        "digits of another script": kit.replace("-", "").translate(ARABIC) if any(c.isdigit() for c in kit) else "٠",
        "a sign that is in no kit": "!" + kit[1:],
        "another text": "barnacle wintering slate quay",
    }


def sloppy(kit: str) -> dict[str, str]:
    """A kit as people write it."""
    return {
        "small letters, O for 0 and l for 1": kit.lower().replace("0", "o").replace("1", "l"),
        "I for 1, without hyphens": kit.replace("1", "I").replace("-", ""),
        "spaces, a break and a tab": f"  {kit.replace('-', ' ', 3).replace('-', chr(10), 1).replace('-', chr(9), 1)} \n",
    }


async def by_kit(page: Page, origin: str, email: str) -> None:
    await visit(page, origin, "/sign-in")
    await press(page, "Use the recovery kit")
    await page.get_by_label("E-mail").fill(email)


async def test_a_mistyped_kit_is_said_before_anything_is_sent(couple: Couple, devices: Devices) -> None:
    phone = await devices.phone(couple.origin)
    await by_kit(phone, couple.origin, couple.patient.email)
    posted = Posted()
    posted.watch(phone)
    for how, kit in wrong(couple.patient.kit).items():
        # What was said of the kit before goes with the way of typing.
        await press(phone, "Use the passphrase")
        await expect(phone.get_by_text(MISTYPED)).to_have_count(0)
        await press(phone, "Use the recovery kit")
        await phone.get_by_label("Recovery kit").fill(kit)
        await press(phone, "Sign in")
        await expect(phone.get_by_text(MISTYPED), how).to_be_visible()
        await expect(phone.get_by_role("button", name="Sign in", exact=True)).not_to_have_attribute("aria-busy", "true")
    assert posted.bodies == []
    # Nothing was half-made: the whole kit opens.
    await phone.get_by_label("Recovery kit").fill(couple.patient.kit)
    await press(phone, "Sign in")
    await expect(phone.get_by_text("You’re in. Set a new passphrase")).to_be_visible()


@pytest.mark.parametrize("how", sloppy(""))
async def test_a_kit_opens_however_it_is_written(couple: Couple, devices: Devices, how: str) -> None:
    phone = await devices.phone(couple.origin)
    await by_kit(phone, couple.origin, couple.patient.email)
    await phone.get_by_label("Recovery kit").fill(sloppy(couple.patient.kit)[how])
    await press(phone, "Sign in")
    await expect(phone.get_by_text("You’re in. Set a new passphrase")).to_be_visible()


async def test_a_whole_kit_of_somebody_else_is_one_answer_with_an_unknown_email(
    couple: Couple, devices: Devices
) -> None:
    phone = await devices.phone(couple.origin)
    devices.provokes(phone, 401)
    for email, kit in ((couple.patient.email, couple.therapist.kit), ("nobody@example.org", couple.patient.kit)):
        await by_kit(phone, couple.origin, email)
        await phone.get_by_label("Recovery kit").fill(kit)
        await press(phone, "Sign in")
        await expect(phone.get_by_text("E-mail and kit don’t fit together. Check both.")).to_be_visible()


@pytest.mark.parametrize(
    "passphrase",
    [
        "Ångström crème brûlée",
        "ночь над заливом",
        "夜明け前の静かな海辺の散歩道",
        "שלום על החוף הזה",
        "ﬁsh ＆ ½ chips for two",
    ],
)
async def test_a_passphrase_of_any_script_opens_in_whichever_form_a_keyboard_gives_it(
    couple: Couple, devices: Devices, passphrase: str
) -> None:
    phone = await devices.phone(couple.origin)
    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await visit(phone, couple.origin, "/you/passphrase")
    await phone.get_by_label("Current passphrase").fill(couple.patient.passphrase)
    await phone.get_by_label("New passphrase").fill(unicodedata.normalize("NFD", passphrase))
    await press(phone, "Change it")
    await expect(phone.get_by_text("Changed. Use the new one from now on.")).to_be_visible()
    laptop = await devices.laptop(couple.origin)
    await sign_in(laptop, couple.origin, couple.patient.email, unicodedata.normalize("NFC", passphrase))
    await expect(laptop.get_by_text(couple.entry)).to_be_visible()
    await visit(laptop, couple.origin, "/you")
    await press(laptop, "Lock now")
    await laptop.get_by_label("Passphrase", exact=True).fill(unicodedata.normalize("NFKC", passphrase))
    await press(laptop, "Unlock")
    await expect(laptop.get_by_role("heading", name="You", exact=True)).to_be_visible()

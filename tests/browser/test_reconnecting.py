"""Who has lost every way in begins anew, and whoever still has keys gives back or shares anew, in two browsers."""

import contextlib
import os
import re
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from aftertide.client import Client
from aftertide.protocol.encoding import b64u
from playwright.async_api import Page, expect

from tests.browser.barriers import found_here
from tests.browser.conftest import Couple, Devices, Made, copied_couple
from tests.browser.people import choose, keep_kit, make_link, press, say_who, sign_in, write

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEVER = "Nobody was to see the cellar stairs."
PASSPHRASE = "barnacle wintering slate quay"


async def open_contact(page: Page, *links: str) -> None:
    """From one of the main places to a contact's page."""
    for name in links:
        await page.get_by_role("link", name=name).first.click()
    await expect(page.get_by_role("heading", name="Reconnect", exact=True)).to_be_visible()


async def share_by_program(couple: Couple, *, never: str = NEVER) -> None:
    """The patient shares the one entry to read, and writes another that nobody is to see."""
    async with Client(couple.origin, device="made by a test") as client:
        patient = await client.sign_in(couple.patient.email, couple.patient.passphrase)
        await patient.sync()
        [entry], [therapist] = patient.journal.own("entry"), patient.contacts
        await patient.share(entry.id, therapist, 1)
        await patient.write(never)


async def test_a_patient_who_lost_every_way_in_gets_back_what_was_shared(couple: Couple, devices: Devices) -> None:
    await share_by_program(couple)
    laptop, phone = await devices.laptop(couple.origin), await devices.phone(couple.origin)
    await sign_in(laptop, couple.origin, couple.therapist.email, couple.therapist.passphrase)
    await laptop.get_by_role("link", name="Patients", exact=True).click()
    await open_contact(laptop, "Anahit", "How the key was verified")
    link = await make_link(laptop)

    await phone.goto(link)
    await expect(phone.get_by_text("Dr. Tidewell of Harbour Practice asks you to reconnect.")).to_be_visible()
    assert "#" not in phone.url, "the secret part of the link stays in the address bar"
    await expect(phone.get_by_text("What only you could read is gone.", exact=False)).to_be_visible()
    assert await found_here(phone) == []
    await press(phone, "I have lost every way in")
    await say_who(phone, "Anahit", "patient.anew@example.org")
    await phone.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    await press(phone, "Make my journal")
    await keep_kit(phone)
    await expect(phone.get_by_text("When Dr. Tidewell gives back what you had shared")).to_be_visible()
    await press(phone, "To my journal")
    await expect(phone.get_by_text("Nothing here yet. Write when something comes.")).to_be_visible()

    await laptop.get_by_role("link", name="Patients", exact=True).click()
    await expect(laptop.get_by_text("Anahit has a new account")).to_be_visible()
    await expect(laptop.get_by_role("link", name="Anahit Former account")).to_be_visible()
    assert await found_here(laptop) == []
    await laptop.get_by_role("link", name="What to do").click()
    await expect(laptop.get_by_text("The former account had shared 1 entry that opens here.")).to_be_visible()
    await expect(laptop.get_by_text("Another contact is called")).to_have_count(0)
    await press(laptop, "Give it back")
    await expect(laptop.get_by_text("First see or speak to them.")).to_be_visible()
    assert await found_here(laptop) == []
    await laptop.get_by_label("I have seen or spoken to Anahit since").check()
    await press(laptop, "Give it back")
    await expect(laptop.get_by_text("1 of 1 given back")).to_be_visible()
    await expect(laptop.get_by_role("button", name="Give it back")).to_have_count(0)

    await expect(phone.get_by_text("Dr. Tidewell gives back what you had shared")).to_be_visible()
    await expect(phone.get_by_text(couple.entry)).to_have_count(0)
    assert await found_here(phone) == []
    await press(phone, "Take them in")
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await expect(phone.get_by_text("Dr. Tidewell gives back what you had shared")).to_have_count(0)
    await phone.get_by_text(couple.entry).click()
    await expect(phone.get_by_text("Given back by Dr. Tidewell")).to_be_visible()
    assert await found_here(phone) == []
    await expect(phone.get_by_role("radio", name="Only you")).to_be_checked()
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await expect(phone.get_by_text(NEVER)).to_have_count(0)


@dataclass
class Beginning:
    """A couple on a started server, and the operator's link with which one more therapist begins."""

    couple: Couple
    link: str


@pytest.fixture
def beginning(database_url: str, made: Made) -> Iterator[Beginning]:
    said: list[str] = []

    def prepare(path: str) -> None:
        environment = {**os.environ, "DATABASE_URL": f"sqlite:{path}", "AFTERTIDE_ENV": "development"}
        command = [sys.executable, "-m", "server.cli", "therapist", "Harbour Practice"]
        said.append(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)

    with copied_couple(database_url, made, "127.0.0.1", prepare) as couple:
        found = re.search(r"/begin#\S+", said[0])
        assert found, said
        yield Beginning(couple, couple.origin + found.group())


@pytest.fixture
def renewed(database_url: str, made: Made) -> Iterator[Couple]:
    """A couple of whom the therapist has other keys, as the server says, than the patient has pinned."""

    def renew(path: str) -> None:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "UPDATE identities SET key_id = ?, public_key = ? "
                "WHERE account = (SELECT id FROM accounts WHERE role = 'therapist')",
                (b64u(secrets.token_bytes(16)), secrets.token_bytes(32)),
            )

    with copied_couple(database_url, made, "127.0.0.1", renew) as couple:
        yield couple


async def test_a_patient_shares_anew_with_a_therapist_who_lost_every_way_in(
    beginning: Beginning, devices: Devices
) -> None:
    couple = beginning.couple
    await share_by_program(couple)
    laptop, phone = await devices.laptop(couple.origin), await devices.phone(couple.origin)
    await laptop.goto(beginning.link)
    await say_who(laptop, "Dr. Tidewell", "therapist.anew@example.org")
    await laptop.get_by_label("Passphrase", exact=True).fill(PASSPHRASE)
    await press(laptop, "Open the practice")
    await keep_kit(laptop)
    await press(laptop, "To the patients")
    await laptop.get_by_role("link", name="Practice", exact=True).click()
    await laptop.get_by_label("The text").fill("I read on Mondays, and nobody watches. Telephone instead.")
    await press(laptop, "Save as version 1")
    await expect(laptop.get_by_text("Version 1 is saved")).to_be_visible()

    await sign_in(phone, couple.origin, couple.patient.email, couple.patient.passphrase)
    await expect(phone.get_by_text(couple.entry)).to_be_visible()
    await phone.get_by_role("link", name="You", exact=True).click()
    await open_contact(phone, "Dr. Tidewell")
    link = await make_link(phone)

    await laptop.goto(link)
    await expect(laptop.get_by_text("Anahit asks you to reconnect.")).to_be_visible()
    await expect(laptop.get_by_text("who chooses what to share anew", exact=False)).to_be_visible()
    assert await found_here(laptop) == []
    await press(laptop, "Yes, reconnect with Anahit")
    await expect(laptop.get_by_text("You have answered Anahit.")).to_be_visible()

    await phone.get_by_role("link", name="Journal", exact=True).click()
    await expect(phone.get_by_text("Dr. Tidewell has a new account")).to_be_visible()
    await phone.get_by_role("link", name="What to do").click()
    await expect(phone.get_by_text("which nobody can open any more", exact=False)).to_be_visible()
    await expect(phone.get_by_label(couple.entry[:30], exact=False)).to_be_checked()
    assert await found_here(phone) == []
    await expect(phone.get_by_text(NEVER)).to_have_count(0)
    await press(laptop, "To the patients")
    await laptop.get_by_role("link", name="Anahit").first.click()
    await expect(laptop.get_by_text("not accepted yet")).to_be_visible()
    await press(phone, "Share 1 entry")
    await press(phone, "I have read it and accept")
    await expect(phone.get_by_text("Everything that was shared with the former account")).to_be_visible()

    await laptop.get_by_role("link", name="To read", exact=False).first.click()
    await expect(laptop.get_by_text(couple.entry).first).to_be_visible()


async def test_what_is_shared_waits_and_says_why_while_a_therapist_has_new_keys(
    renewed: Couple, devices: Devices
) -> None:
    phone = await devices.phone(renewed.origin)
    await sign_in(phone, renewed.origin, renewed.patient.email, renewed.patient.passphrase)
    await expect(phone.get_by_text("Dr. Tidewell has new keys")).to_be_visible()
    await expect(phone.get_by_text("Something doesn’t add up")).to_have_count(0)
    await write(phone, "Typed while it waits.")
    await choose(phone, "To read")
    await expect(phone.get_by_text("What you share waits here until you two have reconnected.")).to_be_visible()
    await phone.get_by_role("link", name="Journal", exact=True).click()
    await expect(phone.get_by_text("waits: new keys", exact=False)).to_be_visible()
    await phone.reload()
    await expect(phone.get_by_text("waits: new keys", exact=False)).to_be_visible()
    await phone.get_by_role("link", name="What to do").first.click()
    await expect(phone.get_by_text("So ask them first, in the room or on the phone.", exact=False)).to_be_visible()
    # At the end of the page nothing lies under the bar at its foot.
    await phone.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert await found_here(phone) == []
    await make_link(phone)
    await press(phone, "Take it back")
    await phone.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    await expect(phone.get_by_role("button", name="Make a reconnect link")).to_be_visible()
    # The words themselves are with the server: another device has them.
    laptop = await devices.laptop(renewed.origin)
    await sign_in(laptop, renewed.origin, renewed.patient.email, renewed.patient.passphrase)
    await expect(laptop.get_by_text("Typed while it waits.")).to_be_visible()

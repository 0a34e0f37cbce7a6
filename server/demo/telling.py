"""Making the demo practice: the Python client against the app in this process, the clock moving through the weeks."""

import base64
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from aftertide.account import Account
from aftertide.appointments import Session as Booked
from aftertide.client import Client
from aftertide.protocol.encoding import new_id
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.passphrases import five_words
from aftertide.wire import Appointment

from server import database
from server.app import create_app
from server.care.practices import create_first_therapist_link, create_practice
from server.demo.story import (
    AGREEMENT,
    DETAILS,
    PATIENTS,
    PRACTICE,
    SESSION_MINUTES,
    STEPS,
    THERAPIST,
    Entry,
    Patient,
    Session,
)
from server.settings import Settings
from server.web.installation import mark_demo

ZONE = ZoneInfo(PRACTICE["time_zone"])
Happening = Callable[[], Awaitable[None]]


@dataclass
class StoryClock:
    """The time in the story: it never goes back, nor beyond the present."""

    now: datetime

    def milliseconds(self) -> int:
        """Return it for the app."""
        return int(self.now.timestamp() * 1_000)

    def instant(self) -> datetime:
        """Return it for the client."""
        return self.now

    def move_to(self, when: datetime) -> None:
        """Go on to `when`."""
        self.now = min(max(self.now, when), datetime.now(UTC))


@dataclass
class Telling:
    """What is needed while the story is told."""

    client: Client
    clock: StoryClock
    therapist: Account
    sign_ins: dict[str, dict[str, str]]
    journals: list[Account] = field(default_factory=list)
    plot: list[tuple[datetime, Happening]] = field(default_factory=list)

    def at(self, when: datetime, happening: Happening) -> None:
        """Plan what happens at an instant."""
        self.plot.append((when, happening))

    async def tell(self) -> None:
        """Let everything happen in its order; what happens may plan more."""
        while self.plot:
            self.plot.sort(key=lambda step: step[0])
            when, happening = self.plot.pop(0)
            self.clock.move_to(when)
            await happening()


def sign_ins_file(settings: Settings) -> Path:
    """Where the demo's passphrases are kept: beside the SQLite file, else in `data/`."""
    path = settings.database_url.removeprefix("sqlite:")
    return (Path(path).parent if path != settings.database_url else Path("data")) / "demo-sign-ins.json"


def read_sign_ins(settings: Settings) -> dict[str, dict[str, str]]:
    """Return the demo's people with their e-mails and passphrases; empty where there is no demo."""
    path = sign_ins_file(settings)
    sign_ins: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}
    return sign_ins


async def tell_demo(settings: Settings) -> None:
    """Fill a development database that has no account yet with the demo practice; leaves any other as it is.

    The mark comes first and the sign-ins last: a mark without them is a demo that was interrupted, and is begun anew.
    """
    sign_ins_kept = sign_ins_file(settings)
    clock = StoryClock(datetime.now(UTC) - timedelta(days=30))
    app = create_app(settings, clock.milliseconds)
    async with app.lifespan():
        if app.state.installation.demo and not sign_ins_kept.exists():
            await _begin_anew()
        if await database.fetch_one("SELECT 1 AS one FROM accounts LIMIT 1") is not None:
            return
        say("· making a demo practice: a therapist, three patients, four weeks")
        sign_ins_kept.unlink(missing_ok=True)  # of an earlier demo: they open nothing in this one
        await mark_demo()
        practice = await create_practice(**PRACTICE, now=clock.milliseconds())
        token = await create_first_therapist_link(practice, clock.milliseconds())
        link = f"{settings.origin}/begin#{base64.urlsafe_b64encode(token).rstrip(b'=').decode()}"
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI app to both
        async with Client(settings.origin, transport=transport, clock=clock.instant, device="demo") as client:
            sign_ins = await _tell_story(client, clock, link)
        # Who told the story is no signed-in device of anybody's.
        await database.fetch("DELETE FROM sessions")
    _keep(sign_ins_kept, sign_ins)


async def _begin_anew() -> None:
    """Empty a demo database; what belongs to accounts goes with them."""
    async with database.transaction():
        for table in ("accounts", "practices"):
            await database.fetch(f"DELETE FROM {table}")


def say(line: str) -> None:
    """Show progress."""
    print(line, file=sys.stderr, flush=True)


def _keep(path: Path, sign_ins: dict[str, dict[str, str]]) -> None:
    """Write the passphrases where only the owner can read them, all of them or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".part")
    written.unlink(missing_ok=True)
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(sign_ins, file, indent=2, ensure_ascii=False)
    written.replace(path)


def local(days_ago: int, hour: float) -> datetime:
    """Return the instant of a wall time in the practice's zone, so many days before today."""
    day = datetime.now(ZONE).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(), ZONE) + timedelta(hours=hour)


async def _tell_story(client: Client, clock: StoryClock, link: str) -> dict[str, dict[str, str]]:
    name, email = THERAPIST
    sign_ins = {
        who: {"email": address, "passphrase": five_words()}
        for who, address in [THERAPIST, *((p.name, p.email) for p in PATIENTS)]
    }
    zone = PRACTICE["time_zone"]
    begun = await client.begin(link, email=email, passphrase=sign_ins[name]["passphrase"], name=name, time_zone=zone)
    await _write_agreement(begun.account)
    telling = Telling(client, clock, begun.account, sign_ins)
    for patient in PATIENTS:
        telling.at(local(patient.joined_days_ago, 11), _joins(telling, patient))
    await telling.tell()
    for journal in telling.journals:
        await journal.sync()
        await journal.keep_ledger()
    return sign_ins


async def _write_agreement(therapist: Account) -> None:
    """Keep the agreement's text in the therapist's settings, as writing it on the Practice page does."""
    (settings,) = therapist.journal.own("settings")
    await therapist.edit(
        settings.id, lambda old: {**old, "agreement": {"text": AGREEMENT, "answers": "written", "version": 1}}
    )


def _joins(telling: Telling, patient: Patient) -> Happening:
    async def joins() -> None:
        say(f"  · {patient.name}: {len(patient.entries)} entries")
        therapist = telling.therapist
        invited = await therapist.invitations.invite(THERAPIST[0], patient.name, adult=True)
        opened = await telling.client.open_invitation(invited.link)
        passphrase = telling.sign_ins[patient.name]["passphrase"]
        joined = await telling.client.join(
            opened, email=patient.email, passphrase=passphrase, name=patient.name, time_zone=PRACTICE["time_zone"]
        )
        journal = joined.account
        telling.journals.append(journal)
        await therapist.sync()
        await therapist.invitations.settle()
        agreement = await therapist.offer_agreement(journal.id, AGREEMENT, "written")
        await journal.sync()
        await journal.accept_agreement(agreement.id)
        await therapist.sync()
        telling.at(local(patient.joined_days_ago, 12), _books(telling, journal, patient.sessions))
        for entry in patient.entries:
            telling.at(local(entry.days_ago, entry.hour), _writes(telling, journal, entry))

    return joins


def _books(telling: Telling, journal: Account, sessions: tuple[Session, ...]) -> Happening:
    async def books() -> None:
        wanted = [
            Booked(
                session.kind,
                f"{local(-session.day, session.hour):%Y-%m-%dT%H:%M}",
                PRACTICE["time_zone"],
                SESSION_MINUTES[session.kind],
                _details(session),
            )
            for session in sessions
        ]
        booked = await telling.therapist.appointments.book(journal.id, wanted)
        for session, appointment in zip(sessions, booked, strict=True):
            # What lies ahead was answered two evenings ago; what is over was settled after it.
            when = local(2, 18) if session.day > 0 else local(-session.day, session.hour + 3)
            telling.at(when, _stands(telling, journal, session, appointment))

    return books


def _details(session: Session) -> JsonObject:
    if session.kind != "dosing":
        return dict(DETAILS[session.kind])
    steps: list[Json] = [
        {"id": new_id(), "text": text, "at": {"days_before": days, "time": hour}} for text, days, hour in STEPS
    ]
    return {**DETAILS[session.kind], "steps": steps}


def _stands(telling: Telling, journal: Account, session: Session, booked: Appointment) -> Happening:
    async def comes_to_stand() -> None:
        if session.state == "confirmed":
            await journal.appointments.answer(booked, "confirm")
        elif session.state == "asked":
            await journal.sync()
            await journal.appointments.answer(booked, "ask-for-another-time")
            await journal.comment(booked.details or "", session.words)
        elif session.state != "proposed":
            await telling.therapist.sync()
            await telling.therapist.appointments.settle(booked, session.state, session.words or None)

    return comes_to_stand


def _writes(telling: Telling, journal: Account, entry: Entry) -> Happening:
    async def writes() -> None:
        written = await journal.write(entry.text, form=entry.form, sliders=entry.sliders, feelings=entry.feelings)
        if entry.attention is None:
            return
        await journal.share(written.id, telling.therapist.id, 1 if entry.attention == 1 else 0)
        when = local(entry.days_ago, entry.hour)
        if entry.read:
            telling.at(when + timedelta(hours=13), _reads(telling, written.id))
        for comment in entry.comments:
            who = telling.therapist if comment.by_therapist else journal
            telling.at(when + comment.after, _comments(who, written.id, comment.text))
        if entry.reviewed:
            telling.at(when + timedelta(hours=31), _reviews(telling, written.id))

    return writes


def _reads(telling: Telling, record: str) -> Happening:
    async def reads() -> None:
        await telling.therapist.sync()
        await telling.therapist.mark_read(record)

    return reads


def _comments(who: Account, record: str, text: str) -> Happening:
    async def comments() -> None:
        await who.sync()
        await who.comment(record, text)

    return comments


def _reviews(telling: Telling, record: str) -> Happening:
    async def reviews() -> None:
        await telling.therapist.sync()
        await telling.therapist.mark_reviewed(record)

    return reviews

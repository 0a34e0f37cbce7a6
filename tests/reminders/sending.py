"""A dispatcher with push services and a mail server that do as they are told: what is outside the house."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from server import database
from server.channels.letters import Letter
from server.channels.mailing import MailOutcome
from server.channels.push import PushMessage, PushOutcome
from server.channels.returns import ReturnPaths
from server.clock import SECOND
from server.reminders.dispatcher import Dispatcher
from tests.api.people import Person
from tests.api.pushes import subscribe
from tests.conftest import ORIGIN, Running

ACCEPTED = PushOutcome("accepted", 201, None, "201")
GONE = PushOutcome("gone", 410, None, "410")
TAKEN = MailOutcome("sent", 250, "sent")
RETURNS = "returned@journal.example.org"
LATER = PushOutcome("later", 503, None, "503")
Answering = Callable[[PushMessage], Awaitable[PushOutcome] | PushOutcome]


@dataclass
class PushServices:
    """Every push service there is."""

    answer: Answering = lambda _message: ACCEPTED
    got: list[PushMessage] = field(default_factory=list)

    async def send(self, message: PushMessage, *, by: float) -> PushOutcome:  # noqa: ARG002 - it has its turn at once
        """Take a push."""
        self.got.append(message)
        said = self.answer(message)
        return said if isinstance(said, PushOutcome) else await said

    @property
    def notices(self) -> list[dict[str, Any]]:
        """What was pushed, as phones read it."""
        return [msgspec.json.decode(message.payload)["notification"] for message in self.got]

    @property
    def tokens(self) -> list[str]:
        """The tokens of what was pushed."""
        return [notice["data"]["token"] for notice in self.notices]


@dataclass
class Mailboxes:
    """Every mailbox there is."""

    answer: MailOutcome = TAKEN
    got: list[tuple[str, Letter]] = field(default_factory=list)

    async def send(self, to: str, letter: Letter) -> MailOutcome:
        """Take a letter."""
        self.got.append((to, letter))
        return self.answer


@dataclass
class Outside:
    """What is outside the house, and the dispatcher that sends there."""

    running: Running
    push: PushServices = field(default_factory=PushServices)
    mail: Mailboxes = field(default_factory=Mailboxes)

    def __post_init__(self) -> None:
        self.dispatcher = self.another()

    def another(self) -> Dispatcher:
        """Another worker's dispatcher."""
        returns = ReturnPaths(RETURNS, self.running.app.state.installation.address_secret)
        return Dispatcher(self.push, self.mail, self.running.time, ORIGIN, 60 * SECOND, returns)

    async def send_due(self) -> None:
        """Send what is due now, and let it be written down."""
        await self.dispatcher.run_due()
        await self.dispatcher.drain()


async def with_phone(person: Person) -> Person:
    """Have a person's phone take pushes."""
    await subscribe(person)
    return person


async def with_mailbox(person: Person) -> Person:
    """Have a person's address be confirmed, and mail be wanted there."""
    await database.fetch("UPDATE accounts SET email_verified_at = 1 WHERE id = $1", person.id)
    await database.fetch("INSERT INTO mailboxes (account, wanted) VALUES ($1, $2)", person.id, True)
    return person


async def reminders(person: Person, kind: str | None = None) -> list[dict[str, Any]]:
    """A person's reminders as the app shows them, the earliest first."""
    answer = await person.http.get("/api/reminders")
    assert answer.status_code == 200, answer.text
    listed: list[dict[str, Any]] = answer.json()[::-1]
    return [one for one in listed if kind is None or one["kind"] == kind]


def ways(listed: list[dict[str, Any]]) -> list[tuple[str, str | None, str | None]]:
    """Kind, outcome and reason of each."""
    return [(one["kind"], one["outcome"], one["why"]) for one in listed]


async def books() -> Counter[str]:
    """Where all reminders stand; none may be under a lease when nothing is being sent."""
    leased = await database.fetch("SELECT id FROM reminders WHERE lease IS NOT NULL")
    assert leased == []
    rows = await database.fetch(
        "SELECT 'on its way' AS state FROM reminders UNION ALL SELECT outcome FROM settled_reminders"
    )
    return Counter(row["state"] for row in rows)


async def say_shown(running: Running, token: str) -> int:
    """Do what the service worker does once it showed a notice."""
    async with running.program() as phone:
        return (await phone.post("/api/notices/receipts", json={"token": token})).status_code


async def say(running: Running, token: str, action: str) -> tuple[int, Any]:
    """Do what the service worker does when somebody taps a button."""
    async with running.program() as phone:
        answer = await phone.post("/api/notices/actions", json={"token": token, "action": action})
        return answer.status_code, answer.json()


async def hanging(_message: PushMessage) -> PushOutcome:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


def of(services: PushServices, account: UUID) -> int:
    """How many pushes a person got."""
    return sum(1 for message in services.got if str(account) in message.endpoint)


def until(running: Running, view: dict[str, Any], before: int) -> None:
    """Move the clock to so long before a session."""
    starts = int(datetime.fromisoformat(view["starts_at"]).timestamp() * 1000)
    running.time.now = starts - before

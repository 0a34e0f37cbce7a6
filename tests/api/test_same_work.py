"""Whoever asks without a proof learns nothing of who is there: one answer, after the same queries, hashes and signatures."""

import hashlib
import hmac
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
from webauthn.authentication import verify_authentication_response as signatures

from server import database
from server.app import create_app
from server.settings import Settings
from server.web.access import Who
from tests.api.authenticator import Authenticator
from tests.api.passkeys import assertion, challenge, join_by, new_account
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import Running

# What differs from one answer to the next, whatever it is about.
OF_THE_MOMENT = {"date"}


@dataclass
class World:
    """Who is there: Ana with a passphrase and a kit, Bea with a passkey and a kit, and nobody else."""

    running: Running
    http: httpx.AsyncClient
    therapist: Person
    ana: Person
    bea: Person
    device: Authenticator


@dataclass(frozen=True)
class Question:
    """What somebody without a proof asks."""

    path: str
    body: dict[str, Any] | None
    http: httpx.AsyncClient | None = None


Questions = dict[str, Question]
Ask = Callable[[World], Awaitable[Questions]]
ROWS: dict[str, Ask] = {}
ROUTES: set[str] = set()


def row(route: str) -> Callable[[Ask], Ask]:
    """Put questions to a route into the table that are one, as far as anybody without a proof can tell."""

    def keep(ask: Ask) -> Ask:
        ROWS[ask.__name__] = ask
        ROUTES.add(route)
        return ask

    return keep


@dataclass
class Work:
    """What a request had the server do."""

    statements: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Note every statement, and count hashes, macs, comparisons of secrets and checked signatures."""
    work = Work()
    with monkeypatch.context() as patch:
        engine = database.engine()
        run, together = engine._run, getattr(engine, "run_together", None)

        async def ran(connection: Any, sql: str, args: Any) -> Any:
            work.statements.append(sql)
            return await run(connection, sql, args)

        async def ran_together(statements: Any, args: Any) -> Any:
            work.statements.extend(statements)
            assert together is not None
            return await together(statements, args)

        patch.setattr(engine, "_run", ran)
        if together is not None:
            patch.setattr(engine, "run_together", ran_together)
        for module, name in (
            (hashlib, "sha256"), (hmac, "digest"), (hmac, "compare_digest"), (signatures, "verify_signature"),
        ):  # fmt: skip
            patch.setattr(module, name, counted(work, name, getattr(module, name)))
        yield work


def counted(work: Work, name: str, does: Callable[..., Any]) -> Callable[..., Any]:
    def does_it(*args: Any, **named: Any) -> Any:
        work.done[name] += 1
        return does(*args, **named)

    return does_it


def sign_in(email: str, method: str) -> Question:
    body = {"email": email, "method": method, "auth": b64(os.urandom(32)), "device": "another", "bearer": True}
    return Question("/api/sign-in", body)


@row("/api/salt")
async def a_salt(world: World) -> Questions:
    emails = {"there": world.ana.email, "there, without a passphrase": world.bea.email, "not there": "eva@example.org"}
    return {who: Question("/api/salt", {"email": email}) for who, email in emails.items()}


@row("/api/sign-in")
async def a_wrong_passphrase(world: World) -> Questions:
    return {
        "there": sign_in(world.ana.email, "passphrase"),
        "there, without a passphrase": sign_in(world.bea.email, "passphrase"),
        "not there": sign_in("eva@example.org", "passphrase"),
    }


@row("/api/sign-in")
async def a_wrong_kit(world: World) -> Questions:
    of_bea = sign_in(world.bea.email, "recovery")
    return {
        "there": sign_in(world.ana.email, "recovery"),
        "there, by passkey": of_bea,
        "another account's": Question(of_bea.path, {**(of_bea.body or {}), "auth": b64(world.ana.kit_auth)}),
        "not there": sign_in("eva@example.org", "recovery"),
    }


@row("/api/passkeys/challenges/sign-up")
async def a_challenge_to_sign_up(world: World) -> Questions:
    ids = {"there": world.ana.id, "there, by passkey": world.bea.id, "not there": uuid4()}
    path = "/api/passkeys/challenges/sign-up"
    return {who: Question(path, {"account": str(account)}) for who, account in ids.items()}


@row("/api/passkeys/challenges/sign-in")
async def a_challenge_to_sign_in(world: World) -> Questions:
    """Nothing is said of who it will be."""
    path = "/api/passkeys/challenges/sign-in"
    return {"once": Question(path, None), "again": Question(path, None)}


@row("/api/sign-in/passkey")
async def a_wrong_passkey(world: World) -> Questions:
    stranger = Authenticator()
    stranger.make(await challenge(world.http, "sign-up", uuid4()), uuid4())
    forged = await assertion(world.http, world.device)
    unknown = await assertion(world.http, stranger)
    forged["answer"]["signature"] = (await assertion(world.http, stranger))["answer"]["signature"]
    return {who: Question("/api/sign-in/passkey", body) for who, body in (("there", forged), ("not there", unknown))}


@row("/api/account/proof")
async def a_proof_that_is_wrong(world: World) -> Questions:
    """On a session of somebody's: nothing about which ways in there are."""
    questions = {}
    for who, person in (("with a passphrase", world.ana), ("without one", world.bea)):
        body = {"method": "passphrase", "auth": b64(os.urandom(32))}
        questions[who] = Question("/api/account/proof", body, http=person.http)
    return questions


@row("/api/invitations/{invitation:uuid}/join")
async def a_sign_up_by_no_invitation(world: World) -> Questions:
    """Only who has an invitation is told that an e-mail is taken."""
    there, secret = await invite(world.therapist)
    questions = {}
    for who, email, invitation, redeem in (
        ("e-mail there", world.ana.email, there, os.urandom(32)),
        ("e-mail not there", "eva@example.org", there, os.urandom(32)),
        ("invitation not there, e-mail there", world.ana.email, uuid4(), secret),
        ("neither there", "eva@example.org", uuid4(), secret),
    ):
        account = await Person(world.running, email).new_account()
        body = {"answer": answer_to(redeem), "account": account}
        questions[who] = Question(f"/api/invitations/{invitation}/join", body)
    return questions


@row("/api/begin")
async def a_sign_up_by_no_first_link(world: World) -> Questions:
    questions = {}
    for who, email in (("e-mail there", world.ana.email), ("e-mail not there", "eva@example.org")):
        account = await Person(world.running, email).new_account()
        questions[who] = Question("/api/begin", {"token": b64(os.urandom(32)), "account": account})
    return questions


@row("/api/begin/open")
async def a_look_at_a_first_link(world: World) -> Questions:
    questions = (Question("/api/begin/open", {"token": b64(os.urandom(32))}) for _ in range(2))
    return dict(zip(("once", "again"), questions, strict=True))


@row("/api/invitations/{invitation:uuid}/open")
async def a_look_at_an_invitation(world: World) -> Questions:
    there, secret = await invite(world.therapist)
    wrong = {"redeem": b64(os.urandom(32))}
    return {
        "there": Question(f"/api/invitations/{there}/open", wrong),
        "not there": Question(f"/api/invitations/{uuid4()}/open", {"redeem": b64(secret)}),
    }


async def world_of(running: Running) -> World:
    therapist, device = await begin(running), Authenticator()
    ana, bea = await join(therapist), Person(running, "bea@example.org")
    bea.use((await join_by(therapist, await new_account(bea, device))).raise_for_status().json()["token"])
    return World(running, running.program(), therapist, ana, bea, device)


def said(answer: httpx.Response) -> tuple[int, dict[str, str], Any]:
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
    return answer.status_code, headers, answer.json()


def without_randomness(answer: tuple[int, dict[str, str], Any]) -> tuple[int, dict[str, str], Any]:
    """A salt and a challenge are random to who doesn't know the server's secret: of them only the length may be the same."""
    status, headers, body = answer
    lengths = {name: len(value) if name in ("salt", "challenge") else value for name, value in body.items()}
    return status, headers, lengths


@pytest.mark.parametrize("name", ROWS)
async def test_one_answer_after_the_same_work_whoever_is_there(
    running: Running, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world = await world_of(running)
    questions = await ROWS[name](world)
    assert len(questions) >= 2
    answers, works = {}, {}
    for who, question in questions.items():
        # Each is the first of its kind: what was tried before is no part of it.
        await database.fetch("DELETE FROM throttles")
        with noted(monkeypatch) as work:
            answer = await (question.http or world.http).post(question.path, json=question.body)
        answers[who] = without_randomness(said(answer))
        works[who] = (work.statements, work.done)
    first = next(iter(questions))
    assert answers == dict.fromkeys(questions, answers[first])
    assert works == dict.fromkeys(questions, works[first])
    statements, done = works[first]
    assert statements or done


# They live by a token of their own, or take what another app shares, and say nothing of accounts.
NO_WAY_IN = ("/api/mail/", "/api/notices/", "/share")


def test_every_route_that_anybody_may_post_to_on_the_way_in_is_in_the_table() -> None:
    open_to_anybody = {
        route.path
        for route in create_app(Settings()).routes
        for handler in getattr(route, "route_handlers", ())
        if handler.opt.get("who") is Who.ANYBODY and "POST" in handler.http_methods
    }
    assert {path for path in open_to_anybody if not path.startswith(NO_WAY_IN)} <= ROUTES

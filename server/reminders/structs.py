"""Shapes of reminders at the boundary."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

RuleKind = Literal[
    "session", "step", "change", "first-words", "next-morning", "nudge", "measure", "answers", "digest", "read-soon"
]
Kind = Literal[
    "session", "step", "change", "first-words", "next-morning", "nudge", "measure", "answers", "digest", "read-soon",
    "snoozed", "test", "sign-in",
]  # fmt: skip
"""What a reminder is about: one of the rules' kinds, the same again an hour later, a test, or a sign-in on another device."""

ClockTime = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]
Days = Annotated[int, msgspec.Meta(ge=0, le=30)]
Minutes = Annotated[int, msgspec.Meta(ge=5, le=60 * 24 * 14)]
Weekdays = Annotated[int, msgspec.Meta(ge=1, le=127)]
"""A bit for each day of the week, Monday the lowest."""

MAILED: tuple[Kind, ...] = ("session", "step", "change", "snoozed", "read-soon", "digest", "test")
"""What goes out by mail where push doesn't reach, while it is of use."""
IN_PASSING: tuple[Kind, ...] = ("answers", "measure", "digest", "nudge")
"""What is about no session and comes again: it is planned only while there is somewhere to send it."""

Wording = Literal["discreet", "plain"]
Outcome = Literal["delivered", "not-wanted", "failed"]
Channel = Literal["push", "mail"]
Why = Literal[
    # not wanted any more
    "too-late", "quiet-hours", "one-a-day", "session-day", "moved", "cancelled", "account-closed", "over", "rule-changed",
    "nothing-new", "nowhere-to-send",
    # failed
    "no-way-to-reach", "not-shown", "push-service", "mail-server", "mail-returned", "mailbox-refused", "crashed",
]  # fmt: skip


class Rule(msgspec.Struct, kw_only=True, frozen=True):
    """What a person wants to be told and when; which parts it has depends on its kind.

    `session` and `step`: either `days` before at `clock`, or `minutes` before. `first-words`: `minutes` after the end of a
    dosing session. `next-morning`: at `clock` on the day after one. `nudge`, `measure`, `digest`: at `clock` on `weekdays`.
    `answers`: gathered at `clock`. `change` and `read-soon`: at once, nothing else.
    """

    id: UUID
    kind: RuleKind
    days: Days | None = None
    minutes: Minutes | None = None
    clock: ClockTime | None = None
    weekdays: Weekdays | None = None


class Quiet(msgspec.Struct, frozen=True):
    """Hours in which nothing rings, on the person's own clock; `to` before `start` means over midnight."""

    start: ClockTime
    to: ClockTime


class ReminderSettings(msgspec.Struct, kw_only=True, frozen=True):
    """How a person wants to be reminded; sent back whole, with the version that was seen."""

    version: int
    quiet: Quiet | None
    wording: Wording
    buttons: bool
    """Whether notices carry buttons that anybody who holds the phone can press."""
    days_off: Annotated[int, msgspec.Meta(ge=0, le=127)]
    """A therapist's days without notices, a bit for each, Monday the lowest."""
    rules: Annotated[list[Rule], msgspec.Meta(max_length=40)]


class Step(msgspec.Struct, kw_only=True, frozen=True):
    """When a step of preparation is due, counted back from the day of the appointment on the patient's clock."""

    id: UUID
    days_before: Days
    clock: ClockTime


class Steps(msgspec.Struct, frozen=True):
    """The steps of an appointment that have an hour."""

    steps: Annotated[list[Step], msgspec.Meta(max_length=50)]


class ReminderView(msgspec.Struct, kw_only=True, frozen=True):
    """A reminder and what became of it, or will."""

    id: UUID
    kind: Kind
    appointment: UUID | None
    due: datetime
    outcome: Outcome | None
    """None while it is planned or on its way."""
    why: Why | None
    channel: Channel | None
    """How it was delivered."""
    sent: datetime | None
    """When it was last handed to a push service or mail server that took it."""
    shown: datetime | None
    """When a device said that it showed it."""


NoticeToken = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
"""32 bytes, base64url."""


class Token(msgspec.Struct, frozen=True):
    """What a push or a mail carried: it stands for this one reminder."""

    token: NoticeToken


class Action(msgspec.Struct, frozen=True):
    """What a person says from the notice itself."""

    token: NoticeToken
    action: Literal["confirm", "snooze"]


class Done(msgspec.Struct, frozen=True):
    """What an action came to: `done`, or `already` when it was done before."""

    result: Literal["done", "already"]


class Unreachable(msgspec.Struct, frozen=True):
    """A patient whom reminders don't reach for certain, and why."""

    patient: UUID
    why: Literal["no-device", "push-only", "not-shown", "mailbox-refused"]
    """`no-device`: nothing to send to; `push-only`: no confirmed e-mail stands behind the push; `not-shown`: the last notice was
    shown nowhere; `mailbox-refused`: mail came back and there is no device."""
    since: datetime | None

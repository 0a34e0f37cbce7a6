"""A person's settings and rules of reminders: what holds from the start, what fits together, reading and writing them."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from server import database
from server.accounts.preferences import Ways, held_ways
from server.reminders.errors import MalformedRule, StaleSettings
from server.reminders.placing import Person
from server.reminders.structs import Quiet, ReminderSettings, Rule, RuleKind
from server.web.access import NotSignedIn, Role

WORKING_DAYS, WEEKEND = 0b0011111, 0b1100000
QUIET = Quiet(start="22:00", to="08:00")

PARTS: dict[RuleKind, tuple[frozenset[str], ...]] = {
    "session": (frozenset({"days", "clock"}), frozenset({"minutes"})),
    "step": (frozenset({"days", "clock"}), frozenset({"minutes"})),
    "change": (frozenset(),),
    "first-words": (frozenset({"minutes"}),),
    "next-morning": (frozenset({"clock"}),),
    "nudge": (frozenset({"clock", "weekdays"}),),
    "measure": (frozenset({"clock", "weekdays"}),),
    "answers": (frozenset({"clock"}),),
    "digest": (frozenset({"clock", "weekdays"}),),
    "read-soon": (frozenset(),),
}
"""Which parts a rule of each kind has, one of these sets exactly."""
FOR: dict[Role, frozenset[RuleKind]] = {
    "patient": frozenset({"session", "step", "change", "first-words", "next-morning", "nudge", "measure", "answers"}),
    "therapist": frozenset({"session", "digest", "read-soon"}),
}


def default_rules(role: Role) -> list[Rule]:
    """Return the rules that hold from the start (docs/reminders.md)."""
    if role == "therapist":
        return [
            Rule(id=uuid4(), kind="digest", clock="08:00", weekdays=WORKING_DAYS),
            Rule(id=uuid4(), kind="read-soon"),
        ]
    return [
        Rule(id=uuid4(), kind="session", days=1, clock="18:00"),
        Rule(id=uuid4(), kind="session", minutes=120),
        Rule(id=uuid4(), kind="step", days=1, clock="18:00"),
        Rule(id=uuid4(), kind="step", minutes=30),
        Rule(id=uuid4(), kind="change"),
        Rule(id=uuid4(), kind="next-morning", clock="09:00"),
        Rule(id=uuid4(), kind="answers", clock="17:00"),
    ]


def check_rules(rules: Sequence[Rule], role: Role) -> None:
    """Raise MalformedRule when a rule isn't for this kind of account, lacks a part, has one too many, or stands twice."""
    seen = set()
    for rule in rules:
        has = {name for name in ("days", "minutes", "clock", "weekdays") if getattr(rule, name) is not None}
        if rule.kind not in FOR[role]:
            raise MalformedRule(f"A {role} has no rule `{rule.kind}`.")
        if has not in PARTS[rule.kind]:
            raise MalformedRule(f"A rule `{rule.kind}` doesn't have these parts.")
        seen.add(rule.id)
    if len(seen) != len(rules):
        raise MalformedRule("A rule stands in the settings once.")


async def held_settings(account: UUID) -> tuple[Ways, database.Row] | None:
    """Hold an account's settings until the running transaction ends, making them where there are none; None: no such account.

    Whoever plans or changes a person's reminders holds this row, so that both see what the other did. The account comes
    first: an erasure that has begun then ends before, and one that hasn't waits. Two statements.
    """
    ways = await held_ways(account)
    if ways is None:
        return None
    row = await database.fetch_one(
        "SELECT * FROM reminder_settings WHERE account = $1" + database.for_update(), account
    )
    return ways, row or await _make(account, ways.role)


async def _make(account: UUID, role: Role) -> database.Row:
    days_off = WEEKEND if role == "therapist" else 0
    made = await database.fetch_one(
        "INSERT INTO reminder_settings (account, version, quiet_from, quiet_to, wording, buttons, days_off) "
        "VALUES ($1, 1, $2, $3, 'discreet', $4, $5) ON CONFLICT DO NOTHING RETURNING *",
        account, QUIET.start, QUIET.to, True, days_off,
    )  # fmt: skip
    if made is None:
        raise database.TryAgain("the settings were made since the look-up")
    await _write_rules(account, default_rules(role))
    return made


async def leave_buttons_off(account: UUID) -> None:
    """Have no buttons on the notices of an account, inside the running transaction."""
    if await held_settings(account) is not None:
        await database.fetch("UPDATE reminder_settings SET buttons = $2 WHERE account = $1", account, False)


def person_of(ways: Ways, settings: database.Row) -> Person:
    """Return whom a reminder goes to, as far as time is concerned."""
    quiet = None if settings["quiet_from"] is None else (settings["quiet_from"], settings["quiet_to"])
    return Person(ways.time_zone, quiet, settings["days_off"])


async def rules_of(account: UUID) -> list[Rule]:
    """Return the rules of an account whose settings are there; one indexed read."""
    rows = await database.fetch("SELECT * FROM reminder_rules WHERE account = $1 ORDER BY id", account)
    return [
        Rule(id=row["id"], kind=row["kind"], days=row["days"], minutes=row["minutes"], clock=row["clock"], weekdays=row["weekdays"])
        for row in rows
    ]  # fmt: skip


async def settings_of(account: UUID) -> ReminderSettings:
    """Return the settings and rules of an account, made where there are none, inside the running transaction.

    Raises NotSignedIn when the account has been erased meanwhile.
    """
    held = await held_settings(account)
    if held is None:
        raise NotSignedIn
    return settings_view(held[1], await rules_of(account))


def settings_view(row: database.Row, rules: list[Rule]) -> ReminderSettings:
    """Shape a row of settings and its rules for the API."""
    return ReminderSettings(
        version=row["version"],
        quiet=None if row["quiet_from"] is None else Quiet(start=row["quiet_from"], to=row["quiet_to"]),
        wording=row["wording"], buttons=bool(row["buttons"]), days_off=row["days_off"], rules=rules,
    )  # fmt: skip


async def write_settings(account: UUID, role: Role, new: ReminderSettings) -> ReminderSettings:
    """Replace the settings inside the running transaction; the same ones again change nothing.

    Raises StaleSettings, with where they stand, when they have changed since; MalformedRule.
    """
    check_rules(new.rules, role)
    current = await settings_of(account)
    if _same(current, new):
        return current
    if current.version != new.version:
        raise StaleSettings(current=current)
    rows = await database.fetch(
        "UPDATE reminder_settings SET version = version + 1, quiet_from = $2, quiet_to = $3, wording = $4, buttons = $5, "
        "days_off = $6 WHERE account = $1 RETURNING *",
        account, new.quiet and new.quiet.start, new.quiet and new.quiet.to, new.wording, new.buttons, new.days_off,
    )  # fmt: skip
    await database.fetch("DELETE FROM reminder_rules WHERE account = $1", account)
    await _write_rules(account, new.rules)
    return settings_view(rows[0], await rules_of(account))


def _same(one: ReminderSettings, other: ReminderSettings) -> bool:
    def told(settings: ReminderSettings) -> tuple[object, ...]:
        rules = sorted(settings.rules, key=lambda rule: rule.id)
        return settings.quiet, settings.wording, settings.buttons, settings.days_off, rules

    return told(one) == told(other)


async def _write_rules(account: UUID, rules: Sequence[Rule]) -> None:
    if not rules:
        return
    values = [
        (rule.id, account, rule.kind, rule.days, rule.minutes, rule.clock, rule.weekdays)
        for rule in sorted(rules, key=lambda rule: rule.id)
    ]
    made = await database.fetch(
        "INSERT INTO reminder_rules (id, account, kind, days, minutes, clock, weekdays) "
        f"VALUES {database.value_rows(values)} ON CONFLICT DO NOTHING RETURNING id",
        *(value for row in values for value in row),
    )
    if len(made) != len(rules):
        raise MalformedRule("A rule has the id of somebody else's.")

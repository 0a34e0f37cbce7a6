"""What is planned, over zones, daylight saving and quiet hours: the same as a slow, plain reference says."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.clock import DAY, HOUR, MINUTE
from server.reminders.placing import Person, placed
from server.reminders.planning import Planned, Session, SessionStep, Situation, plan
from server.reminders.structs import Rule
from tests.reminders.reference import Told, told, wall

ZONES = [
    "Europe/Madrid",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
]
# Around changes of the clock in one of the zones, and one day on which nothing changes anywhere.
NEAR = [(2027, 3, 28), (2026, 10, 25), (2027, 3, 14), (2026, 11, 1), (2027, 4, 4), (2026, 10, 4), (2026, 12, 15)]
ACCOUNT = UUID(int=7)

clocks = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
minutes_before = st.sampled_from([5, 30, 120, 1440, 2880])


def _rule(**parts: object) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        id=st.uuids(version=4),
        **{name: st.just(part) if not isinstance(part, st.SearchStrategy) else part for name, part in parts.items()},
    )


rules = st.one_of(
    _rule(kind="session", days=st.integers(0, 2), clock=clocks),
    _rule(kind="session", minutes=minutes_before),
    _rule(kind="step", days=st.integers(0, 1), clock=clocks),
    _rule(kind="step", minutes=minutes_before),
    _rule(kind="first-words", minutes=st.integers(5, 300)),
    _rule(kind="next-morning", clock=clocks),
    _rule(kind="nudge", clock=clocks, weekdays=st.integers(1, 127)),
    _rule(kind="measure", clock=clocks, weekdays=st.integers(1, 127)),
)
people = st.builds(Person, st.sampled_from(ZONES), st.one_of(st.none(), st.tuples(clocks, clocks)), st.just(0))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Situation, int]:
    now = (
        int(datetime(*draw(st.sampled_from(NEAR)), tzinfo=UTC).timestamp()) * 1000
        + draw(st.integers(-1440, 1440)) * MINUTE
    )
    sessions = [
        Session(
            uuid4(), draw(st.sampled_from(["dosing", "preparation"])), now + draw(st.integers(-2 * 96, 4 * 96)) * 15 * MINUTE,
            draw(st.sampled_from([50, 120])), draw(st.sampled_from(["proposed", "confirmed", "cancelled", "fulfilled"])), 1,
        )
        for _ in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    steps = [
        SessionStep(session.id, uuid4(), draw(st.integers(0, 2)), draw(clocks))
        for session in sessions
        for _ in range(draw(st.integers(0, 2)))
    ]
    # Two rules of the same parts are one: nobody is told twice.
    wanted = list(
        {(rule.kind, rule.days, rule.minutes, rule.clock): rule for rule in draw(st.lists(rules, max_size=5))}.values()
    )
    return Situation(ACCOUNT, draw(people), wanted, sessions, steps), now


def said(one: Planned) -> tuple[str, int, str | None]:
    return one.kind, one.due, one.why_not


def without_subject(one: Told) -> tuple[str, int, str | None]:
    return one[0], one[2], one[3]


@given(situations())
@settings(max_examples=400, deadline=None)
def test_what_is_planned_is_what_a_plain_reference_computes(drawn: tuple[Situation, int]) -> None:
    situation, now = drawn
    planned = [
        said(one) for one in plan(situation, now)
        # What merely repeats and has passed is the past: the reference doesn't look back.
        if not (one.why_not == "too-late" and one.kind not in ("session", "step")) and not (one.due <= now and one.kind in ("nudge", "measure"))
    ]  # fmt: skip
    expected = [
        without_subject(one)
        for one in told(situation.person, situation.rules, situation.sessions, situation.steps, now)
        if not (one[2] <= now and one[0] in ("nudge", "measure"))
    ]
    assert sorted(planned, key=str) == sorted(expected, key=str)


@given(situations())
@settings(max_examples=200, deadline=None)
def test_nothing_rings_in_quiet_hours_or_after_its_session_began_or_twice(drawn: tuple[Situation, int]) -> None:
    situation, now = drawn
    planned = plan(situation, now)
    assert len({one.id for one in planned}) == len(planned)
    starts = {session.id: session.starts_at for session in situation.sessions}
    for one in planned:
        if one.why_not is not None:
            continue
        assert one.due > now
        if one.kind in ("session", "step") and one.appointment is not None:
            assert one.due < starts[one.appointment]
        assert placed(situation.person, one.due, one.useful_until, now) == one.due
    assert plan(situation, now) == planned


def session(starts: datetime) -> Session:
    return Session(uuid4(), "dosing", int(starts.timestamp() * 1000), 120, "proposed", 1)


def rule(kind: str, **parts: object) -> Rule:
    return Rule(id=uuid4(), kind=kind, **parts)  # type: ignore[arg-type]


def one_planned(situation: Situation, now: int) -> Planned:
    (one,) = plan(situation, now)
    return one


MADRID = Person("Europe/Madrid", None)


def test_a_day_before_keeps_the_wall_clock_and_24_hours_are_time_that_passes() -> None:
    # Clocks go forward in the night to 28 March 2027.
    later = session(datetime(2027, 3, 28, 13, 0, tzinfo=UTC))  # 15:00 on the wall
    now = later.starts_at - 5 * DAY
    by_days = one_planned(Situation(ACCOUNT, MADRID, [rule("session", days=1, clock="15:00")], [later]), now)
    by_hours = one_planned(Situation(ACCOUNT, MADRID, [rule("session", minutes=1440)], [later]), now)
    assert (wall(by_days.due, "Europe/Madrid").hour, later.starts_at - by_days.due) == (15, 23 * HOUR)
    assert (wall(by_hours.due, "Europe/Madrid").hour, later.starts_at - by_hours.due) == (14, 24 * HOUR)


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (date(2027, 3, 28), "02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # skipped: 03:30 on the wall
        (date(2026, 10, 25), "02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the first
    ],
)
def test_a_skipped_hour_moves_forward_and_of_a_doubled_one_the_first_counts(
    day: date, clock: str, expected: datetime
) -> None:
    assert MADRID.at(day, clock) == int(expected.timestamp() * 1000)


def test_an_offset_that_is_past_when_booking_is_not_wanted_and_never_now() -> None:
    soon = session(datetime(2026, 12, 15, 12, 0, tzinfo=UTC))
    one = one_planned(Situation(ACCOUNT, MADRID, [rule("session", minutes=120)], [soon]), soon.starts_at - HOUR)
    assert one.why_not == "too-late"


def test_a_reminder_in_quiet_hours_waits_for_their_end_or_comes_before_them() -> None:
    person = Person("Europe/Madrid", ("22:00", "08:00"))
    late = session(datetime(2026, 12, 15, 9, 0, tzinfo=UTC))  # 10:00 on the wall
    early = session(datetime(2026, 12, 15, 6, 30, tzinfo=UTC))  # 07:30
    now = late.starts_at - 3 * DAY
    after = one_planned(Situation(ACCOUNT, person, [rule("session", minutes=180)], [late]), now)
    before = one_planned(Situation(ACCOUNT, person, [rule("session", minutes=120)], [early]), now)
    assert f"{wall(after.due, person.zone):%d %H:%M}" == "15 08:00"
    assert f"{wall(before.due, person.zone):%d %H:%M}" == "14 21:45"
    at_night = one_planned(
        Situation(ACCOUNT, person, [rule("session", minutes=120)], [early]), early.starts_at - 3 * HOUR
    )
    assert at_night.why_not == "quiet-hours"


def test_from_a_dosing_session_to_the_next_morning_nothing_nudges() -> None:
    dosing = session(datetime(2026, 12, 15, 10, 0, tzinfo=UTC))
    now = dosing.starts_at - DAY
    planned = plan(Situation(ACCOUNT, MADRID, [rule("nudge", clock="20:00", weekdays=127)], [dosing]), now)
    by_day = {wall(one.due, MADRID.zone).day: one.why_not for one in planned}
    assert by_day[15] == "session-day"
    assert by_day[14] is None
    assert by_day[16] is None


def test_there_is_one_notice_a_day_besides_sessions() -> None:
    dosing = session(datetime(2026, 12, 14, 10, 0, tzinfo=UTC))
    now = dosing.starts_at + 4 * HOUR
    wanted = [
        rule("next-morning", clock="09:00"),
        rule("nudge", clock="20:00", weekdays=127),
        rule("answers", clock="17:00"),
    ]
    planned = plan(Situation(ACCOUNT, MADRID, wanted, [dosing], answers_since=now), now)
    days: dict[int, list[str]] = {}
    for one in planned:
        if one.why_not is None:
            days.setdefault(wall(one.due, MADRID.zone).day, []).append(one.kind)
    assert days[15] == ["next-morning"]
    assert days[16] == ["answers"]
    assert days[17] == ["nudge"]


def test_a_step_rings_on_its_own_unless_the_session_rings_then() -> None:
    later = session(datetime(2026, 12, 15, 13, 0, tzinfo=UTC))
    step = SessionStep(later.id, uuid4(), 0, "10:00")
    wanted = [rule("session", days=1, clock="18:00"), rule("step", days=1, clock="18:00"), rule("step", minutes=30)]
    planned = plan(Situation(ACCOUNT, MADRID, wanted, [later], [step]), later.starts_at - 3 * DAY)
    assert [(one.kind, f"{wall(one.due, MADRID.zone):%d %H:%M}") for one in planned] == [
        ("session", "14 18:00"),
        ("step", "15 09:30"),
    ]


def test_a_therapist_hears_nothing_on_days_off() -> None:
    weekdays = Person("Europe/Madrid", None, 0b1100000)
    now = int(datetime(2026, 12, 11, 20, 0, tzinfo=UTC).timestamp() * 1000)  # a Friday evening
    planned = plan(Situation(ACCOUNT, weekdays, [rule("digest", clock="08:00", weekdays=127)], []), now)
    assert [wall(one.due, "Europe/Madrid").date() for one in planned][:2] == [date(2026, 12, 14), date(2026, 12, 15)]
    assert all((wall(one.due, "Europe/Madrid") + timedelta()).weekday() < 5 for one in planned)

"""The people of the demo practice and what they wrote, week by week."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from aftertide.appointments import Kind
from aftertide.protocol.ijson import JsonObject

PRACTICE = {
    "name": "Shoreline Practice",
    "phone": "+34 910 000 000",
    "emergency_number": "112",
    "reading_line": "Shared entries are read on working days before noon.",
    "time_zone": "Europe/Madrid",
}

THERAPIST = ("Dr. Rivera", "rivera@demo.example")

AGREEMENT = """## What is read, and when

I read what you mark "To read" on working days before noon. What you mark "For our session" I open when I prepare your next session, not before.

## What it is not for

Nobody watches what you write as you write it. In an emergency call 112; if you need me between sessions, call the practice.

## Answers and notes

I answer in writing when I can, and otherwise in our session. What you share may be noted in your record, which the law has me keep. You can take an \
entry back at any time: it closes in my app, and what I have noted stays in your record.

## When I am away

My colleagues at the practice answer the phone. They don't read your journal."""


@dataclass(frozen=True)
class Comment:
    """A comment: who writes it, how long after the entry."""

    by_therapist: bool
    after: timedelta
    text: str


@dataclass(frozen=True)
class Entry:
    """An entry: how many days before today, at what hour, and who may read it (None: only its writer)."""

    days_ago: int
    hour: float
    text: str
    form: str = "free"
    attention: int | None = None
    sliders: dict[str, int] = field(default_factory=dict)
    feelings: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    read: bool = False
    reviewed: bool = False


@dataclass(frozen=True)
class Session:
    """A session: how many days from today (those before it were), at what hour, and how it stands."""

    day: int
    hour: float
    kind: Kind = "dosing"
    state: Literal["proposed", "confirmed", "asked", "fulfilled", "missed", "cancelled"] = "fulfilled"
    words: str = ""
    """What the patient asks for, or why it was cancelled."""


@dataclass(frozen=True)
class Patient:
    """A patient of the demo; their sessions were laid out together on the day on which they joined."""

    name: str
    email: str
    joined_days_ago: int
    entries: tuple[Entry, ...]
    sessions: tuple[Session, ...]


SESSION_MINUTES: dict[Kind, int] = {"preparation": 60, "dosing": 120, "integration": 50, "check-in": 30}

PLACE = "Shoreline Practice, second floor, the room to the sea"
DETAILS: dict[Kind, JsonObject] = {
    "preparation": {"place": PLACE, "mind": "We talk about what you hope for, and what worries you."},
    "dosing": {
        "place": PLACE,
        "bring": "Comfortable clothes, a blanket of your own if you like, and the music we chose.",
        "mind": "You can't drive until the next day. Keep the evening free of plans.",
    },
    "integration": {"link": "https://video.demo.example/shoreline", "bring": "What you wrote since, if you want to read from it."},
    "check-in": {"link": "https://video.demo.example/shoreline"},
}  # fmt: skip
STEPS: tuple[tuple[str, int, str], ...] = (
    ("Write down an intention", 1, "20:00"),
    ("Nothing to eat from now on", 0, "06:00"),
    ("Maya or somebody else takes you home", 0, "09:00"),
)
"""Before a session of the kind `dosing`: what, how many days before, from what hour."""


def hours(count: float) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=count)


ANA = Patient(
    "Ana R.",
    "ana@demo.example",
    26,
    (
        Entry(25, 21.2, "First session is on Thursday. I'd like to be able to let somebody help me. That's all I know to ask for.", "intention", 0,
              {"mood": 3, "anxiety": 6, "sleep": 4}, ("nervous", "hopeful"), read=True),
        Entry(24, 17.5, "Cold tiles. Green. A door that was only water.\nMy hands, very far away, and it was fine that they were.", "after-session", 0,
              {"mood": 5, "anxiety": 2}, ("quiet",), read=True),
        Entry(23, 8.1, "Slept through. I don't remember the last time I slept through.", sliders={"mood": 6, "sleep": 8, "energy": 5}),
        Entry(19, 22.0, "Shouted at a stranger for parking badly. Then sat in the car and laughed, because who was that?", sliders={"mood": 4, "anxiety": 5}),
        Entry(17, 16.9, "Second time. It was a train that didn't need me to drive it. I kept looking for the wheel.", "after-session", 1,
              {"mood": 6, "anxiety": 3}, ("tender", "open"),
              (Comment(True, hours(19), "Where in your body was the looking-for-the-wheel?"),
               Comment(False, hours(30), "Shoulders. And my jaw, now that you ask.")), read=True, reviewed=True),
        Entry(14, 7.6, "Dreamt of my grandmother's kitchen. She was peeling oranges and didn't turn round, but she knew it was me.", "dream", 0,
              {"mood": 6, "connection": 7}, ("tender",), read=True),
        Entry(9, 15.3, "“… like being rinsed. Gold. The kitchen from when I was six.”", "after-session", 0, {"mood": 7, "anxiety": 2}, ("open", "quiet")),
        Entry(6, 19.1, "Called Maya. I said it out loud, that I had been pretending to be fine since spring. She didn't fix it. She put the kettle on and "
              "stayed on the phone while hers boiled too.", "free", 1, {"mood": 6, "anxiety": 4, "connection": 8}, ("tender", "relieved"),
              (Comment(True, hours(14), "That sounds like letting her in. What was it like in your body when she stayed?"),
               Comment(False, hours(26), "Warm. Like the shore thing, a bit.")), read=True),
        Entry(1, 22.7, "The water again. This time I wasn't under it, I was the shore, and everything that had been so heavy came in and went out and I "
              "didn't have to hold any of it.\n\nI want to remember how quiet my hands were.", "after-session",
              sliders={"mood": 6, "anxiety": 3}, feelings=("tender", "open")),
    ),
    (
        Session(-25, 10, "preparation"), Session(-24, 10), Session(-22, 17, "integration"), Session(-17, 10), Session(-15, 17, "integration"),
        Session(-9, 10), Session(-7, 17, "integration", "missed"), Session(-1, 10), Session(5, 10, state="proposed"),
        Session(7, 17, "integration", "proposed"), Session(26, 11, "check-in", "confirmed"),
    ),
)  # fmt: skip

JOEL = Patient(
    "Joel K.",
    "joel@demo.example",
    20,
    (
        Entry(18, 20.0, "I don't expect much. My sister thinks I should write that down, so that later I can't claim I always believed in it.",
              "intention", 0, {"mood": 2, "energy": 2, "sleep": 3}, ("tired",), read=True),
        Entry(15, 18.4, "Grey, then less grey. I counted ceiling panels at the end. Nineteen. I was a little proud of getting nineteen twice.",
              "after-session", 1, {"mood": 3, "anxiety": 4},
              comments=(Comment(True, hours(16), "Nineteen twice is a good sign that you were back. How was the evening?"),), read=True, reviewed=True),
        Entry(11, 23.5, "Nothing. Flat again. Wrote this so that there is something here.", sliders={"mood": 2, "energy": 2}, feelings=("flat",)),
        Entry(7, 9.0, "Took the long way to work without deciding to. Noticed at the bridge.", "gratitude", sliders={"mood": 4, "energy": 4}),
        Entry(2, 6.3, "Couldn't sleep. Not in the bad way, more as if something was still being unpacked. Can we talk about the dose of evenings, I mean "
              "how much of them I spend alone?", "free", 1, {"mood": 4, "sleep": 3, "anxiety": 5}, ("restless",)),
    ),
    (
        Session(-18, 12, "preparation"), Session(-15, 12), Session(-11, 12), Session(-8, 12),
        Session(3, 12, state="asked", words="My sister can only drive me in the afternoon. Would anything after three do?"),
        Session(7, 12, state="confirmed"), Session(10, 12, state="proposed"),
    ),
)  # fmt: skip

LENA = Patient(
    "Lena B.",
    "lena@demo.example",
    12,
    (
        Entry(11, 21.0, "I want to stop rehearsing arguments with people who aren't there.", "intention", 0, {"mood": 4, "anxiety": 7}, ("tense",), read=True),
        Entry(10, 14.2, "Purple that was also a sound. I cried and it had no story attached, which was new.", "after-session", 0, {"mood": 5}, ("raw", "open")),
        Entry(8, 22.1, "Had the argument in my head again, but this time she answered differently from how I had written her.", sliders={"anxiety": 5}),
        Entry(3, 20.8, "Slept. The pool again, but warm this time. My mother was at the edge with a towel and did not tell me to hurry.", "dream", 1,
              {"mood": 6, "sleep": 7, "connection": 6}, ("warm",)),
        Entry(1, 18.0, "Three things: the dog asleep on my shoe, the neighbour's awful trumpet getting better, soup.", "gratitude", 1, {"mood": 7}, ("warm",)),
    ),
    (
        Session(-11, 9, "preparation"), Session(-10, 12), Session(-8, 18, "integration"), Session(4, 12, state="confirmed"),
        Session(6, 18, "integration", "cancelled", "I'm at a congress that day. Let us find another evening when we see each other."),
        Session(11, 12, state="proposed"),
    ),
)  # fmt: skip

PATIENTS = (ANA, JOEL, LENA)

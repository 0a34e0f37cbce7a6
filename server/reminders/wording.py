"""What notices and mails say, in English and Spanish.

The discreet words, which hold unless a person chooses plainer ones, name neither a person nor what it is about: a stranger may
read them on a lock screen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from server.clock import to_datetime
from server.reminders.structs import Kind, Wording


class Subject(NamedTuple):
    """The appointment that a reminder is about, and how much there is to do before it."""

    kind: str
    starts_wall: str
    """`YYYY-MM-DDTHH:MM` in `zone`."""
    zone: str
    starts_at: int
    cancelled: bool
    steps: int = 0


class Words(NamedTuple):
    """A title and one or two sentences."""

    title: str
    body: str


class Waiting(NamedTuple):
    """How much waits for a therapist: all that a digest tells."""

    to_read: int = 0
    unconfirmed: int = 0
    unreached: int = 0
    invitations: int = 0
    """Those that nobody has answered and that end soon."""


@dataclass(frozen=True)
class Language:
    """The words of one language."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: Callable[[str, int, str], str]
    today: str
    tomorrow: str
    at: Callable[[str, str], str]
    elsewhere: Callable[[str], str]
    to_do: Callable[[int], str]
    kinds: Mapping[str, str]
    titles: Mapping[Kind, str]
    bodies: Mapping[Kind, str]
    cancelled: str
    gone: str
    """Of a session that went with its therapist's account: nothing more is known of it."""
    changed: str
    step: str
    confirm: str
    snooze: str
    open: str
    digest: Callable[[Waiting], str]
    mail_subject: str
    mail_why: str


ENGLISH_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six")

ENGLISH = Language(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    date=lambda weekday, day, month: f"{weekday} {day} {month}",
    today="Today",
    tomorrow="Tomorrow",
    at=lambda day, clock: f"{day} {clock}",
    elsewhere=lambda place: f" ({place} time)",
    to_do=lambda count: "One thing to do before." if count == 1 else f"{_number(count, ENGLISH_NUMBERS)} things to do before.",
    kinds={"preparation": "Preparation session", "dosing": "Session", "integration": "Integration session", "check-in": "Check-in"},
    titles={
        "session": "Appointment", "step": "Before your appointment", "change": "Your calendar changed", "first-words": "Aftertide",
        "next-morning": "Good morning", "nudge": "Aftertide", "measure": "Aftertide", "answers": "Aftertide", "digest": "Aftertide",
        "read-soon": "Please read soon", "snoozed": "Appointment", "test": "Aftertide", "sign-in": "Aftertide",
    },
    bodies={
        "first-words": "A few words while it is fresh?", "next-morning": "How is it today?", "nudge": "A moment for yourself?",
        "measure": "A few questions are waiting.", "answers": "There is an answer for you.", "read-soon": "Somebody asks you to read something soon.",
        "test": "This is the test that you asked for. It arrived.",
        "sign-in": "Someone signed in to your account on a new device. If it was you, all is well. If not: open the app, Devices.",
    },
    cancelled="is off. Open the app to see why.",
    gone="An appointment is off. Open the app to see why.",
    changed="Open the app to see it.",
    step="Something to do before {when}.",
    confirm="Confirm",
    snooze="In one hour",
    open="Open",
    digest=lambda waiting: " ".join(
        words
        for count, words in (
            (waiting.to_read, f"{waiting.to_read} to read."), (waiting.unconfirmed, f"{waiting.unconfirmed} not confirmed."),
            (waiting.unreached, f"{waiting.unreached} can't be reached."),
            (waiting.invitations, "1 invitation ends soon." if waiting.invitations == 1 else f"{waiting.invitations} invitations end soon."),
        )
        if count
    ),
    mail_subject="A reminder from Aftertide",
    mail_why="You get this because reminders by e-mail are on in your Aftertide.",
)  # fmt: skip

SPANISH_NUMBERS = ("Ninguna", "Una", "Dos", "Tres", "Cuatro", "Cinco", "Seis")

SPANISH = Language(
    weekdays=("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    months=("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    date=lambda weekday, day, month: f"El {weekday} {day} de {month}",
    today="Hoy",
    tomorrow="Mañana",
    at=lambda day, clock: f"{day} a las {clock}" if clock[:2] != "01" else f"{day} a la {clock}",
    elsewhere=lambda place: f" (hora de {place})",
    to_do=lambda count: "Una cosa que hacer antes." if count == 1 else f"{_number(count, SPANISH_NUMBERS)} cosas que hacer antes.",
    kinds={"preparation": "Sesión de preparación", "dosing": "Sesión", "integration": "Sesión de integración", "check-in": "Seguimiento"},
    titles={
        "session": "Cita", "step": "Antes de tu cita", "change": "Tu calendario ha cambiado", "first-words": "Aftertide",
        "next-morning": "Buenos días", "nudge": "Aftertide", "measure": "Aftertide", "answers": "Aftertide", "digest": "Aftertide",
        "read-soon": "Por favor, lee pronto", "snoozed": "Cita", "test": "Aftertide", "sign-in": "Aftertide",
    },
    bodies={
        "first-words": "¿Unas palabras mientras está fresco?", "next-morning": "¿Cómo estás hoy?", "nudge": "¿Un momento para ti?",
        "measure": "Te esperan unas preguntas.", "answers": "Hay una respuesta para ti.", "read-soon": "Alguien te pide que leas algo pronto.",
        "test": "Esta es la prueba que pediste. Ha llegado.",
        "sign-in": "Alguien ha entrado en tu cuenta con un dispositivo nuevo. Si has sido tú, todo está bien. Si no: abre la aplicación, Dispositivos.",
    },
    cancelled="se ha cancelado. Abre la aplicación para ver por qué.",
    gone="Se ha cancelado una cita. Abre la aplicación para ver por qué.",
    changed="Abre la aplicación para verlo.",
    step="Algo que hacer antes de {when}.",
    confirm="Confirmar",
    snooze="En una hora",
    open="Abrir",
    digest=lambda waiting: " ".join(
        words
        for count, words in (
            (waiting.to_read, f"{waiting.to_read} por leer."), (waiting.unconfirmed, f"{waiting.unconfirmed} sin confirmar."),
            (waiting.unreached, f"{waiting.unreached} sin contacto."),
            (waiting.invitations, "1 invitación caduca pronto." if waiting.invitations == 1 else f"{waiting.invitations} invitaciones caducan pronto."),
        )
        if count
    ),
    mail_subject="Un recordatorio de Aftertide",
    mail_why="Recibes esto porque los recordatorios por correo están activados en tu Aftertide.",
)  # fmt: skip


def language_of(locale: str) -> Language:
    """Return the words for a person's language; English where there are none in it."""
    return SPANISH if locale.split("-", maxsplit=1)[0] == "es" else ENGLISH


def _number(count: int, words: tuple[str, ...]) -> str:
    return words[count] if count < len(words) else str(count)


def when(subject: Subject, language: Language, zone: str, now: int) -> str:
    """Say the day and the hour of an appointment: what its own wall shows, with the place where the person's clock differs."""
    wall = datetime.fromisoformat(subject.starts_wall)
    today = to_datetime(now).astimezone(ZoneInfo(subject.zone)).date()
    said = language.at(_day(wall.date(), today, language), f"{wall:%H:%M}")
    instant = to_datetime(subject.starts_at)
    own, theirs = instant.astimezone(ZoneInfo(zone)), instant.astimezone(ZoneInfo(subject.zone))
    if own.utcoffset() != theirs.utcoffset():
        said += language.elsewhere(subject.zone.rsplit("/", 1)[-1].replace("_", " "))
    return said


def _day(day: date, today: date, language: Language) -> str:
    ahead = (day - today).days
    if ahead == 0:
        return language.today
    if ahead == 1:
        return language.tomorrow
    return language.date(language.weekdays[day.weekday()], day.day, language.months[day.month - 1])


def words_for(kind: Kind, subject: Subject | None, *, locale: str, wording: Wording, zone: str, now: int) -> Words:
    """Say a reminder, discreetly unless the person chose otherwise."""
    language = language_of(locale)
    title = language.titles[kind]
    if subject is None:
        return Words(title, language.gone if kind == "change" else language.bodies.get(kind, language.changed))
    if kind in language.bodies:
        return Words(title, language.bodies[kind])
    said = when(subject, language, zone, now)
    if kind == "change":
        return Words(title, f"{said}: {language.cancelled}" if subject.cancelled else f"{said}. {language.changed}")
    if wording == "plain":
        title = language.kinds[subject.kind]
    if kind == "step":
        return Words(title, language.step.format(when=said[0].lower() + said[1:]))
    return Words(title, f"{said}. {language.to_do(subject.steps)}" if subject.steps else f"{said}.")


def digest_words(locale: str, waiting: Waiting) -> Words:
    """Say a therapist's digest."""
    language = language_of(locale)
    return Words(language.titles["digest"], language.digest(waiting))

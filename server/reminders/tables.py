"""Tables of reminders. What is on its way stands in `reminders` alone; what is settled leaves it for `settled_reminders`."""

from piccolo.columns import Boolean, Integer, Varchar
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class ReminderSettings(Table, tablename="reminder_settings"):
    """How a person wants to be reminded. Its row is held while a person's reminders are planned."""

    account = Id(primary_key=True)
    version = Integer()
    quiet_from = Varchar(null=True)
    quiet_to = Varchar(null=True)
    wording = Varchar()
    buttons = Boolean()
    days_off = Integer()
    answers_since = Instant(null=True)
    planned_until = Instant(null=True)


class ReminderRule(Table, tablename="reminder_rules"):
    """What a person wants to be told and when. `weekdays` has a bit for each day, Monday first."""

    id = Id(primary_key=True)
    account = Id()
    kind = Varchar()
    days = Integer(null=True)
    minutes = Integer(null=True)
    clock = Varchar(null=True)
    weekdays = Integer(null=True)


class ReminderStep(Table, tablename="reminder_steps"):
    """When a step of preparation is due; what it is stands in the sealed details of the appointment."""

    account = Id()
    appointment = Id()
    step = Id()
    days = Integer()
    clock = Varchar()


class Reminder(Table, tablename="reminders"):
    """A reminder that isn't settled. `next_at` is when somebody must look at it next; under a lease, when that runs out."""

    id = Id(primary_key=True)
    account = Id()
    kind = Varchar()
    appointment = Id(null=True)
    generation = Integer(null=True)
    due_at = Instant()
    useful_until = Instant()
    rank = Integer()
    channel = Varchar()
    state = Varchar()
    next_at = Instant()
    lease = Id(null=True)
    worker = Id(null=True)
    crashes = Integer()
    attempts = Integer()
    why = Varchar(null=True)


class SettledReminder(Table, tablename="settled_reminders"):
    """What became of a reminder: delivered, not wanted any more, or failed."""

    id = Id(primary_key=True)
    account = Id()
    kind = Varchar()
    appointment = Id(null=True)
    generation = Integer(null=True)
    due_at = Instant()
    outcome = Varchar()
    channel = Varchar(null=True)
    why = Varchar(null=True)
    settled_at = Instant()


class Delivery(Table, tablename="deliveries"):
    """One attempt to get a reminder to one device or mailbox; no `result` means that it isn't known to have arrived."""

    id = Id(primary_key=True)
    reminder = Id()
    account = Id()
    channel = Varchar()
    subscription = Id(null=True)
    token_hash = Bytes(null=True, unique=True)
    attempted_at = Instant()
    result = Varchar(null=True)
    why = Varchar(null=True)
    result_at = Instant(null=True)
    shown_at = Instant(null=True)
    snoozed_at = Instant(null=True)


TABLES: list[type[Table]] = [ReminderSettings, ReminderRule, ReminderStep, Reminder, SettledReminder, Delivery]

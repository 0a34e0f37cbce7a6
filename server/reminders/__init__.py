"""Reminders: what people want to be told and when, planned, sent, and accounted for to the end (docs/reminders.md)."""

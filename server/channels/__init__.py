"""Channels: the ways to reach a person, push to their devices and e-mail to their mailbox."""

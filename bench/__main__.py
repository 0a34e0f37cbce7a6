"""`make bench`: every benchmark, one after the other, or those that are named."""

import sys

from bench import phone, push, reminders, server

PARTS = {"server": server.main, "push": push.main, "reminders": reminders.main, "phone": phone.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()

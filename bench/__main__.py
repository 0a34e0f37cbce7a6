"""`make bench`: every benchmark, one after the other, or those that are named."""

import sys

from bench import phone, push, recovery, reminders, server, ways_in

PARTS = {
    "server": server.main,
    "push": push.main,
    "reminders": reminders.main,
    "recovery": recovery.main,
    "phone": phone.main,
    "ways-in": ways_in.main,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()

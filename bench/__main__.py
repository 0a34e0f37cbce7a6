"""`make bench`: every benchmark, one after the other, or those that are named."""

import sys

from bench import phone, server

PARTS = {"server": server.main, "phone": phone.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()

"""`make bench`: every benchmark, one after the other."""

from bench import server

if __name__ == "__main__":
    server.main()

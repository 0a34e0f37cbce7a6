"""The Aftertide server: sealed records in, sealed records out."""

import sys
import zoneinfo

try:
    import pysqlite3
except (
    ImportError
):  # no wheel for this platform: the interpreter's own SQLite serves (docs/operating.md says what that means)
    pass
else:
    # Piccolo and aiosqlite import `sqlite3`; the wheel's library has the WAL-reset bug mended, the system's may not.
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

# Zone rules come from the pinned tzdata wheel alone: systems lag behind, each by another amount.
zoneinfo.reset_tzpath(())

"""Where the two engines differ in a migration's SQL."""

from piccolo.engine import engine_finder

TYPES = {
    "sqlite": {"bytes": "BLOB", "instant": "INTEGER", "narrow": ""},
    # Raised by every save: room on the page lets PostgreSQL change the row in place (HOT).
    "postgres": {"bytes": "BYTEA", "instant": "BIGINT", "narrow": " WITH (fillfactor = 50)"},
}


async def run_statements(sql: str) -> None:
    """Run the statements of `sql`, parted by semicolons, with {bytes}, {instant} … as the engine writes them."""
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("no database is configured: set DATABASE_URL")
    for statement in sql.format(**TYPES[engine.engine_type]).split(";"):
        if statement.strip():
            await engine.run_ddl(statement.strip())

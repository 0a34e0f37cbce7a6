"""Where the two engines differ in a migration's SQL."""

from piccolo.engine import engine_finder

TYPES = {
    "sqlite": {"bytes": "BLOB", "instant": "INTEGER", "narrow": ""},
    # Raised by every save: room on the page lets PostgreSQL change the row in place (HOT).
    "postgres": {"bytes": "BYTEA", "instant": "BIGINT", "narrow": " WITH (fillfactor = 50)"},
}


async def add_column(table: str, column: str, kind: str) -> None:
    """Add a column to a table that may have it already; `kind` as in `run_statements`."""
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("no database is configured: set DATABASE_URL")
    if engine.engine_type == "sqlite":  # which has no IF NOT EXISTS here
        there = await engine.run_ddl(f"SELECT name FROM pragma_table_info('{table}') WHERE name = '{column}'")
        if there:
            return
        await run_statements(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    else:
        await run_statements(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} {kind}")


async def drop_not_null(table: str, column: str, kind: str) -> None:
    """Let a column hold NULL, which it may do already; `kind` as in `run_statements`."""
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("no database is configured: set DATABASE_URL")
    if engine.engine_type != "sqlite":
        await run_statements(f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")
        return
    # SQLite can't: another column takes its place, in steps of which each may have been done before.
    columns = {
        row["name"]: row["notnull"] for row in await engine.run_ddl(f"SELECT * FROM pragma_table_info('{table}')")
    }
    if columns.get(column) == 1:
        await add_column(table, f"new_{column}", kind)
        await run_statements(f"UPDATE {table} SET new_{column} = {column}; ALTER TABLE {table} DROP COLUMN {column}")
        columns = {f"new_{column}": 0}
    if f"new_{column}" in columns:
        await run_statements(f"ALTER TABLE {table} RENAME COLUMN new_{column} TO {column}")


async def run_statements(sql: str) -> None:
    """Run the statements of `sql`, parted by semicolons, with {bytes}, {instant} … as the engine writes them."""
    engine = engine_finder()
    if engine is None:
        raise RuntimeError("no database is configured: set DATABASE_URL")
    for statement in sql.format(**TYPES[engine.engine_type]).split(";"):
        if statement.strip():
            await engine.run_ddl(statement.strip())

"""Looking reminders up by id, whatever the database believes of how many there are."""

from server import database


def among(column: str, first: int) -> str:
    """Return the condition, already true of a join with `as_table`, that `column` is in its first column, a uuid.

    It leaves PostgreSQL no choice but to look those rows up. What it counted last of a table that empties and fills again may be
    no row at all; it then joins as if there were one, row by row with everything.
    """
    return f" AND {column} = ANY(${first}::uuid[])" if database.engine().kind == "postgresql" else ""


def one_of(column: str, query: str) -> str:
    """Return the condition that `column` is among what a query finds, which PostgreSQL asks first and once, as in `among`."""
    return f"{column} = ANY(ARRAY({query}))" if database.engine().kind == "postgresql" else f"{column} IN ({query})"

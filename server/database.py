"""The database of one process: SQLite or PostgreSQL behind Piccolo, one way to ask and one kind of transaction.

SQL is written once, with `$1`, `$2` … for parameters. Ids travel as `uuid.UUID` (native on PostgreSQL, 16 bytes on SQLite),
instants as whole milliseconds.

Why a transaction of our own: Piccolo's nests without savepoints, is inherited by tasks started inside, and loses its
connection when it is cancelled while it begins. This one refuses nesting, belongs to the task that began it, and gives its
connection back whatever happens.
"""

import asyncio
import contextlib
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import aiosqlite
import asyncpg
from piccolo.engine.postgres import PostgresEngine
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.querystring import QueryString
from piccolo.table import Table

Kind = Literal["sqlite", "postgresql"]
Row = Mapping[str, Any]
T = TypeVar("T")

# Ids are 16 bytes on SQLite; Piccolo would write 36 characters.
sqlite3.register_adapter(uuid.UUID, lambda value: value.bytes)
sqlite3.register_converter("UUID", lambda value: uuid.UUID(bytes=value))


class NestedTransactionError(Exception):
    """A transaction was begun inside another one: a caught error would then commit half of the outer one."""


@dataclass(eq=False)
class Transaction:
    """One transaction: its connection, the task it belongs to, and what to do once it is committed."""

    connection: Any
    task: asyncio.Task[Any] | None
    after_commit: list[Callable[[], None]] = field(default_factory=list)


_current: ContextVar[Transaction | None] = ContextVar("aftertide_transaction", default=None)


def _own_transaction() -> Transaction | None:
    """Return the running task's transaction; one inherited from the task that started this one isn't its own."""
    transaction = _current.get()
    return transaction if transaction is not None and transaction.task is asyncio.current_task() else None


async def _to_the_end(work: Awaitable[T]) -> T:
    """Await `work` to its end even when this task is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:  # noqa: BLE001 - the task's own error, raised by result() below
            break
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen: the cancellation outweighs it
        raise cancelled
    return task.result()


class _Engine:
    """What both engines share: transactions, and Piccolo's queries led into them."""

    kind: Kind

    async def _acquire(self, *, writing: bool) -> Any:
        raise NotImplementedError

    async def _release(self, connection: Any, *, writing: bool) -> None:
        """Give a connection back; one that is still in a transaction is rolled back first."""
        raise NotImplementedError

    async def _run(self, connection: Any, sql: str, args: Sequence[Any]) -> list[Row]:
        raise NotImplementedError

    async def _statement(self, connection: Any, sql: Literal["BEGIN", "COMMIT", "ROLLBACK"]) -> None:
        raise NotImplementedError

    async def ask(self, sql: str, args: Sequence[Any]) -> list[Row]:
        """Run one statement, in the task's transaction if it has one, and return its rows."""
        own = _own_transaction()
        if own is not None:
            return await self._run(own.connection, sql, args)
        writing = not sql.lstrip()[:6].upper().startswith(("SELECT", "PRAGMA"))
        connection = await self._acquire(writing=writing)
        try:
            return await self._run(connection, sql, args)
        finally:
            await _to_the_end(self._release(connection, writing=writing))

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> list[Row]:  # noqa: ARG002, FBT001, FBT002
        """Run a query of Piccolo's query builder."""
        sql, args = querystring.compile_string(engine_type=self.engine_type)  # type: ignore[attr-defined]  # Piccolo's Engine has it
        return await self.ask(sql, args)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> list[Row]:  # noqa: ARG002, FBT001, FBT002
        """Run a statement of Piccolo's that makes or changes a table."""
        return await self.ask(ddl, [])

    @contextlib.asynccontextmanager
    async def transaction(self, **_: object) -> AsyncIterator[Transaction]:
        """Hold a transaction for the running task: committed at the end, rolled back on any exception or cancellation."""
        if _own_transaction() is not None:
            raise NestedTransactionError("a transaction is already running in this task")
        connection = await self._acquire(writing=True)
        try:
            await self._statement(connection, "BEGIN")
            transaction = Transaction(connection, asyncio.current_task())
            token = _current.set(transaction)
            try:
                yield transaction
            finally:
                _current.reset(token)
            await _to_the_end(self._commit(transaction))
        finally:
            await _to_the_end(self._release(connection, writing=True))

    async def _commit(self, transaction: Transaction) -> None:
        await self._statement(transaction.connection, "COMMIT")
        for callback in transaction.after_commit:
            callback()


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> str:
    return re.sub(r"\$(\d+)", r"?\1", sql)


@lru_cache(maxsize=64)
def _highest(sql: str) -> int:
    """Return the highest number among a statement's parameters: as many values SQLite wants."""
    return max(int(number) for number in re.findall(r"\$(\d+)", sql))


class SQLite(_Engine, SQLiteEngine):  # type: ignore[misc]  # our transaction() takes the place of Piccolo's
    """SQLite in WAL mode: one connection that writes, a few that read; Piccolo's own would open one for every query."""

    kind: Kind = "sqlite"

    def __init__(self, path: str, readers: int) -> None:
        """Make the engine for the file `path` with `readers` reading connections; nothing is opened yet."""
        super().__init__(path)
        self._reader_count = readers
        self._opened: list[aiosqlite.Connection] = []
        self._readers: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._writer_lock = asyncio.Lock()
        self._writer: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Open the connections; the file and its folder are made when they don't exist."""
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._writer = await self._connect("PRAGMA wal_autocheckpoint = 1000")
        for _ in range(self._reader_count):
            # A reader never checkpoints: two connections doing so is what the WAL-reset bug needs.
            self._readers.put_nowait(await self._connect("PRAGMA wal_autocheckpoint = 0", "PRAGMA query_only = 1"))

    async def close(self) -> None:
        """Close all connections; the last one checkpoints."""
        for connection in reversed(self._opened):
            await connection.close()
        self._opened.clear()

    async def _connect(self, *pragmas: str) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.path, isolation_level=None, detect_types=sqlite3.PARSE_DECLTYPES)
        self._opened.append(connection)
        connection.row_factory = sqlite3.Row
        for pragma in ("busy_timeout = 5000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = 1"):
            await connection.execute_fetchall(f"PRAGMA {pragma}")
        for pragma in pragmas:
            await connection.execute_fetchall(pragma)
        return connection

    async def _acquire(self, *, writing: bool) -> aiosqlite.Connection:
        if not writing:
            return await self._readers.get()
        await self._writer_lock.acquire()
        if self._writer is None:
            raise RuntimeError("the database isn't open")
        return self._writer

    async def _release(self, connection: aiosqlite.Connection, *, writing: bool) -> None:
        try:
            # Queued behind whatever a cancelled task left running in the connection's thread.
            await connection.rollback()
        finally:
            if writing:
                self._writer_lock.release()
            else:
                self._readers.put_nowait(connection)

    async def _run(self, connection: aiosqlite.Connection, sql: str, args: Sequence[Any]) -> list[Row]:
        rows = await connection.execute_fetchall(_numbered(sql), args)
        return [dict(row) for row in rows]

    async def _statement(self, connection: aiosqlite.Connection, sql: str) -> None:
        await connection.execute_fetchall("BEGIN IMMEDIATE" if sql == "BEGIN" else sql)

    async def run_together(self, statements: Sequence[str], args: Sequence[Any]) -> list[list[Row]]:
        """Run statements that share their parameters as one transaction, in one visit to the writing connection's thread.

        Returns the rows of each. When the first has none, nothing is written.
        """
        connection = await self._acquire(writing=True)
        try:
            return await self._together(connection, statements, args)
        finally:
            await _to_the_end(self._release(connection, writing=True))

    async def _together(
        self, connection: aiosqlite.Connection, statements: Sequence[str], args: Sequence[Any]
    ) -> list[list[Row]]:
        def work() -> list[list[Row]]:
            raw = connection._conn  # noqa: SLF001 - aiosqlite has no public way to run more than one statement in its thread
            raw.execute("BEGIN IMMEDIATE")
            results: list[list[Row]] = []
            try:
                for statement in statements:
                    results.append(
                        [dict(row) for row in raw.execute(_numbered(statement), args[: _highest(statement)])]
                    )
                    if not results[0]:
                        raw.execute("ROLLBACK")
                        return [[] for _ in statements]
            except BaseException:
                raw.execute("ROLLBACK")
                raise
            raw.execute("COMMIT")
            return results

        execute: Callable[..., Awaitable[list[list[Row]]]] = connection._execute  # noqa: SLF001 - see work
        return await execute(work)


LONGEST = "60000"
"""Milliseconds that a transaction, or a pause within one, may hold up others."""
ENDS_TRANSACTIONS = 17
"""The release of PostgreSQL from which on it can end a transaction that lasts too long."""


class PostgreSQL(_Engine, PostgresEngine):  # type: ignore[misc]  # our transaction() takes the place of Piccolo's
    """PostgreSQL through asyncpg's pool."""

    kind: Kind = "postgresql"

    def __init__(self, url: str, pool_size: int, *, hurried: bool = True) -> None:
        """Make the engine for `url` with at most `pool_size` connections; nothing is opened yet. `hurried` as in `connect`."""
        self._url = url
        self._pool_size = pool_size
        self._hurried = hurried
        super().__init__({"dsn": url})

    async def check_version(self) -> None:
        """Skip Piccolo's look at the server's version, which would connect while the engine is made."""

    async def open(self) -> None:
        """Open the pool."""
        limits = {"idle_in_transaction_session_timeout": LONGEST}
        # A process that is stopped in the middle of a statement is neither idle nor running one: it would hold its rows for good.
        if self._hurried and await self._version() >= ENDS_TRANSACTIONS:
            limits["transaction_timeout"] = LONGEST
        self.pool = await asyncpg.create_pool(
            self._url,
            min_size=1,
            max_size=self._pool_size,
            timeout=10,
            command_timeout=60,  # a connection whose other end is silent must not hold a request for good
            server_settings={**limits, "application_name": "aftertide"},
        )

    async def _version(self) -> int:
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            version: int = connection.get_server_version().major
        finally:
            await connection.close()
        return version

    async def close(self) -> None:
        """Close the pool."""
        if self.pool is not None:
            await self.pool.close()
            self.pool = None

    async def _acquire(self, *, writing: bool) -> Any:  # noqa: ARG002 - PostgreSQL's connections do both
        if self.pool is None:
            raise RuntimeError("the database isn't open")
        return await self.pool.acquire()

    async def _release(self, connection: Any, *, writing: bool) -> None:  # noqa: ARG002
        try:
            left_open = not connection.is_closed() and connection.is_in_transaction()
        except asyncpg.InterfaceError:
            return  # the database ended it, so that the pool has it back: the error that says why is on its way
        try:
            if left_open:
                await connection.execute("ROLLBACK")
        finally:
            await self.pool.release(connection)  # type: ignore[union-attr]  # acquired from it

    async def _run(self, connection: Any, sql: str, args: Sequence[Any]) -> list[Row]:
        rows: list[Row] = await connection.fetch(sql, *args)
        return rows

    async def _statement(self, connection: Any, sql: str) -> None:
        await connection.execute(sql)


Engine = SQLite | PostgreSQL


def engine_for(url: str, pool: int, *, hurried: bool = True) -> Engine:
    """Make the engine that `url` names (`sqlite:PATH` or `postgresql://…`) with `pool` connections; `hurried` as in `connect`."""
    if url.startswith("sqlite:"):
        return SQLite(url.removeprefix("sqlite:"), readers=pool)
    return PostgreSQL(url, pool, hurried=hurried)


_engine: Engine | None = None


async def connect(url: str, pool: int, tables: Iterable[type[Table]], *, hurried: bool = True) -> Engine:
    """Open the database of this process and bind `tables` to it. `hurried`: no transaction may last over a minute (PostgreSQL 17)."""
    global _engine  # noqa: PLW0603 - one process serves one database
    engine = engine_for(url, pool, hurried=hurried)
    await engine.open()
    for table in tables:
        table._meta._db = engine  # noqa: SLF001 - Piccolo's own way besides a conf module
    _engine = engine
    return engine


async def disconnect() -> None:
    """Close the database of this process."""
    global _engine  # noqa: PLW0603 - see connect
    if _engine is not None:
        await _engine.close()
        _engine = None


def engine() -> Engine:
    """Return the open database; raises RuntimeError before `connect`."""
    if _engine is None:
        raise RuntimeError("the database isn't open")
    return _engine


async def fetch(sql: str, *args: Any) -> list[Row]:
    """Run one statement and return its rows."""
    return await engine().ask(sql, args)


async def fetch_one(sql: str, *args: Any) -> Row | None:
    """Run one statement and return its first row, or None when it has none."""
    rows = await engine().ask(sql, args)
    return rows[0] if rows else None


async def write_together(statements: Sequence[str], args: Sequence[Any]) -> list[list[Row]]:
    """Run statements as one transaction in one step on SQLite; see `SQLite.run_together`. Outside any transaction only."""
    running = engine()
    if not isinstance(running, SQLite) or _own_transaction() is not None:
        raise RuntimeError("statements run together on SQLite, outside a transaction")
    return await running.run_together(statements, args)


def transaction() -> contextlib.AbstractAsyncContextManager[Transaction]:
    """Begin a transaction; see `_Engine.transaction`."""
    return engine().transaction()


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once the running transaction is committed, never if it isn't."""
    own = _own_transaction()
    if own is None:
        raise RuntimeError("no transaction is running in this task")
    own.after_commit.append(callback)


class TryAgain(Exception):
    """The transaction met another one: what it wanted to do is to be looked at anew."""


ATTEMPTS = 3


async def in_transaction(work: Callable[[], Awaitable[T]]) -> T:
    """Do `work` in a transaction, anew when it crossed another one (a deadlock, a key made meanwhile, TryAgain).

    Raises what the third attempt raises.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            async with transaction():
                return await work()
        except Exception as error:
            if not is_conflict(error):
                raise
    async with transaction():
        return await work()


def is_conflict(error: Exception) -> bool:
    """Tell whether a transaction failed because it crossed another one, so that doing it anew may go through."""
    crossed = (TryAgain, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
    return isinstance(error, crossed) or is_unique_violation(error)


def is_missing_reference(error: Exception) -> bool:
    """Tell whether a statement failed because what it refers to is gone."""
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return True
    return isinstance(error, sqlite3.IntegrityError) and "FOREIGN KEY" in str(error)


def for_update() -> str:
    """Return the clause that locks the selected rows; SQLite's writing transaction holds the whole file already."""
    return " FOR UPDATE" if engine().kind == "postgresql" else ""


def for_update_skipping() -> str:
    """Return the clause that locks the selected rows and passes over those that somebody else has locked."""
    return " FOR UPDATE SKIP LOCKED" if engine().kind == "postgresql" else ""


def for_share() -> str:
    """Return the clause that keeps the selected rows from being changed until the transaction ends."""
    return " FOR SHARE" if engine().kind == "postgresql" else ""


def for_key_share() -> str:
    """Return the clause that keeps the selected rows from being deleted until the transaction ends."""
    return " FOR KEY SHARE" if engine().kind == "postgresql" else ""


def parameters(first: int, count: int) -> str:
    """Return `$first, $first+1, …` for `count` values, for `IN (…)`; at least one value."""
    if count < 1:
        raise ValueError("IN () needs a value")
    return ", ".join(f"${number}" for number in range(first, first + count))


def value_rows(rows: Sequence[Sequence[object]], first: int = 1) -> str:
    """Return `($1, $2), ($3, $4) …` for rows of as many values each, for `VALUES`; at least one row."""
    width = len(rows[0])
    return ", ".join(f"({parameters(first + number * width, width)})" for number in range(len(rows)))


def as_table(
    name: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]], first: int
) -> tuple[str, list[Any]]:
    """Return what stands for `rows` in a FROM clause as a table `name`, and its parameters, which are numbered from `first`.

    `columns` has PostgreSQL's type of each. There the text is the same for any number of rows, so that the statement is
    prepared once. At least one row.
    """
    if engine().kind == "postgresql":
        arrays = ", ".join(f"${first + number}::{kind}[]" for number, kind in enumerate(columns.values()))
        return f"unnest({arrays}) AS {name}({', '.join(columns)})", [list(column) for column in zip(*rows, strict=True)]
    named = ", ".join(f"column{number} AS {column}" for number, column in enumerate(columns, 1))
    values = f"(SELECT {named} FROM (VALUES {value_rows(rows, first)})) AS {name}"
    return values, [value for row in rows for value in row]


def is_unique_violation(error: Exception) -> bool:
    """Tell whether a statement failed because a key already exists."""
    if isinstance(error, asyncpg.UniqueViolationError):
        return True
    return isinstance(error, sqlite3.IntegrityError) and "UNIQUE" in str(error)


def sqlite_version() -> str:
    """Return the version of the SQLite library in use."""
    version: str = sqlite3.sqlite_version
    return version

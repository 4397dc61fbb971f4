"""PostgreSQL: one pool to the primary, one to each replica; routing, retries and statement counting in one place."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, cast

import asyncpg
import msgspec
import structlog
from aiohttp import web

from storefront.platform.connections import Connections
from storefront.platform.tasks import stop
from storefront.settings import DatabaseSettings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

T = TypeVar("T")
Isolation = Literal["read_committed", "repeatable_read", "serializable"]
log = structlog.get_logger("database")

RETRIES = 8
RETRYABLE = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,  # another release has just migrated
    asyncpg.OutdatedSchemaCacheError,
)
AWAY = (
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it shuts down, has crashed, or starts
    asyncpg.InsufficientResourcesError,  # no connection, memory or disk is left; while it starts again, those who ask count as connected
    asyncpg.PostgresSystemError,  # its files could not be read or written
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the connection broke while something was sent
)
# What asyncpg says, by no class of its own, when a connection broke between two statements: its pool has taken it back by then.
_BROKE_BETWEEN = ("connection is closed", "connection has been released back to the pool")
FAILURES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""All that a statement may fail with: for loops that go on whatever the database does."""

REPLICA_CHECK_SECONDS = 0.5
# Nothing of a server that follows no other any more, such as a standby that was promoted: it goes ways of its own.
_REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END"


def is_away(error: BaseException | None) -> bool:
    """Whether the database (or another server) was not there: another moment mends it. A transaction cannot even be ended then."""
    if isinstance(error, asyncpg.InterfaceError):
        return str(error).endswith(_BROKE_BETWEEN) or is_away(error.__context__)
    return isinstance(error, AWAY)


def will_pass(error: BaseException | None) -> bool:
    """Whether who is told to come again may well succeed: the database was not there, or others stood in the way each time it was tried."""
    return is_away(error) or isinstance(error, (*RETRYABLE, asyncpg.LockNotAvailableError))


def is_of_the_moment(error: BaseException) -> bool:
    """Whether reading again may well succeed at once, on another connection or server (a standby ends readers that hold it up).

    Not after a statement that took too long: who is overloaded is not asked twice.
    """
    return will_pass(error) and not isinstance(error, asyncpg.QueryCanceledError)


class StatementCount:
    """How many statements ran, and which. Only connections made while `possible` are counted: to look at each statement costs too much."""

    possible: ClassVar[bool] = False

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __int__(self) -> int:
        return len(self.statements)


_counter: ContextVar[StatementCount | None] = ContextVar("statement_count", default=None)


@contextmanager
def statement_count() -> Iterator[StatementCount]:
    """Counts the statements that the code inside issues (in this task and those it starts)."""
    count = StatementCount()
    token = _counter.set(count)
    try:
        yield count
    finally:
        _counter.reset(token)


def _counted(method: Any) -> Any:
    async def count_and_run(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
        count = _counter.get()
        if count is not None:
            count.statements.append(query)
        return await method(self, query, *arguments, **options)

    return count_and_run


# asyncpg would tell a logger of statements in a while, when whoever asked for the count has long read it.
_CountingConnection: Any = type(
    "_CountingConnection",
    (asyncpg.Connection,),
    {name: _counted(getattr(asyncpg.Connection, name)) for name in ("execute", "executemany", "fetch", "fetchrow", "fetchval")},
)


def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + msgspec.json.encode(value)


def _decode_jsonb(value: bytes) -> Any:
    return msgspec.json.decode(value[1:])


async def prepare_connection(conn: Any) -> None:
    """json and jsonb as plain objects, in binary (jsonb has a version byte, 1, in front)."""
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode_jsonb, decoder=_decode_jsonb, format="binary")
    await conn.set_type_codec("json", schema="pg_catalog", encoder=msgspec.json.encode, decoder=msgspec.json.decode, format="binary")


async def _keep_session(conn: Any) -> None:
    """Nothing sets session state outside a transaction, so a connection goes back without a round trip to reset it."""


class Statements:
    """See `Database.statements`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def fetch(self, query: str, *arguments: Any) -> Any:
        async with self._connections.acquire() as conn:
            return await conn.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> Any:
        async with self._connections.acquire() as conn:
            return await conn.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        async with self._connections.acquire() as conn:
            return await conn.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> Any:
        async with self._connections.acquire() as conn:
            return await conn.execute(query, *arguments)


class Replica:
    """A standby that reads go to while it is near the primary."""

    def __init__(self, url: str, pool: Pool) -> None:
        self.url = url
        self.pool = pool
        self.healthy = False
        self.replayed_lsn = 0
        self.wanted_lsn = 0  # what it must have replayed before it is read from again
        self.lag_bytes = 0


def lsn_number(text: str) -> int:
    """PostgreSQL's pg_lsn as bytes: '16/B374D848' → 97500059720."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


class Database:
    """Connections of the shop. `await database.start()` first, `await database.close()` last."""

    def __init__(self, url: str, replica_urls: list[str] | None = None, settings: DatabaseSettings | None = None) -> None:
        self._url = url
        self._settings = settings or DatabaseSettings()
        self._replica_urls = replica_urls or []
        self.primary: Connections
        self.replicas: list[Replica] = []
        self._primary_pool: Pool
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the primary is; for connections of their own (LISTEN)."""
        return self._url

    async def start(self) -> None:
        """Opens the pools. Raises OSError or asyncpg errors when the primary cannot be reached; replicas may come later."""
        self._primary_pool = await self._pool(self._url, self._settings.pool_min)
        self.primary = Connections(self._primary_pool, self._settings.pool_max)
        for url in self._replica_urls:
            self.replicas.append(Replica(url, await self._pool(url, 0)))
        if self.replicas:
            await self._check_replicas()
            self._watch = asyncio.create_task(self._watch_replicas())

    async def _pool(self, url: str, smallest: int) -> Pool:
        return await asyncpg.create_pool(
            url,
            min_size=smallest,
            max_size=self._settings.pool_max,
            connection_class=_CountingConnection if StatementCount.possible else asyncpg.Connection,
            init=prepare_connection,
            reset=_keep_session,
            timeout=5,
            command_timeout=self._settings.statement_timeout_ms / 1000 + 1,
            max_inactive_connection_lifetime=300,
            server_settings={
                "application_name": "storefront",
                "statement_timeout": str(self._settings.statement_timeout_ms),
                "idle_in_transaction_session_timeout": "30000",
                "jit": "off",
                # Statements are prepared once and planned once. Left to itself, PostgreSQL plans many of ours anew at each call, since it
                # expects lists of ten where one comes; for those that are small, planning takes longer than running.
                "plan_cache_mode": "force_generic_plan",
            },
        )

    async def close(self) -> None:
        """Closes everything; connections still in use are given two seconds."""
        if self._watch:
            await stop([self._watch])
        await self.primary.close()
        for pool in [*(replica.pool for replica in self.replicas), self._primary_pool]:
            try:
                await asyncio.wait_for(pool.close(), 2)
            except TimeoutError:
                pool.terminate()

    def write(self) -> AbstractAsyncContextManager[Connection]:
        """A connection to the primary; each statement commits by itself."""
        return self.primary.acquire()

    @property
    def statements(self) -> Connection:
        """Stands where a connection does for statements that need not share one: each takes one for as long as it runs."""
        return cast("Connection", Statements(self.primary))

    @asynccontextmanager
    async def read(self, after_lsn: int | None = None) -> AsyncIterator[Connection]:
        """A connection for reading: a healthy replica that has replayed `after_lsn`, else the primary."""
        replica = self._choose(after_lsn)
        if replica is None:
            async with self.primary.acquire() as conn:
                yield conn
            return
        try:
            conn = await replica.pool.acquire(timeout=1)
        except FAILURES:
            replica.healthy = False
            async with self.primary.acquire() as conn:
                yield conn
            return
        try:
            yield conn
        finally:
            await replica.pool.release(conn)

    def _choose(self, after_lsn: int | None) -> Replica | None:
        fit = [r for r in self.replicas if r.healthy and (after_lsn is None or r.replayed_lsn >= after_lsn)]
        return random.choice(fit) if fit else None  # noqa: S311

    async def transaction(self, work: Callable[[Connection], Awaitable[T]], *, isolation: Isolation = "read_committed") -> T:
        """Runs `work` in one transaction on the primary; it runs again after a deadlock or a serialization failure.

        So `work` must have no effect outside the transaction. Waits between tries grow, with jitter.
        """
        for attempt in range(RETRIES):
            try:
                async with self.primary.acquire() as conn, conn.transaction(isolation=isolation):
                    return await work(conn)
            except RETRYABLE as error:
                if attempt == RETRIES - 1:
                    raise
                log.debug("transaction_again", error=type(error).__name__, attempt=attempt)
                await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    async def current_lsn(self) -> int:
        """The primary's log position; a session that has just written reads from replicas that are past it."""
        async with self.primary.acquire() as conn:
            # The insert position: what was committed asynchronously (a cart) is not yet written.
            return lsn_number(str(await conn.fetchval("SELECT pg_current_wal_insert_lsn()::text")))

    async def replicas_reach(self, lsn: int, seconds: float) -> None:
        """Returns when every replica in use has replayed `lsn`; one that has not within `seconds` is not read from until it has."""
        for replica in self.replicas:
            replica.wanted_lsn = max(replica.wanted_lsn, lsn)
        await asyncio.gather(*(self._reach(replica, lsn, seconds) for replica in self.replicas if replica.healthy))

    async def _reach(self, replica: Replica, lsn: int, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), replica.pool.acquire() as conn:
                while replica.replayed_lsn < lsn:
                    replica.replayed_lsn = lsn_number(await conn.fetchval(_REPLAYED))
                    if replica.replayed_lsn < lsn:
                        await asyncio.sleep(0.005)
        except (*FAILURES, AttributeError):
            replica.healthy = False

    async def _watch_replicas(self) -> None:
        while True:
            await asyncio.sleep(REPLICA_CHECK_SECONDS)
            await self._check_replicas()

    async def _check_replicas(self) -> None:
        try:
            written = await asyncio.wait_for(self.current_lsn(), 2)
        except FAILURES:
            written = 0
        await asyncio.gather(*(self._check_replica(replica, written) for replica in self.replicas))

    async def _check_replica(self, replica: Replica, written: int) -> None:
        try:
            async with asyncio.timeout(2), replica.pool.acquire() as conn:
                text = await conn.fetchval(_REPLAYED)
        except FAILURES:
            replica.healthy = False
            return
        if text is None:
            replica.healthy = False
            return
        replica.replayed_lsn = lsn_number(text)
        replica.lag_bytes = max(0, written - replica.replayed_lsn)
        near = replica.lag_bytes <= self._settings.replica_lag_max_bytes
        replica.healthy = near and replica.replayed_lsn >= replica.wanted_lsn


DATABASE = web.AppKey("database", Database)

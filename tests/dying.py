"""Processes that die, inside one: each statement, commit and call to the provider is a step, and a life ends before any of them.

What a dead process would not do is not done here either: once a life has ended, nothing of it runs any more, no `except` and no `finally`
that would need the database.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from storefront.checkout.context import CheckoutContext
from storefront.checkout.together import Together
from storefront.payments.model import ChargeRequest, ProviderAnswer
from storefront.payments.service import Payments
from storefront.platform.database import Connection, Database

T = TypeVar("T")


class Died(BaseException):
    """The process is gone."""


class Life:
    """Counts the steps of one process; it dies before step number `ends` (from 0), or before the first that is called so, or never.

    `at` are the steps that it lived to take.
    """

    def __init__(self, ends: int | str | None = None) -> None:
        self.at: list[str] = []
        self.over = False
        self._ends = ends

    @property
    def steps(self) -> int:
        return len(self.at)

    def step(self, what: str) -> None:
        self.over = self.over or self._ends in (self.steps, what)
        if self.over:
            raise Died
        self.at.append(what)


class _MortalConnection:
    """A connection whose statements are steps."""

    def __init__(self, conn: Connection, life: Life, *, commits: bool) -> None:
        self._conn = conn
        self._life = life
        self._commits = commits  # each statement by itself

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._conn, name)
        if name not in ("fetch", "fetchrow", "fetchval", "execute"):
            return found

        async def statement(query: str, *arguments: Any) -> Any:
            self._life.step(" ".join(query.split())[:60])
            answer = await found(query, *arguments)
            if self._commits:
                self._life.step("committed")
            return answer

        return statement


class MortalDatabase:
    """The database as a mortal process sees it: a transaction that it does not live to commit leaves nothing."""

    def __init__(self, database: Database, life: Life) -> None:
        self._database = database
        self._life = life

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        async with self._database.write() as conn:
            yield _MortalConnection(conn, self._life, commits=True)

    @property
    def statements(self) -> Any:
        return _MortalConnection(self._database.statements, self._life, commits=True)

    async def transaction(self, work: Callable[[Any], Awaitable[T]]) -> T:
        async def until_the_commit(conn: Connection) -> T:
            found = await work(_MortalConnection(conn, self._life, commits=False))
            self._life.step("commit")
            return found

        found = await self._database.transaction(until_the_commit)
        self._life.step("committed")
        return found


class MortalPayments:
    """The provider as a mortal process sees it: a step before the call, and one before its answer is looked at."""

    def __init__(self, payments: Payments, life: Life) -> None:
        self._payments = payments
        self._life = life

    async def charge(self, request: ChargeRequest) -> ProviderAnswer:
        self._life.step("charge")
        answer = await self._payments.charge(request)
        self._life.step("charged")
        return answer

    async def lookup(self, **asked: Any) -> ProviderAnswer | None:
        self._life.step("lookup")
        return await self._payments.lookup(**asked)


def mortal(shop: CheckoutContext, life: Life) -> CheckoutContext:
    """The shop in a process with this life."""
    database: Any = MortalDatabase(shop.database, life)
    payments: Any = MortalPayments(shop.payments, life)
    return msgspec.structs.replace(shop, database=database, together=Together(database, shop.settings), payments=payments)

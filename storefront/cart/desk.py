"""Carts that several shoppers start, read or change at the same moment, in one statement for all of them (`platform/gathering.py`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from aiohttp import web

from storefront.platform.database import Database
from storefront.platform.gathering import LANES, Gathering
from storefront.platform.questions import Of, Question
from storefront.pricing.model import CartContents, PricedCart
from storefront.pricing.service import ContentsOf, Till
from storefront.settings import Settings

ROW = ContentsOf(
    variant_ids=Of("ARRAY(SELECT CAST(line.key AS bigint) FROM jsonb_object_keys(about.lines) AS line (key))"),
    currency=Of("about.currency"),
)


class _Asked(NamedTuple):
    """What is asked of one cart: an object of the list that the statement takes."""

    cart_id: UUID
    what: Mapping[str, Any]
    now: datetime
    priced: bool


class Desk:
    """One for each process, as what is asked at different ones does not meet. `questions`: somebody else's, answered beside the price."""

    def __init__(self, database: Database, settings: Settings, questions: Sequence[Question[Any]] = ()) -> None:
        self._database = database
        self._settings = settings
        self._questions = questions
        self._kinds: dict[str, Gathering[_Asked, tuple[Any, Till | None] | None]] = {}

    def at(self, now: datetime, *, priced: bool = True) -> "AtDesk":
        """For one request. `priced`: the cart's price is asked beside it."""
        return AtDesk(self, self._database, now, priced=priced)

    def till(self, now: datetime) -> Till:
        """Of a statement by itself."""
        return Till(self._database.statements, ROW, self._questions, now=now, settings=self._settings)

    async def one_of(self, statement: str, asked: _Asked) -> tuple[Any, Till | None] | None:
        """The cart's row of a statement that takes a list and returns a row for each cart that it is done for."""
        gathering = self._kinds.get(statement)
        if gathering is None:
            work = partial(self._do, statement)
            gathering = self._kinds[statement] = Gathering(work, lanes=LANES, apart=lambda one: one.cart_id, again=(asyncpg.PostgresError,))
        return await gathering(asked)

    async def _do(self, statement: str, asked: Sequence[_Asked]) -> list[tuple[Any, Till | None] | None]:
        whole = [one.what for one in asked]
        found: dict[UUID, tuple[Any, Till | None]]
        if any(one.priced for one in asked):
            till = self.till(max(one.now for one in asked))
            found = {row["id"]: (row, its) for row, its in await till.fetch(statement, whole)}
        else:
            async with self._database.write() as conn:
                found = {row["id"]: (row, None) for row in await conn.fetch(statement, whole)}
        return [found.get(one.cart_id) for one in asked]


class AtDesk:
    """Stands where a connection or a `Till` does for one request. What is not asked of several at once is asked by itself."""

    def __init__(self, desk: Desk, database: Database, now: datetime, *, priced: bool) -> None:
        self._desk = desk
        self._till: Till | None = None
        self._statements = database.statements
        self._now = now
        self._priced = priced

    def unpriced(self) -> "AtDesk":
        """The same without a price."""
        return self._desk.at(self._now, priced=False)

    async def one_of(self, statement: str, cart_id: UUID, what: Mapping[str, Any]) -> Any:
        """The row of this cart, or None."""
        found = await self._desk.one_of(statement, _Asked(cart_id, what, self._now, self._priced))
        if found is None:
            return None
        row, till = found
        self._till = till
        return row

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """As a connection's."""
        if not self._priced:
            return await self._statements.fetchrow(statement, *arguments)
        self._till = self._desk.till(self._now)
        return await self._till.fetchrow(statement, *arguments)

    async def price(self, cart: CartContents) -> PricedCart:
        """The price of the cart that the last statement returned."""
        assert self._till is not None
        return await self._till.price(cart)

    @property
    def beside(self) -> tuple[Any, ...]:
        """The answers to the desk's questions about that cart."""
        assert self._till is not None
        return self._till.beside


DESK = web.AppKey("desk", Desk)

"""What shoppers who buy at the same time want of the database, done for all of them at once (`platform/gathering.py`).

Most of what a statement costs is not its rows: the trip, the start and the end of the statement, the commit. Each shopper keeps their own
outcome: who cannot go on is told so, and everybody else does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from aiohttp import web

from storefront.cart import service as carts
from storefront.cart.desk import Desk
from storefront.cart.model import Cart, Guard
from storefront.checkout import idempotency, store
from storefront.checkout.idempotency import IdempotencyInFlight, KeyWanted
from storefront.checkout.model import Answer, Claim, PendingOrder
from storefront.checkout.store import KEY_LOST, Paid, PaidOrder, UnpaidOrder
from storefront.inventory import service as inventory
from storefront.inventory.model import LockedStock
from storefront.orders import store as order_store
from storefront.orders.model import NewOrder, OrderHead
from storefront.platform.database import Database
from storefront.platform.gathering import LANES, Gathering
from storefront.pricing.service import Till
from storefront.settings import Settings

WROTE_NOTHING = (asyncpg.PostgresError,)  # the server has refused the statement


class ReadCart(msgspec.Struct, frozen=True):
    """A cart as it stands, with its till, its order if it has one, and the stock of its goods, which nobody has locked."""

    cart: Cart
    till: Till
    order: OrderHead | None
    stock: LockedStock


class Together:
    """One for each process, as what is asked at different ones does not meet. At `new_carts` a cart is started, with the stock of its goods
    beside its price.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self.new_carts = Desk(database, settings, (inventory.stock_of(carts.variant_ids()),))
        self._carts = Gathering(self._read_carts, lanes=LANES)
        self._claims = Gathering(self._claim, lanes=LANES, apart=lambda one: (one[0].scope, one[0].key), again=WROTE_NOTHING)
        self._unpaid = Gathering(self._write_unpaid, lanes=LANES, apart=lambda one: one.order.cart_id, again=WROTE_NOTHING)
        self._paid = Gathering(self._write_paid, lanes=LANES, apart=lambda one: one.paid.order_id, again=WROTE_NOTHING)

    async def cart(self, cart_id: UUID, guard: Guard, *, now: datetime) -> ReadCart:
        """The cart, read on the primary after this was called. Raises CartNotFound, also for somebody else's."""
        found = await self._carts((cart_id, now))
        cart = carts.theirs(found.cart if found is not None else None, guard)
        assert found is not None
        return msgspec.structs.replace(found, cart=cart)

    async def claim(self, wanted: KeyWanted, *, stale: timedelta) -> Claim | Answer:
        """As `idempotency.claim`; raises what it raises."""
        held = await self._claims((wanted, stale))
        if held is not None:
            return held
        async with self._database.write() as conn:
            return await idempotency.answer_of_key(conn, wanted)

    async def order_pending(self, held: Claim, order: NewOrder, kept: PendingOrder) -> tuple[str, list[int]] | None:
        """As `store.order_pending`; raises what it raises."""
        outcome = await self._unpaid(UnpaidOrder(held, order, kept))
        if outcome is KEY_LOST:
            raise IdempotencyInFlight.again_in()
        return outcome

    async def settle_paid_and_answer(self, paid: Paid, held: Claim, answer: Answer, *, now: datetime) -> bool:
        """Moves a pending order on with all that follows from it, and the key has its answer; False, changing nothing, when it does not
        wait for this. Raises IdempotencyInFlight when the key has been taken over.
        """
        outcome = await self._paid(PaidOrder(paid, held, answer, now))
        if outcome is KEY_LOST:
            raise IdempotencyInFlight.again_in()
        return outcome

    async def _read_carts(self, asked: Sequence[tuple[UUID, datetime]]) -> list[ReadCart | None]:
        questions = (order_store.order_of_cart(carts.cart_id()), inventory.stock_of(carts.variant_ids()))
        till = carts.till(self._database.statements, *questions, now=max(now for _, now in asked), settings=self._settings)
        found = await carts.read_all(till, list({cart_id for cart_id, _ in asked}))
        return [ReadCart(*found[cart_id], *found[cart_id][1].beside) if cart_id in found else None for cart_id, _ in asked]

    async def _claim(self, asked: Sequence[tuple[KeyWanted, timedelta]]) -> list[Claim | None]:
        async with self._database.write() as conn:
            claims = await idempotency.claim_each(conn, [wanted for wanted, _ in asked], stale=asked[0][1])
        return [claims.get((wanted.scope, wanted.key)) for wanted, _ in asked]

    async def _write_unpaid(self, asked: Sequence[UnpaidOrder]) -> list[store.Unpaid]:
        async with self._database.write() as conn:
            return await store.orders_pending(conn, asked, prefix=self._settings.shop.order_prefix)

    async def _write_paid(self, asked: Sequence[PaidOrder]) -> list[store.Settled]:
        async with self._database.write() as conn:
            return await store.settle_paid_and_answer_each(conn, asked)


TOGETHER = web.AppKey("together", Together)

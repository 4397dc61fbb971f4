"""Rules of stock: what is held, sold, given back. Overselling is refused by the database (constraint `no_oversell`), not by care here.

available = on_hand + backorder_limit − reserved, for each variant at each location. Locks are taken in one order everywhere: carts by id,
stock rows by (variant, location), then reservations; a hold changes its state only under the lock of its stock row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from storefront.inventory import store
from storefront.inventory.allocation import Allocation, Short
from storefront.inventory.model import Hold, LockedStock, StockMovement
from storefront.platform.database import Connection
from storefront.platform.errors import Conflict, FieldError
from storefront.platform.questions import Of, Question

Reason = Literal["cancelled", "returned"]  # why goods of an order come back


class OutOfStock(Conflict):
    """Less is available than is wanted. `lines` in the problem: variant_id, wanted, available."""

    type = "insufficient_stock"
    title = "Not enough in stock"

    def __init__(self, short: Sequence[Short]) -> None:
        self.short = list(short)
        fields = [FieldError(f"lines.{variant_id}", _left(available)) for variant_id, _, available in short]
        lines = [{"variant_id": variant_id, "wanted": wanted, "available": available} for variant_id, wanted, available in short]
        super().__init__("Something in the cart is no longer in stock in that quantity.", fields=fields, extra={"lines": lines})


def _left(available: int) -> str:
    return f"Only {available} left." if available > 0 else "Sold out."


async def hold(conn: Connection, cart_id: UUID, demand: dict[int, int], *, expires_at: datetime, country: str | None = None) -> None:
    """Holds exactly this demand (units by variant) for the cart, in place of what it held before. Raises OutOfStock, changing nothing.

    What an order of the cart holds is not touched. Variants whose stock nobody counts need no hold.
    """
    (outcome,) = await hold_all(conn, [Hold(cart_id, demand, expires_at, country=country)])
    if outcome is not None:
        raise outcome


async def hold_for_order(
    conn: Connection, cart_id: UUID, order_id: UUID, demand: dict[int, int], expires_at: datetime, country: str | None = None
) -> None:
    """The cart's holds become the order's: taken over as they are, without touching stock, when they are the demand and can be sent to the
    country; else it is held anew. Raises OutOfStock.
    """
    if await store.take_over_holds(conn, cart_id, order_id, demand, expires_at, country):
        return
    (outcome,) = await hold_all(conn, [Hold(cart_id, demand, expires_at, order_id, country)])
    if outcome is not None:
        raise outcome


async def hold_all(conn: Connection, holds: Sequence[Hold]) -> list[OutOfStock | None]:
    """Many holds in one go, in order of arrival, each with its own outcome; two statements however many they are.

    A cart may come once.
    """
    locked = await store.lock_stock(conn, holds)
    allocation = Allocation(locked.rows, locked.open_holds, locked.untracked)
    shorts = [allocation.take(hold) for hold in holds]
    if allocation.changed:
        await store.write_holds(conn, allocation)
    return [OutOfStock(short) if short else None for short in shorts]


def stock_of(variant_ids: Sequence[int] | Of) -> Question[LockedStock]:
    """The stock of variants as it is seen without locks, for `cut_from_shelf`."""
    return store.stock_of(variant_ids)


def cut_from_shelf(hold: Hold, seen: LockedStock) -> Hold:
    """The hold with its cuts, by the same rules as when stock is locked; without, when the shelves do not have all of it."""
    rows = [msgspec.structs.replace(row) for row in seen.rows]
    allocation = Allocation(rows, [], seen.untracked)
    if hold.demand.keys() - seen.untracked - {row.variant_id for row in rows} or allocation.take(hold):
        return hold
    if any(row.on_shelf < 0 for row in rows):
        return hold
    return msgspec.structs.replace(hold, cuts=tuple(cut for _, cut in allocation.opened))


async def hold_at_once(conn: Connection, holds: Sequence[Hold]) -> bool:
    """Holds what was cut, in one statement, if the shelves still have it and no cart holds anything else or has been ordered; else nothing
    changes.
    """
    return all(hold.cuts for hold in holds) and await store.hold_from_shelf(conn, holds)


async def held_for_cart(conn: Connection, cart_id: UUID) -> dict[int, int]:
    """What the cart (or a pending order of it) holds, by variant: its own holds do not stand in its way."""
    return await store.held_for_cart(conn, cart_id)


async def release_holds(conn: Connection, *, cart_id: UUID | None = None, order_id: UUID | None = None) -> int:
    """Gives back the holds of a cart (those no order has taken over) or of an order. Returns how many."""
    return await store.release_holds(conn, cart_id, order_id)


async def release_expired(conn: Connection, now: datetime, limit: int = 500) -> int:
    """Gives back carts' holds past their time, at most `limit` of them; returns how many."""
    return await store.release_expired(conn, now, limit)


async def restock(conn: Connection, order_id: UUID, lines: Iterable[tuple[int, int]], reason: Reason, *, actor: str) -> int:
    """Puts units (variant, quantity) of an order back to where they were sold from; never more than it still has sold.

    The ledger names the actor. Returns how many came back.
    """
    return await store.restock(conn, order_id, list(lines), reason, actor)


async def history(conn: Connection, variant_id: int, *, before: int | None = None, most: int = 50) -> list[StockMovement]:
    """Movements of a variant, newest first; `before`: only those older than the one with this id."""
    return await store.history(conn, variant_id, before, most)

"""Rules of stock: what is held, sold, given back. Overselling is refused by the database (constraint `no_oversell`), not by care here.

available = on_hand + backorder_limit − reserved, for each variant at each location. Stock rows are always locked in (variant, location)
order, before anything is decided from them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from storefront.inventory import store
from storefront.inventory.model import Hold, OpenHold, StockMovement, StockRow
from storefront.platform.database import Connection
from storefront.platform.errors import Conflict, FieldError, InvalidInput

Reason = Literal["import", "count", "received", "cancelled", "returned", "damaged", "correction"]


class OutOfStock(Conflict):
    """Less is available than is wanted. `lines` in the problem: variant_id, wanted, available."""

    type = "insufficient_stock"
    title = "Not enough in stock"

    def __init__(self, short: Sequence[tuple[int, int, int]]) -> None:
        self.short = list(short)
        fields = [FieldError(f"lines.{variant_id}", _left(available)) for variant_id, _, available in short]
        lines = [{"variant_id": variant_id, "wanted": wanted, "available": available} for variant_id, wanted, available in short]
        super().__init__("Something in the cart is no longer in stock in that quantity.", fields=fields, extra={"lines": lines})


def _left(available: int) -> str:
    return f"Only {available} left." if available > 0 else "Sold out."


async def hold(
    conn: Connection, cart_id: UUID, demand: dict[int, int], *, expires_at: datetime, country: str | None = None
) -> None:
    """Holds exactly this demand (units by variant) for the cart, in place of what it held before. Raises OutOfStock, changing nothing."""
    (outcome,) = await hold_all(conn, [Hold(cart_id, demand, expires_at, country=country)])
    if outcome is not None:
        raise outcome


async def hold_for_order(
    conn: Connection, cart_id: UUID, order_id: UUID, demand: dict[int, int], expires_at: datetime, country: str | None = None
) -> None:
    """The cart's holds become the order's. Holds that fit the demand already are taken over as they are, without touching stock."""
    held = await store.take_over_holds(conn, cart_id, order_id, expires_at)
    if held == demand:
        return
    (outcome,) = await hold_all(conn, [Hold(cart_id, demand, expires_at, order_id, country)])
    if outcome is not None:
        raise outcome


async def hold_all(conn: Connection, holds: Sequence[Hold]) -> list[OutOfStock | None]:
    """Many holds in one go, in order of arrival, each with its own outcome; four statements however many they are."""
    open_holds = await store.open_holds(conn, [hold.cart_id for hold in holds])
    variants = {variant_id for hold in holds for variant_id in hold.demand} | {held.variant_id for held in open_holds}
    rows = await store.lock_stock(conn, sorted(variants))
    if open_holds:
        # Locking may have waited: the holds are read again as they are now that their rows are ours.
        open_holds = await store.open_holds(conn, [hold.cart_id for hold in holds])
    uncounted = await store.untracked(conn, sorted(variants))
    allocation = _Allocation(rows, open_holds, uncounted)
    outcomes = [allocation.take(hold) for hold in holds]
    if allocation.changed:
        await store.replace_holds(conn, allocation.closed, allocation.opened, allocation.deltas)
    return outcomes


class _Allocation:
    """Locked stock rows, from which holds are cut one after the other."""

    def __init__(self, rows: Iterable[StockRow], open_holds: Iterable[OpenHold], uncounted: set[int]) -> None:
        self._rows: dict[int, list[StockRow]] = {}
        for row in rows:
            self._rows.setdefault(row.variant_id, []).append(row)
        self._open: dict[UUID, list[OpenHold]] = {}
        for held in open_holds:
            self._open.setdefault(held.cart_id, []).append(held)
        self._uncounted = uncounted
        self._held_here: dict[UUID, list[tuple[Hold, int, int, int]]] = {}
        self.closed: list[OpenHold] = []
        self.deltas: dict[tuple[int, int], int] = {}

    @property
    def opened(self) -> list[tuple[Hold, int, int, int]]:
        """The new holds: (hold, variant, location, quantity)."""
        return [cut for cuts in self._held_here.values() for cut in cuts]

    @property
    def changed(self) -> bool:
        return bool(self.closed or self._held_here)

    def take(self, hold: Hold) -> OutOfStock | None:
        """Gives back what the cart held and cuts what it wants; all of it or, with the reason, nothing."""
        old = self._open.get(hold.cart_id, [])
        earlier = self._held_here.get(hold.cart_id, [])
        given_back = [(held.variant_id, held.location_id, held.quantity) for held in old] + [cut[1:] for cut in earlier]
        for variant_id, location_id, quantity in given_back:
            self._move(variant_id, location_id, -quantity)
        cuts: list[tuple[int, int, int]] = []
        short: list[tuple[int, int, int]] = []
        for variant_id, wanted in sorted(hold.demand.items()):
            if variant_id in self._uncounted or wanted <= 0:
                continue
            found, left = self._cut(variant_id, wanted, hold.country)
            cuts += found
            if left:
                short.append((variant_id, wanted, wanted - left))
        for variant_id, location_id, quantity in cuts:
            self._move(variant_id, location_id, quantity)
        if short:
            for variant_id, location_id, quantity in cuts:
                self._move(variant_id, location_id, -quantity)
            for variant_id, location_id, quantity in given_back:
                self._move(variant_id, location_id, quantity)
            return OutOfStock(short)
        self.closed += self._open.pop(hold.cart_id, [])
        self._held_here[hold.cart_id] = [(hold, *cut) for cut in cuts]
        return None

    def _cut(self, variant_id: int, wanted: int, country: str | None) -> tuple[list[tuple[int, int, int]], int]:
        """(variant, location, quantity) from the locations asked first, and how much is missing."""
        cuts: list[tuple[int, int, int]] = []
        for row in sorted(self._rows.get(variant_id, ()), key=lambda row: (row.priority, row.location_id)):
            if not row.active or (row.countries and country is not None and country not in row.countries):
                continue
            quantity = min(wanted, max(0, row.available))
            if quantity:
                cuts.append((variant_id, row.location_id, quantity))
                wanted -= quantity
            if not wanted:
                break
        return cuts, wanted

    def _move(self, variant_id: int, location_id: int, quantity: int) -> None:
        for row in self._rows.get(variant_id, ()):
            if row.location_id == location_id:
                row.reserved += quantity
        self.deltas[variant_id, location_id] = self.deltas.get((variant_id, location_id), 0) + quantity


async def extend_holds(conn: Connection, order_id: UUID, expires_at: datetime) -> None:
    """Lets the order's holds live longer, while it is being paid."""
    await store.extend_holds(conn, order_id, expires_at)


async def commit_holds(conn: Connection, order_id: UUID) -> int:
    """The order's holds become sales: on_hand and reserved go down, the ledger says 'sold'. Returns the units; a second call does nothing."""
    return await store.commit_holds(conn, order_id)


async def release_holds(conn: Connection, *, cart_id: UUID | None = None, order_id: UUID | None = None) -> int:
    """Gives back the holds of a cart (those no order has taken over) or of an order. Returns the units."""
    return await store.release_holds(conn, cart_id, order_id)


async def release_expired(conn: Connection, now: datetime, limit: int = 500) -> int:
    """Gives back carts' holds past their time, at most `limit` of them; returns how many."""
    return await store.release_expired(conn, now, limit)


async def restock(conn: Connection, order_id: UUID, lines: Iterable[tuple[int, int]], reason: Reason) -> None:
    """Puts units (variant, quantity) of an order back to where they were sold from; never more than it still has sold."""
    places = await store.sold_from(conn, order_id)
    back: list[tuple[int, int, int]] = []
    for variant_id, quantity in lines:
        for number, (sold_variant, location_id, sold) in enumerate(places):
            taken = min(quantity, sold) if sold_variant == variant_id else 0
            if taken:
                back.append((variant_id, location_id, taken))
                places[number] = (sold_variant, location_id, sold - taken)
                quantity -= taken
    if back:
        await store.put_back(conn, order_id, back, reason)


async def set_on_hand(
    conn: Connection, variant_id: int, location_id: int, quantity: int, *, reason: Reason = "count", actor: str
) -> None:
    """Sets what is counted on the shelf. Raises InvalidInput below what is held for shoppers, or for an unknown place."""
    field = f"stock-{location_id}"
    try:
        async with conn.transaction():
            await store.set_on_hand(conn, variant_id, location_id, quantity, reason, actor)
    except asyncpg.CheckViolationError as error:
        raise InvalidInput.of(field, "More than that is held for shoppers right now.") from error
    except asyncpg.ForeignKeyViolationError as error:
        raise InvalidInput.of(field, "There is no such variant or location.") from error


async def history(conn: Connection, variant_id: int, most: int = 50) -> list[StockMovement]:
    """The latest movements of a variant, newest first."""
    return await store.history(conn, variant_id, most)

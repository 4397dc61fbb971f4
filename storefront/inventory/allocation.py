"""Cutting holds from locked stock rows: pure, in order of arrival, each hold whole or not at all.

A line comes from the first location that can serve it whole from the shelf; else from the shelves in order of priority, split; else from
what may be sold ahead (backorder, preorder).
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from storefront.inventory.model import Cut, Hold, OpenHold, StockRow

Short = tuple[int, int, int]  # variant, wanted, available


class Allocation:
    """What the rows have left while one hold after the other is cut from them, and what has to be written in the end."""

    def __init__(self, rows: Iterable[StockRow], open_holds: Iterable[OpenHold], untracked: set[int]) -> None:
        self._rows: dict[int, dict[int, StockRow]] = {}
        for row in sorted(rows, key=lambda row: (row.priority, row.location_id)):
            self._rows.setdefault(row.variant_id, {})[row.location_id] = row
        self._open: dict[UUID, list[OpenHold]] = {}
        for held in open_holds:
            self._open.setdefault(held.cart_id, []).append(held)
        self._untracked = untracked
        self.closed: list[OpenHold] = []
        self.extended: list[tuple[OpenHold, Hold]] = []
        self.opened: list[tuple[Hold, Cut]] = []
        self.deltas: dict[tuple[int, int], int] = {}

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.closed or self.extended or self.opened)

    def take(self, hold: Hold) -> list[Short]:
        """Gives back what the cart held and cuts what it wants. What is short is returned, and then nothing has changed.

        A cart may come once in a batch: what it holds is known as it was before the batch.
        """
        old = self._open.get(hold.cart_id, [])
        for held in old:
            self._move(held.variant_id, held.location_id, -held.quantity)
        cuts: list[Cut] = []
        short: list[Short] = []
        for variant_id, wanted in sorted(hold.demand.items()):
            if variant_id in self._untracked:
                continue
            found, missing = self._cut(variant_id, wanted, hold.country)
            cuts += found
            if missing:
                short.append((variant_id, wanted, wanted - missing))
        if short:
            for held in old:
                self._move(held.variant_id, held.location_id, held.quantity)
            return short
        for cut in cuts:
            self._move(cut.variant_id, cut.location_id, cut.quantity)
        self._settle(hold, old, cuts)
        return []

    def _settle(self, hold: Hold, old: Sequence[OpenHold], cuts: Sequence[Cut]) -> None:
        """Holds that stay as they are only live longer; the others are closed and opened anew."""
        self._open.pop(hold.cart_id, None)
        kept = {(held.variant_id, held.location_id, held.quantity): held for held in old if held.order_id == hold.order_id}
        for cut in cuts:
            same = kept.pop((cut.variant_id, cut.location_id, cut.quantity), None)
            if same is not None:
                self.extended.append((same, hold))
            else:
                self.opened.append((hold, cut))
        extended = {held.id for held, _ in self.extended}
        self.closed += [held for held in old if held.id not in extended]

    def _cut(self, variant_id: int, wanted: int, country: str | None) -> tuple[list[Cut], int]:
        """The cuts of one line, and how much is missing."""
        rows = [row for row in self._rows.get(variant_id, {}).values() if row.serves(country)]
        whole = next((row for row in rows if row.on_shelf >= wanted), None)
        if whole is not None:
            return [Cut(variant_id, whole.location_id, wanted)], 0
        taken: dict[int, int] = {}
        for row in rows:
            taken[row.location_id] = min(wanted, max(0, row.on_shelf))
            wanted -= taken[row.location_id]
        for row in rows:
            ahead = min(wanted, max(0, row.available - taken[row.location_id]))
            taken[row.location_id] += ahead
            wanted -= ahead
        return [Cut(variant_id, location_id, quantity) for location_id, quantity in taken.items() if quantity], wanted

    def _move(self, variant_id: int, location_id: int, quantity: int) -> None:
        self._rows[variant_id][location_id].reserved += quantity
        self.deltas[variant_id, location_id] = self.deltas.get((variant_id, location_id), 0) + quantity

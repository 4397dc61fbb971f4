"""Types of inventory. Quantities are whole units."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec


class Cut(NamedTuple):
    """Units of a variant, taken at a location."""

    variant_id: int
    location_id: int
    quantity: int


class Hold(msgspec.Struct, frozen=True):
    """What a cart wants held: units of each variant, until `expires_at`. `country` chooses among locations.

    `cuts`: where all of it could come from the shelf, as stock was seen before; none when that is not known.
    """

    cart_id: UUID
    demand: dict[int, int]
    expires_at: datetime
    order_id: UUID | None = None
    country: str | None = None
    cuts: tuple[Cut, ...] = ()


class StockRow(msgspec.Struct):
    """A locked row of stock, while holds are being allocated on it. `backorder_limit` is 0 where the variant's policy is to deny."""

    variant_id: int
    location_id: int
    on_hand: int
    reserved: int
    backorder_limit: int
    priority: int
    countries: tuple[str, ...]
    active: bool

    @property
    def on_shelf(self) -> int:
        """What is there and not held; negative when more was sold ahead than has come in."""
        return self.on_hand - self.reserved

    @property
    def available(self) -> int:
        """What can still be held here, what may be sold ahead counted in."""
        return self.on_shelf + self.backorder_limit

    def serves(self, country: str | None) -> bool:
        """Whether the location delivers there; to an unknown country, every active one may."""
        return self.active and (not self.countries or country is None or country in self.countries)


class OpenHold(msgspec.Struct, frozen=True):
    """A reservation that is still held."""

    id: int
    cart_id: UUID
    order_id: UUID | None
    variant_id: int
    location_id: int
    quantity: int


class LockedStock(msgspec.Struct, frozen=True):
    """The stock of the wanted variants: as it stays until the transaction ends where it was locked, as it was at that moment elsewhere."""

    rows: list[StockRow]
    open_holds: list[OpenHold]
    untracked: set[int]


class StockMovement(msgspec.Struct, frozen=True):
    """A line of the stock ledger: who changed on_hand, why, by how much, and what it was then. No `actor`: the shop itself."""

    id: int
    location: str
    delta: int
    on_hand: int
    reason: str
    order_id: UUID | None
    actor: str | None
    at: datetime

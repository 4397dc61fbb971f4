"""Types of inventory. Quantities are whole units."""

from datetime import datetime
from uuid import UUID

import msgspec


class Hold(msgspec.Struct, frozen=True):
    """What a cart wants held: units of each variant, until `expires_at`. `country` chooses among locations."""

    cart_id: UUID
    demand: dict[int, int]
    expires_at: datetime
    order_id: UUID | None = None
    country: str | None = None


class StockRow(msgspec.Struct):
    """A locked row of stock, while holds are being allocated on it."""

    variant_id: int
    location_id: int
    on_hand: int
    reserved: int
    backorder_limit: int
    priority: int
    countries: tuple[str, ...]
    active: bool

    @property
    def available(self) -> int:
        """What can still be held here, the backorder limit counted in."""
        return self.on_hand + self.backorder_limit - self.reserved


class OpenHold(msgspec.Struct, frozen=True):
    id: int
    cart_id: UUID
    variant_id: int
    location_id: int
    quantity: int


class StockMovement(msgspec.Struct, frozen=True):
    """A line of the stock ledger: who changed on_hand, why, and by how much."""

    id: int
    location_id: int
    delta: int
    reason: str
    order_id: UUID | None
    actor: str
    at: datetime

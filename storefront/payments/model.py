"""Types of payments. Amounts are integer minor units."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

AttemptState = Literal["open", "requires_action", "processing", "authorized", "succeeded", "declined", "cancelled", "stuck"]


class ProviderAnswer(msgspec.Struct, frozen=True):
    """What the provider says of one attempt. `amount` is what it moved or holds, by its own ledger."""

    state: Literal["requires_action", "processing", "authorized", "succeeded", "declined", "cancelled"]
    provider_ref: str
    amount: int
    currency: str
    captured: int = 0
    refunded: int = 0
    decline_code: str | None = None
    message: str | None = None
    redirect_url: str | None = None


class ChargeRequest(msgspec.Struct, frozen=True):
    """Create and confirm one payment intent. `attempt_id` is also the provider's idempotency key.

    `payment_method` is the provider's token (pm_…), or None to be sent to the provider's own hosted page.
    """

    attempt_id: UUID
    order_id: UUID
    order_number: str
    amount: int
    currency: str
    payment_method: str | None
    return_url: str
    email: str
    capture_later: bool = False


class ProviderEvent(msgspec.Struct, frozen=True):
    """A webhook whose signature and time were checked. Only `kind` and `object_ref` are trusted, never amounts."""

    id: str
    kind: str
    object_ref: str
    created: datetime
    payload: dict[str, Any]


class ProviderPayment(msgspec.Struct, frozen=True):
    """One payment as the provider's ledger has it; `attempt_id` and `order_number` are what we gave along."""

    provider_ref: str
    attempt_id: str | None
    order_number: str | None
    state: Literal["requires_action", "processing", "authorized", "succeeded", "declined", "cancelled"]
    amount: int
    captured: int
    refunded: int

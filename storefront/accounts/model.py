"""Types of accounts."""

from datetime import datetime
from uuid import UUID

import msgspec

from storefront.pricing.model import Address


class Customer(msgspec.Struct, frozen=True):
    """A registered shopper. `verified` says that mail to `email` was received and answered."""

    id: UUID
    email: str
    name: str
    group: str
    verified: bool
    created_at: datetime


class SavedAddress(msgspec.Struct, frozen=True):
    id: UUID
    address: Address
    is_default: bool


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """What a shopper gives to open an account."""

    email: str
    name: str
    password: str


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str

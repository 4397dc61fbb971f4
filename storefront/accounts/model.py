"""Types of accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from storefront.accounts.passwords import LONGEST, SHORTEST
from storefront.pricing.model import Address

_EMAIL = {"format": "email", "maxLength": 254}


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

    email: Annotated[str, Meta(extra_json_schema=_EMAIL)]
    name: Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 100})]
    password: Annotated[str, Meta(extra_json_schema={"minLength": SHORTEST, "maxLength": LONGEST})]


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    email: str
    password: str

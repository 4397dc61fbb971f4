"""SQL of accounts: rows to types, nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from storefront.accounts.model import Customer, SavedAddress
from storefront.platform.database import Connection
from storefront.platform.sql import load
from storefront.pricing.model import Address

queries = load("accounts")


def to_customer(row: Mapping[str, Any]) -> Customer:
    return Customer(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        group=row["customer_group"],
        verified=row["email_verified_at"] is not None,
        created_at=row["created_at"],
    )


def _address(row: Mapping[str, Any]) -> SavedAddress:
    return SavedAddress(row["id"], msgspec.convert(row["address"], Address), row["is_default"])


async def insert_customer(conn: Connection, email: str, name: str, password_hash: str) -> Customer | None:
    """The new customer, or None when the address is taken."""
    row = await queries.insert_customer(conn, email=email, name=name, password_hash=password_hash)
    return to_customer(row) if row else None


async def customer_by_id(conn: Connection, customer_id: UUID) -> Customer | None:
    row = await queries.customer_by_id(conn, customer_id=customer_id)
    return to_customer(row) if row else None


async def customer_by_email(conn: Connection, email: str) -> tuple[Customer, str] | None:
    """The customer and the hash of the password. `email` in small letters, as Python has them."""
    row = await queries.customer_by_email(conn, email=email)
    return (to_customer(row), row["password_hash"]) if row else None


async def password_hash_of(conn: Connection, customer_id: UUID) -> str | None:
    found: str | None = await queries.password_hash_of(conn, customer_id=customer_id)
    return found


async def update_name(conn: Connection, customer_id: UUID, name: str) -> None:
    await queries.update_name(conn, customer_id=customer_id, name=name)


async def update_password(conn: Connection, customer_id: UUID, password_hash: str, before: str | None) -> bool:
    """Sets the hash, and uses up what links to a new password there are; False when it is not `before` any more (None: whatever it is)."""
    return bool(await queries.update_password(conn, customer_id=customer_id, password_hash=password_hash, before=before))


async def password_is(conn: Connection, customer_id: UUID, password_hash: str) -> bool:
    """Whether the hash is still this; it stays so until the transaction ends."""
    return bool(await queries.password_is(conn, customer_id=customer_id, password_hash=password_hash))


async def verify_email(conn: Connection, customer_id: UUID, now: datetime) -> bool:
    """Whether it had not been before."""
    return bool(await queries.verify_email(conn, customer_id=customer_id, now=now))


async def empty_account(conn: Connection, customer_id: UUID) -> None:
    await queries.empty_account(conn, customer_id=customer_id)


async def addresses(conn: Connection, customer_id: UUID) -> list[SavedAddress]:
    return [_address(row) for row in await queries.addresses(conn, customer_id=customer_id)]


async def address_by_id(conn: Connection, customer_id: UUID, address_id: UUID) -> SavedAddress | None:
    row = await queries.address_by_id(conn, customer_id=customer_id, address_id=address_id)
    return _address(row) if row else None


async def lock_customer(conn: Connection, customer_id: UUID) -> None:
    """Until the end of the transaction, nobody else changes what belongs to the account."""
    await queries.lock_customer(conn, customer_id=customer_id)


async def insert_address(conn: Connection, customer_id: UUID, address: Address, is_default: bool, most: int) -> SavedAddress | None:
    """The saved address, or None when the customer already has `most` of them."""
    if is_default:
        await queries.clear_default(conn, customer_id=customer_id, except_id=None)
    row = await queries.insert_address(
        conn, customer_id=customer_id, address=msgspec.to_builtins(address), is_default=is_default, most=most
    )
    return _address(row) if row else None


async def update_address(conn: Connection, customer_id: UUID, address_id: UUID, address: Address, is_default: bool) -> SavedAddress | None:
    if is_default:
        await queries.clear_default(conn, customer_id=customer_id, except_id=address_id)
    row = await queries.update_address(
        conn,
        customer_id=customer_id,
        address_id=address_id,
        address=msgspec.to_builtins(address),
        is_default=is_default,
    )
    return _address(row) if row else None


async def delete_address(conn: Connection, customer_id: UUID, address_id: UUID) -> bool:
    count: int = await queries.delete_address(conn, customer_id=customer_id, address_id=address_id)
    return count > 0


async def insert_token(conn: Connection, token_hash: bytes, customer_id: UUID, purpose: str, expires_at: datetime) -> None:
    await queries.insert_account_token(conn, token_hash=token_hash, customer_id=customer_id, purpose=purpose, expires_at=expires_at)


async def take_token(conn: Connection, token_hash: bytes, purpose: str, now: datetime, customer_id: UUID | None = None) -> UUID | None:
    """The customer whose one-time token this is, if it is the one named; the token is used up."""
    found: UUID | None = await queries.take_account_token(conn, token_hash=token_hash, purpose=purpose, now=now, customer_id=customer_id)
    return found


async def delete_expired_tokens(conn: Connection, now: datetime) -> None:
    await queries.delete_expired_tokens(conn, now=now)


async def token_exists(conn: Connection, token_hash: bytes, purpose: str, now: datetime) -> bool:
    return bool(await queries.account_token_exists(conn, token_hash=token_hash, purpose=purpose, now=now))

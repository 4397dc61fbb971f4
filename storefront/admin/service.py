"""Operators: who may open the back office."""

from uuid import UUID

import msgspec

from storefront.accounts.passwords import LONGEST, hash_password, verify_password
from storefront.accounts.service import WrongCredentials
from storefront.platform.database import Connection, Database
from storefront.platform.errors import FieldError
from storefront.platform.sql import load

queries = load("admin")


class Operator(msgspec.Struct, frozen=True):
    id: UUID
    email: str


async def ensure_operator(conn: Connection, email: str, password: str) -> bool:
    """Makes the operator account as the settings have it: a new password there is the account's from now on. Returns whether it changed."""
    row = await queries.operator_by_email(conn, email=email)
    if row is not None and await verify_password(password, row["password_hash"]):
        return False
    await queries.upsert_operator(conn, email=email, password_hash=await hash_password(password))
    return True


async def sign_in(database: Database, email: str, password: str) -> Operator:
    """No connection is held while the password is checked. Raises WrongCredentials."""
    async with database.write() as conn:
        row = await queries.operator_by_email(conn, email=email.strip())
    right = await verify_password(password[: LONGEST + 1], row["password_hash"] if row else None)
    if row is None or not right:
        raise WrongCredentials(fields=[FieldError("email", WrongCredentials.title + ".")])
    return Operator(row["id"], row["email"])


async def operator_email(conn: Connection, operator_id: UUID) -> str:
    """The address of a signed-in operator; it is the actor in histories and ledgers."""
    found: str = await queries.operator_by_id(conn, operator_id=operator_id)
    return found

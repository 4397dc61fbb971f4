"""What an operator sees of customers, and the group each is in. Promotions can be for a group; a change is in the very next price."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from storefront.accounts.model import Customer
from storefront.accounts.service import customer, spelled_alike
from storefront.accounts.store import to_customer
from storefront.platform.database import Connection
from storefront.platform.errors import InvalidInput
from storefront.platform.sql import load
from storefront.platform.trail import note, note_each
from storefront.pricing.model import LONGEST_GROUP

queries = load("accounts_editing")

MOST_GROUPS = 500


class Grouped(msgspec.Struct, frozen=True):
    """What became of a list of addresses: how many were put into the group, and were in it before; how many of both have not confirmed
    their address; and the addresses without an account, as they were given.
    """

    put: int
    before: int
    unconfirmed: int
    unknown: tuple[str, ...]


async def customers(conn: Connection, *, text: str = "", group: str = "", after: str = "", most: int) -> list[Customer]:
    """By address, from behind `after`. `text` is part of an address or of a name; `group` (empty: all) is one of `groups`."""
    if group:
        rows = await queries.customers_of_group(conn, customer_group=group, text=text, after=after, most=most)
    elif text:
        rows = await queries.customers_matching(conn, text=text, after=after, most=most)
    else:
        rows = await queries.customers_for_operator(conn, after=after, most=most)
    return [to_customer(row) for row in rows]


async def groups(conn: Connection) -> list[str]:
    """The groups that customers are in, by name."""
    return [row["name"] for row in await queries.groups(conn, most=MOST_GROUPS)]


def checked_group(group: str) -> str:
    """The name of a group as it is stored, "" for none. Raises InvalidInput (field `group`)."""
    name = group.strip()
    if len(name) > LONGEST_GROUP or not name.isprintable():
        raise InvalidInput.of("group", f"Enter the name of a group, of up to {LONGEST_GROUP} characters, or nothing.")
    return name


async def set_group(conn: Connection, customer_id: UUID, group: str, *, actor: str, now: datetime) -> None:
    """Puts a customer into a group, or ("") takes them out of theirs; a repeat changes nothing. In the caller's transaction.

    Raises InvalidInput, NotFound.
    """
    name = checked_group(group)
    if await queries.set_group(conn, customer_id=customer_id, customer_group=name) is None:
        await customer(conn, customer_id)
        return
    await note(conn, "customer", str(customer_id), _action(name), {"group": name}, actor=actor, now=now)


async def set_group_of(conn: Connection, emails: Sequence[str], group: str, *, actor: str, now: datetime) -> Grouped:
    """As `set_group`, of all who have an account with one of the addresses. In the caller's transaction. Raises InvalidInput."""
    name = checked_group(group)
    found = await queries.lock_customers(conn, emails=[spelled_alike(email) for email in emails])
    put = [row["id"] for row in found if row["customer_group"] != name]
    await queries.set_group_of(conn, ids=put, customer_group=name)
    await note_each(conn, "customer", [str(customer_id) for customer_id in put], _action(name), {"group": name}, actor=actor, now=now)
    known = {row["email"] for row in found}
    return Grouped(
        put=len(put),
        before=len(found) - len(put),
        unconfirmed=sum(not row["verified"] for row in found),
        unknown=tuple(email for email in emails if spelled_alike(email) not in known),
    )


def _action(group: str) -> str:
    return "put into a group" if group else "taken out of the group"

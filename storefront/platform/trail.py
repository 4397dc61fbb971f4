"""Who changed what in the back office: written in the transaction of the change, read beside the thing. Money and stock have ledgers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from storefront.platform.database import Connection
from storefront.platform.sql import load

queries = load("trail")

Subject = Literal["promotion", "gift_card", "search", "customer", "location", "stock"]


class OperatorChange(msgspec.Struct, frozen=True):
    """What was done to a thing, by whom, and what it is from then on."""

    action: str
    data: dict[str, Any]
    actor: str
    at: datetime


async def note(conn: Connection, subject: Subject, key: str, action: str, data: Any, *, actor: str, now: datetime) -> None:
    """Writes down a change in the caller's transaction. `data` is anything that JSON can say."""
    plain = msgspec.to_builtins(data)
    await queries.note_change(conn, subject=subject, key=key, action=action, data=plain, actor=actor, now=now)


async def note_each(conn: Connection, subject: Subject, keys: Sequence[str], action: str, data: Any, *, actor: str, now: datetime) -> None:
    """As `note`, of several things that the same is done to."""
    plain = msgspec.to_builtins(data)
    await queries.note_changes(conn, subject=subject, keys=list(keys), action=action, data=plain, actor=actor, now=now)


async def changes_of(conn: Connection, subject: Subject, key: str | None = None, *, most: int = 50) -> list[OperatorChange]:
    """The latest changes of a thing, or of all things of a kind, newest first."""
    return [OperatorChange(**row) for row in await queries.changes_of(conn, subject=subject, key=key, most=most)]

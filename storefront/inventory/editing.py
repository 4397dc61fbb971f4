"""What an operator changes of stock by hand: where it lies, how much of it there is, and how much may be sold ahead."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import asyncpg
import msgspec

from storefront.catalog import editing as catalog
from storefront.catalog.editing import StockPolicy
from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput, NotFound
from storefront.platform.sql import load
from storefront.platform.trail import note

queries = load("inventory_editing")

ByHand = Literal["count", "received", "damaged", "correction"]  # the reasons that an operator may have

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class LocationRow(msgspec.Struct, frozen=True):
    """A row of the operator's list of locations, with what lies there of all variants."""

    id: int
    code: str
    name: str
    priority: int
    countries: tuple[str, ...]
    active: bool
    on_hand: int
    reserved: int


class LocationDraft(msgspec.Struct, frozen=True):
    """A location as a form gives it. Lower `priority` is asked first; without `countries` (ISO 3166-1 alpha-2) it delivers everywhere.

    `code` names it in catalog files, and stays what it was made with.
    """

    code: str
    name: str
    priority: int = 0
    countries: tuple[str, ...] = ()
    active: bool = True


class Shelf(msgspec.Struct, frozen=True):
    """A variant at a location. `backorder_limit`: how far below zero what is available may fall."""

    variant_id: int
    location_id: int
    code: str
    name: str
    active: bool
    on_hand: int
    reserved: int
    backorder_limit: int

    @property
    def available(self) -> int:
        """What can be sold from the shelf; negative when more was sold ahead than has come in."""
        return self.on_hand - self.reserved


class Count(NamedTuple):
    """What is on hand from now on, and what it was when somebody looked (None: that does not matter). The same twice says nothing. What
    others have changed since somebody looked is not counted away.
    """

    on_hand: int
    seen: int | None = None


class StockChange(msgspec.Struct, frozen=True):
    """The stock of a variant as a form gives it, by location id. No `policy`: it stays. Limits are for a policy that sells ahead."""

    counts: Mapping[int, Count] = {}
    reason: ByHand = "count"
    policy: StockPolicy | None = None
    limits: Mapping[int, int] = {}


class _Row(NamedTuple):
    on_hand: int
    reserved: int
    backorder_limit: int


_NOTHING = _Row(0, 0, 0)  # no row and a row of zero are the same


# --- locations -------------------------------------------------------------------------------------------------------------------


async def locations(conn: Connection) -> list[LocationRow]:
    """Open ones first, in the order in which they are asked."""
    return [msgspec.convert(dict(row), LocationRow) for row in await queries.locations_for_operator(conn)]


async def location(conn: Connection, location_id: int) -> LocationDraft:
    """As it is now. Raises NotFound."""
    row = await queries.location_for_operator(conn, location_id=location_id)
    if row is None:
        raise NotFound("There is no such location.")
    return msgspec.convert(dict(row), LocationDraft)


async def make_location(conn: Connection, draft: LocationDraft, *, actor: str, now: datetime) -> int:
    """Returns its id. In the caller's transaction. Raises InvalidInput."""
    wrong = _refusals(draft)
    if not _CODE.fullmatch(draft.code):
        wrong.insert(0, FieldError("code", "Use up to 40 letters of A to Z, digits, hyphens and underscores."))
    if wrong:
        raise InvalidInput(fields=wrong)
    made: int | None = await queries.insert_location(conn, **msgspec.structs.asdict(draft))
    if made is None:
        raise InvalidInput.of("code", "Another location has this code already.")
    await note(conn, "location", str(made), "made", draft, actor=actor, now=now)
    return made


async def save_location(conn: Connection, location_id: int, draft: LocationDraft, *, actor: str, now: datetime) -> None:
    """Changes all but its code; a repeat changes nothing. In the caller's transaction. Raises InvalidInput, NotFound.

    A location that is closed gets no new holds. What is held there already is still sold from there.
    """
    wrong = _refusals(draft)
    if wrong:
        raise InvalidInput(fields=wrong)
    before = await location(conn, location_id)
    fields = msgspec.structs.asdict(draft)
    del fields["code"]
    if await queries.update_location(conn, location_id=location_id, **fields) is None:
        return
    action = "changed" if draft.active == before.active else "opened" if draft.active else "closed"
    await note(conn, "location", str(location_id), action, msgspec.structs.replace(draft, code=before.code), actor=actor, now=now)


def _refusals(draft: LocationDraft) -> list[FieldError]:
    found = []
    if not 1 <= len(draft.name) <= 100:
        found.append(FieldError("name", "Enter a name of up to 100 characters."))
    if not -1000 <= draft.priority <= 1000:
        found.append(FieldError("priority", "Enter a whole number from -1000 to 1000."))
    if not all(_COUNTRY.fullmatch(code) for code in draft.countries):
        found.append(FieldError("countries", "Enter codes of two letters, such as DE, AT."))
    return found


# --- the stock of a variant ------------------------------------------------------------------------------------------------------


async def shelves(conn: Connection, variant_ids: Sequence[int]) -> dict[int, list[Shelf]]:
    """Where each variant may lie: every open location, and closed ones that still have some of it or owe it."""
    found: dict[int, list[Shelf]] = {variant_id: [] for variant_id in variant_ids}
    for row in await queries.shelves_of(conn, variant_ids=list(variant_ids)):
        found[row["variant_id"]].append(Shelf(**row))
    return found


async def save_stock(conn: Connection, variant_id: int, change: StockChange, *, actor: str, now: datetime) -> None:
    """Changes what is on hand, the policy and its limits in the caller's transaction; the ledger names the actor and the reason.

    When the policy is to sell nothing ahead, limits fall to what is owed already. Raises NotFound, and InvalidInput (fields
    `stock-<location id>`, `limit-<location id>`, `policy`).
    """
    before = await catalog.lock_stock_policy(conn, variant_id)
    policy = change.policy or before
    known = {place: _Row(*figures) for place, *figures in await queries.lock_shelves(conn, variant_id=variant_id)}
    wanted = _wanted(known, change, sells_ahead=policy != "deny")
    if policy not in ("deny", before) and not any(row.backorder_limit for row in wanted.values()):
        raise InvalidInput.of("policy", "Say below how many may be sold ahead.")
    changed = {place: row for place, row in wanted.items() if row != known.get(place, _NOTHING)}
    if changed:
        await _write(conn, variant_id, changed, change.reason, actor)
    if policy != before:
        await catalog.set_stock_policy(conn, variant_id, policy, now)
    if policy != before or any(row.backorder_limit != known.get(place, _NOTHING).backorder_limit for place, row in changed.items()):
        await note(conn, "stock", str(variant_id), "policy changed", await _policy_of(conn, variant_id, policy), actor=actor, now=now)


def _wanted(known: Mapping[int, _Row], change: StockChange, *, sells_ahead: bool) -> dict[int, _Row]:
    """Every row as it is to be, in the order of locks. Raises InvalidInput that names every count and limit that cannot be."""
    found: dict[int, _Row] = {}
    errors: list[FieldError] = []
    for place in sorted({*known, *change.counts, *change.limits}):
        row = known.get(place, _NOTHING)
        count = change.counts.get(place, Count(row.on_hand))
        on_hand = row.on_hand if count.on_hand == count.seen else count.on_hand
        owed = max(0, row.reserved - on_hand)
        limit = change.limits.get(place, row.backorder_limit) if sells_ahead else min(row.backorder_limit, owed)
        if on_hand != row.on_hand and count.seen not in (None, row.on_hand):
            errors.append(FieldError(f"stock-{place}", f"It is {row.on_hand} by now, and was {count.seen} when you looked."))
        elif limit < owed and on_hand != row.on_hand:
            errors.append(
                FieldError(f"stock-{place}", f"Shoppers hold {row.reserved}, or it was sold ahead: at least {row.reserved - limit}.")
            )
        elif limit < owed:
            errors.append(FieldError(f"limit-{place}", f"So many have been sold ahead already: at least {owed}."))
        found[place] = row._replace(on_hand=on_hand, backorder_limit=limit)
    if errors:
        raise InvalidInput(fields=errors)
    return found


async def _write(conn: Connection, variant_id: int, rows: Mapping[int, _Row], reason: ByHand, actor: str) -> None:
    try:
        async with conn.transaction():
            await queries.begin_by_hand(conn, reason=reason, actor=actor)
            await queries.write_shelves(
                conn,
                variant_id=variant_id,
                location_ids=list(rows),
                on_hand=[row.on_hand for row in rows.values()],
                backorder_limits=[row.backorder_limit for row in rows.values()],
            )
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such location.") from error


async def _policy_of(conn: Connection, variant_id: int, policy: StockPolicy) -> dict[str, Any]:
    """As the trail tells it."""
    found = (await shelves(conn, [variant_id]))[variant_id]
    return {"policy": policy} | {f"ahead at {shelf.code}": shelf.backorder_limit for shelf in found if shelf.backorder_limit}

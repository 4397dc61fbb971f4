"""What an operator changes of promotions and coupons. Each change is written down with who made it, and told by the change feed."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import msgspec

from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput, NotFound
from storefront.platform.sql import load
from storefront.platform.trail import note
from storefront.pricing.model import LONGEST_GROUP, PromotionKind, PromotionTerms

queries = load("pricing_editing")

MOST_ROWS = 500
MOST_CODES = 10_000  # in one batch
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are misread
_RANDOM = 10  # letters of a made code, 50 bits
_LONGEST_CODE = 40
_IN_CODES = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class PromotionDraft(PromotionTerms, frozen=True, kw_only=True):
    """A promotion as an operator wants it."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    needs_coupon: bool = False
    active: bool = True


class PromotionRow(msgspec.Struct, frozen=True):
    """A row of the list. `uses` counts those of its codes."""

    id: int
    name: str
    kind: PromotionKind
    percent_ppm: int | None
    amount: int | None
    currency: str | None
    buy_quantity: int | None
    get_quantity: int | None
    needs_coupon: bool
    active: bool
    priority: int
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime
    coupons: int
    uses: int

    def state(self, now: datetime) -> str:
        """Whether it runs: off, planned, running, over."""
        if not self.active:
            return "off"
        if self.starts_at is not None and self.starts_at > now:
            return "planned"
        return "over" if self.ends_at is not None and self.ends_at <= now else "running"


class Coupon(msgspec.Struct, frozen=True):
    """A code and its uses: at most `usage_limit` by everybody, `customer_limit` by each customer; None: no limit. One that is `withdrawn`
    is of no use, also when an order gives its use back.
    """

    code: str
    usage_limit: int | None
    customer_limit: int | None
    used: int
    withdrawn: bool


class NewCoupons(msgspec.Struct, frozen=True):
    """One code of one's own choice, or `count` made ones that begin with `prefix`."""

    code: str = ""
    count: int = 1
    prefix: str = ""
    usage_limit: int | None = None
    customer_limit: int | None = None


async def promotions(conn: Connection, text: str = "") -> list[PromotionRow]:
    """What runs first; `text` is part of a name, or a code."""
    rows = await queries.promotions_for_operator(conn, text=text, most=MOST_ROWS)
    return [msgspec.convert(dict(row), PromotionRow) for row in rows]


async def promotion(conn: Connection, promotion_id: int) -> PromotionDraft:
    """As it is now. Raises NotFound."""
    row = await queries.promotion_for_operator(conn, promotion_id=promotion_id)
    if row is None:
        raise NotFound("There is no such promotion.")
    return msgspec.convert(dict(row), PromotionDraft)


async def groups(conn: Connection) -> list[str]:
    """The groups of customers that promotions are for, by name."""
    return [row["name"] for row in await queries.groups_of_promotions(conn, most=MOST_ROWS)]


def refusals(draft: PromotionDraft) -> list[FieldError]:
    """What cannot be meant."""
    found: list[FieldError] = []

    def check(holds: bool, field: str, reason: str) -> None:
        if not holds:
            found.append(FieldError(field, reason))

    check(1 <= len(draft.name) <= 100, "name", "Enter a name of up to 100 characters.")
    if draft.kind == "percentage":
        check(draft.percent_ppm is not None and 1 <= draft.percent_ppm <= 1_000_000, "percent", "Enter a percentage above 0, up to 100.")
    if draft.kind == "fixed":
        check(draft.amount is not None and 0 < draft.amount <= 10**12, "amount", "Enter an amount above zero.")
        check(draft.currency is not None, "currency", "Choose the currency.")
    if draft.kind == "buy_x_get_y":
        for field, quantity in (("buy_quantity", draft.buy_quantity), ("get_quantity", draft.get_quantity)):
            check(quantity is not None and 1 <= quantity <= 1000, field, "Enter a whole number from 1 to 1000.")
    check(0 <= draft.minimum_subtotal <= 10**12, "minimum_subtotal", "Enter an amount that is not below zero.")
    check(draft.currency is not None or not draft.minimum_subtotal, "currency", "Choose the currency of the minimum.")
    named = len(draft.customer_group or "") <= LONGEST_GROUP
    check(named, "customer_group", f"Enter the name of a group, of up to {LONGEST_GROUP} characters.")
    check(-1000 <= draft.priority <= 1000, "priority", "Enter a whole number from -1000 to 1000.")
    if draft.starts_at is not None and draft.ends_at is not None:
        check(draft.starts_at < draft.ends_at, "ends_at", "The end must come after the start.")
    return found


async def save_promotion(conn: Connection, promotion_id: int | None, draft: PromotionDraft, *, actor: str, now: datetime) -> int:
    """Makes a promotion, or changes one; returns its id. In the caller's transaction. Raises InvalidInput, NotFound."""
    wrong = refusals(draft)
    if wrong:
        raise InvalidInput(fields=wrong)
    fields = msgspec.structs.asdict(draft)
    if promotion_id is None:
        saved = await queries.insert_promotion(conn, **fields, now=now)
    else:
        saved = await queries.update_promotion(conn, promotion_id=promotion_id, **fields, now=now)
    if saved is None:
        raise NotFound("There is no such promotion.")
    await note(conn, "promotion", str(saved), "made" if promotion_id is None else "changed", draft, actor=actor, now=now)
    return int(saved)


async def set_active(conn: Connection, promotion_id: int, active: bool, *, actor: str, now: datetime) -> None:
    """Turns it on or off; a repeat changes nothing. Raises NotFound."""
    if await queries.set_promotion_active(conn, promotion_id=promotion_id, active=active, now=now) is None:
        await promotion(conn, promotion_id)
        return
    await note(conn, "promotion", str(promotion_id), "turned on" if active else "turned off", {}, actor=actor, now=now)


async def coupons(conn: Connection, promotion_id: int, *, after: str = "", most: int = MOST_ROWS) -> list[Coupon]:
    """The codes of a promotion, by code."""
    rows = await queries.coupons_of(conn, promotion_id=promotion_id, after=after, most=most)
    return [Coupon(**row) for row in rows]


async def add_coupons(conn: Connection, promotion_id: int, wanted: NewCoupons, *, actor: str, now: datetime) -> list[str]:
    """Adds codes; returns them. In the caller's transaction. Raises InvalidInput, NotFound."""
    own, prefix = wanted.code.strip().upper(), wanted.prefix.strip().upper()
    errors = _limit_refusals(wanted.usage_limit, wanted.customer_limit)
    if own and (not _is_code(own) or len(own) < 3):
        errors.append(FieldError("code", f"Use 3 to {_LONGEST_CODE} letters of A to Z, digits and hyphens."))
    if prefix and (not _is_code(prefix) or len(prefix) > _LONGEST_CODE - _RANDOM):
        errors.append(FieldError("prefix", f"Use up to {_LONGEST_CODE - _RANDOM} letters of A to Z, digits and hyphens."))
    if not 1 <= wanted.count <= MOST_CODES:
        errors.append(FieldError("count", f"Enter a whole number from 1 to {MOST_CODES}."))
    if errors:
        raise InvalidInput(fields=errors)
    found = await queries.lock_promotion(conn, promotion_id=promotion_id)
    if found is None:
        raise NotFound("There is no such promotion.")
    if not found["needs_coupon"]:
        raise InvalidInput.of("code", "This promotion runs by itself. Let it need a code first.")
    added = await _insert(conn, promotion_id, [own] if own else _made(prefix, wanted.count), wanted)
    if own and not added:
        raise InvalidInput.of("code", "There is such a code already.")
    while len(added) < (1 if own else wanted.count):  # one that was made is taken already
        added += await _insert(conn, promotion_id, _made(prefix, wanted.count - len(added)), wanted)
    what = {"codes": len(added), "first": min(added), "usage_limit": wanted.usage_limit, "customer_limit": wanted.customer_limit}
    await note(conn, "promotion", str(promotion_id), "codes added", what, actor=actor, now=now)
    return sorted(added)


async def set_limits(
    conn: Connection, promotion_id: int, code: str, usage_limit: int | None, customer_limit: int | None, *, actor: str, now: datetime
) -> None:
    """Changes how often a code may be used; one that was withdrawn may be used again. Raises InvalidInput, NotFound."""
    wrong = _limit_refusals(usage_limit, customer_limit)
    if wrong:
        raise InvalidInput(fields=wrong)
    coupon = await _coupon(conn, promotion_id, code)
    if usage_limit is not None and usage_limit < coupon.used:
        raise InvalidInput.of("usage_limit", f"It has been used {coupon.used} times already.")
    await queries.set_coupon_limits(conn, promotion_id=promotion_id, code=code, usage_limit=usage_limit, customer_limit=customer_limit)
    what = {"code": code, "usage_limit": usage_limit, "customer_limit": customer_limit}
    await note(conn, "promotion", str(promotion_id), "limits changed", what, actor=actor, now=now)


async def withdraw(conn: Connection, promotion_id: int, code: str, *, actor: str, now: datetime) -> None:
    """Nobody can use the code from now on. One that was never used is deleted; what was used stays, for the orders it was used for."""
    coupon = await _coupon(conn, promotion_id, code)
    if coupon.used == 0:
        await queries.delete_coupon(conn, code=code)
    else:
        await queries.withdraw_coupon(conn, code=code)
    await note(conn, "promotion", str(promotion_id), "code withdrawn", {"code": code, "used": coupon.used}, actor=actor, now=now)


async def _coupon(conn: Connection, promotion_id: int, code: str) -> Coupon:
    """Locked, so that its uses cannot grow before its limit is changed."""
    row = await queries.coupon_for_update(conn, promotion_id=promotion_id, code=code)
    if row is None:
        raise NotFound("There is no such code.")
    return Coupon(**row)


async def _insert(conn: Connection, promotion_id: int, codes: Sequence[str], wanted: NewCoupons) -> list[str]:
    rows = await queries.insert_coupons(
        conn, promotion_id=promotion_id, codes=list(codes), usage_limit=wanted.usage_limit, customer_limit=wanted.customer_limit
    )
    return [row["code"] for row in rows]


def _made(prefix: str, count: int) -> list[str]:
    return [prefix + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM)) for _ in range(count)]


def _is_code(text: str) -> bool:
    return len(text) <= _LONGEST_CODE and _IN_CODES.issuperset(text)


def _limit_refusals(usage_limit: int | None, customer_limit: int | None) -> list[FieldError]:
    limits = (("usage_limit", usage_limit), ("customer_limit", customer_limit))
    reason = "Enter a whole number from 1, or nothing for no limit."
    return [FieldError(field, reason) for field, limit in limits if limit is not None and not 1 <= limit <= 10**9]

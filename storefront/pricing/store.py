"""SQL of pricing: rows to types, nothing else."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from storefront.platform.database import Connection
from storefront.platform.questions import Question
from storefront.platform.sql import load
from storefront.pricing.model import ExchangeCredit, GiftCard, Promotion, Standing
from storefront.pricing.rules import ShopRules

queries = load("pricing")


class CodeState(msgspec.Struct, frozen=True):
    """What became of a code that was entered: its promotion, or why there is none to apply."""

    code: str
    promotion: Promotion | None
    running: bool
    used_up: bool
    used_up_by_customer: bool


def version() -> Question[str]:
    """The version of the rules."""
    return Question(queries.pricing_version, {}, lambda rows: str(rows[0]["version"]))


async def rules(conn: Connection) -> tuple[str, ShopRules]:
    """The rules, and their version."""
    row = await queries.rules(conn)
    found = {name: row[name] for name in ("promotions", "tax_rates", "zones")}
    return str(row["version"]), msgspec.convert(found, ShopRules)


async def entered_codes(
    conn: Connection, cart_id: UUID, customer_id: UUID | None, codes: Sequence[str], email: str | None, now: datetime
) -> list[CodeState]:
    """The state of each code for this cart. What the cart's own pending order has used does not count."""
    rows = await queries.entered_codes(conn, cart_id=cart_id, customer_id=customer_id, codes=list(codes), email=email, now=now)
    return [
        CodeState(
            row["coupon_code"],
            msgspec.convert(row["promotion"] | {"coupon_code": row["coupon_code"]}, Promotion) if row["promotion"] is not None else None,
            bool(row["running"]),
            bool(row["used_up"]),
            bool(row["used_up_by_customer"]),
        )
        for row in rows
    ]


async def gift_cards(conn: Connection, cart_id: UUID, ids: Sequence[int], now: datetime) -> list[tuple[GiftCard, bool]]:
    """(card, whether it may be used now), in the order of `ids`, with what is left for this cart."""
    rows = await queries.gift_cards(conn, cart_id=cart_id, ids=list(ids), now=now)
    return [(GiftCard(row["id"], row["last_four"], row["currency"], row["balance"], row["expires_at"]), row["usable"]) for row in rows]


async def standing(conn: Connection, customer_id: UUID | None, email: str | None, cart_id: UUID) -> Standing:
    row = await queries.standing(conn, customer_id=customer_id, email=email, cart_id=cart_id)
    return Standing(row["customer_group"], row["first_order"] if customer_id or email else None)


async def lock_first_order(conn: Connection, customer_id: UUID | None, email: str | None) -> None:
    """Until the end of the transaction."""
    await queries.lock_first_order(conn, keys=[str(key).lower() for key in (customer_id, email) if key])


async def code(conn: Connection, text: str, code_hash: bytes, now: datetime) -> tuple[str | None, int | None]:
    """(coupon code, gift card id) that the text means; at most one is set, a coupon goes first."""
    row = await queries.code(conn, code=text, code_hash=code_hash, now=now)
    return row["coupon_code"], row["gift_card_id"] if row["coupon_code"] is None else None


async def claim_coupons(conn: Connection, order_id: UUID, customer_key: str, customer_id: UUID | None, codes: Sequence[str]) -> set[str]:
    """The codes that could be claimed."""
    await queries.lock_coupons(conn, codes=list(codes))
    rows = await queries.claim_coupons(conn, order_id=order_id, customer_key=customer_key, customer_id=customer_id, codes=list(codes))
    return {row["code"] for row in rows}


async def release_coupons(conn: Connection, order_id: UUID) -> None:
    await queries.release_coupons(conn, order_id=order_id)


async def spend_gift_cards(conn: Connection, order_id: UUID, uses: Sequence[tuple[int, int]]) -> set[int]:
    """The cards that could be charged."""
    ids = [card_id for card_id, _ in uses]
    await queries.lock_gift_cards(conn, ids=ids)
    rows = await queries.spend_gift_cards(conn, order_id=order_id, ids=ids, amounts=[amount for _, amount in uses])
    return {row["gift_card_id"] for row in rows}


async def refund_gift_cards(conn: Connection, order_id: UUID, amount: int) -> dict[int, int]:
    """What went back, by card."""
    return {row["gift_card_id"]: row["delta"] for row in await queries.refund_gift_cards(conn, order_id=order_id, amount=amount)}


async def keep_usable(conn: Connection, ids: Collection[int], until: datetime) -> None:
    """Lets these cards expire no sooner than then."""
    await queries.keep_usable(conn, ids=list(ids), until=until)


async def issue_gift_card(
    conn: Connection,
    code_hash: bytes,
    last_four: str,
    currency: str,
    amount: int,
    *,
    expires_at: datetime,
    order_id: UUID,
    exchange_of: UUID,
) -> int:
    card_id: int = await queries.issue_gift_card(
        conn, code_hash=code_hash, last_four=last_four, currency=currency, expires_at=expires_at, exchange_of=exchange_of
    )
    await queries.fill_gift_card(conn, gift_card_id=card_id, amount=amount, order_id=order_id)
    return card_id


async def exchange_credit(conn: Connection, card_id: int) -> ExchangeCredit:
    """Locked first: a statement that waits for the lock reads the ledger as it was before it waited."""
    await queries.lock_gift_cards(conn, ids=[card_id])
    row = await queries.exchange_credit(conn, id=card_id)
    return ExchangeCredit(row["balance"], row["expires_at"], tuple(row["order_ids"]))


async def exchanges_that_moved(conn: Connection, waiting: Sequence[UUID], now: datetime, most: int) -> list[UUID]:
    rows = await queries.exchanges_that_moved(conn, waiting=list(waiting), now=now, most=most)
    return [row["exchange_of"] for row in rows]


async def take_back(conn: Connection, card_id: int, amount: int, order_id: UUID) -> None:
    await queries.take_back(conn, gift_card_id=card_id, amount=amount, order_id=order_id)


async def zone_countries(conn: Connection) -> set[str]:
    """Countries that are delivered to; '*' stands for all others."""
    return {row["country"] for row in await queries.zone_countries(conn)}

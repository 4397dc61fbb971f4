"""What a cart costs, from the rows of one connection; and the claims an order makes on coupons and gift cards."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from storefront.catalog import service as catalog
from storefront.catalog.model import SaleVariant
from storefront.inventory import service as inventory
from storefront.platform.database import Connection
from storefront.platform.errors import Conflict, InvalidInput
from storefront.platform.questions import Of, Question, ask, ask_about, ask_about_each
from storefront.pricing import gift_cards, rules, store
from storefront.pricing.addresses import countries, regions
from storefront.pricing.compute import Rules, compute, requires_delivery
from storefront.pricing.gift_cards import GiftCardExhausted, code_hash
from storefront.pricing.model import (
    CartContents,
    ExchangeCredit,
    GiftCard,
    PricedCart,
    Promotion,
    Standing,
)
from storefront.pricing.store import CodeState
from storefront.pricing.tax import region_problem
from storefront.settings import Settings

T = TypeVar("T")
_Places = dict[int, tuple[tuple[int, ...], tuple[int, ...]]]

__all__ = [
    "ContentsOf",
    "CouponExhausted",
    "GiftCardExhausted",
    "Till",
    "claim_coupons",
    "delivery_countries",
    "exchange_credit",
    "exchanges_that_moved",
    "issue_exchange_credit",
    "price_cart",
    "price_cart_beside",
    "read_code",
    "refund_gift_cards",
    "release_coupons",
    "release_gift_cards",
    "spend_gift_cards",
    "take_back_exchange_credit",
]


class CouponExhausted(Conflict):
    """A coupon's last use has gone to somebody else. `codes` in the problem says which."""

    type = "coupon_exhausted"
    title = "A coupon code has been used up"


async def price_cart(conn: Connection, cart: CartContents, *, now: datetime, settings: Settings) -> PricedCart:
    """Prices the cart in one round trip: variants, and the version of promotions and of rates of tax and delivery.

    One more each, only where it matters: rules of another version than is remembered, codes, categories and collections (a promotion asks
    for them), what the cart holds (a line looks short), gift cards, the shopper's standing (a promotion asks).
    Until an address is known, tax is that of the shop's own country, and no delivery is offered. `CartContents.tax_address` says which.
    """
    answers = await ask(conn, *_questions(_known(cart)))
    return await _priced(conn, cart, answers, now, settings)


async def price_first_order(conn: Connection, cart: CartContents, *, now: datetime, settings: Settings) -> PricedCart:
    """As `price_cart`, for an order with something that only a first order gets: no other such order of this shopper is placed until the
    transaction ends, and what was placed before counts.
    """
    await store.lock_first_order(conn, cart.customer_id, cart.email)
    return await price_cart(conn, cart, now=now, settings=settings)


async def price_cart_beside(
    conn: Connection, cart: CartContents, question: Question[T], *, now: datetime, settings: Settings
) -> tuple[PricedCart, T]:
    """As `price_cart`, with the answer to another question from the same snapshot and in the same round trip."""
    answer, *answers = await ask(conn, question, *_questions(_known(cart)))
    return await _priced(conn, cart, answers, now, settings), answer


class ContentsOf(msgspec.Struct, frozen=True):
    """What of a cart its price is asked by: values, or where they stand in the cart's row."""

    variant_ids: Sequence[int] | Of
    currency: str | Of


class Till:
    """Stands where a connection does for statements that return a cart: asks what it costs in the same round trip, then `price`s it.

    With it go questions of somebody else's, answered from the same snapshot (`beside`).
    """

    def __init__(
        self, conn: Connection, row: ContentsOf, questions: Sequence[Question[Any]] = (), *, now: datetime, settings: Settings
    ) -> None:
        self._conn = conn
        self._own: tuple[Question[Any], ...] = _questions(row)
        self._questions: tuple[Question[Any], ...] = (*self._own, *questions)
        self._now = now
        self._settings = settings
        self._answers: tuple[Any, ...] | None = None

    async def fetchrow(self, statement: str, *arguments: Any) -> Any:
        """As a connection's. Raises what it raises."""
        found = await ask_about(self._conn, statement, arguments, self._questions)
        row, self._answers = found if found is not None else (None, None)
        return row

    async def fetch(self, statement: str, *arguments: Any) -> list[tuple[Any, "Till"]]:
        """Of a statement that returns several carts: their rows, each with a till of its own."""
        found = await ask_about_each(self._conn, statement, arguments, self._questions)
        return [(row, self._with(answers)) for row, answers in found]

    def _with(self, answers: tuple[Any, ...]) -> "Till":
        till = copy(self)
        till._answers = answers
        return till

    @property
    def beside(self) -> tuple[Any, ...]:
        """The answers to the other questions."""
        assert self._answers is not None
        return self._answers[len(self._own) :]

    async def price(self, cart: CartContents) -> PricedCart:
        """The price of the cart that the last statement returned."""
        assert self._answers is not None
        return await _priced(self._conn, cart, self._answers[: len(self._own)], self._now, self._settings)


def _known(cart: CartContents) -> ContentsOf:
    return ContentsOf([line.variant_id for line in cart.lines], cart.currency)


def _questions(cart: ContentsOf) -> tuple[Question[Any], ...]:
    """The goods and the version of the rules; where the goods belong, too, when the rules that were used last ask for it."""
    newest = rules.newest_known()
    where = (catalog.memberships(cart.variant_ids),) if newest is not None and newest.ask_where else ()
    return (catalog.sale_variants(cart.variant_ids, cart.currency), store.version(), *where)


async def _priced(
    conn: Connection,
    cart: CartContents,
    answers: Sequence[Any],
    now: datetime,
    settings: Settings,
) -> PricedCart:
    """`answers`: to `_questions`."""
    variants: dict[int, SaleVariant] = answers[0]
    places: _Places | None = answers[2] if len(answers) > 2 else None
    held: dict[int, int] = {}
    if any(line.variant_id in variants and line.quantity > variants[line.variant_id].available for line in cart.lines):
        held = await inventory.held_for_cart(conn, cart.id)
    address = cart.delivery_address
    taxed = cart.tax_address(requires_delivery=requires_delivery(cart.lines, variants))
    known = await rules.of_version(answers[1], partial(store.rules, conn))
    states = await store.entered_codes(conn, cart.id, cart.customer_id, cart.coupon_codes, cart.email, now) if cart.coupon_codes else []
    promotions, problems = _usable(known.running(now), states)
    if any(rules.asks_where(promotion) for promotion in promotions):
        variants = await _placed(conn, variants, places)
    tax_rates = known.taxes_in(taxed.country if taxed else settings.shop.country)
    cards, idle_cards = await _gift_cards(conn, cart, now)
    given = Rules(
        promotions=tuple(promotions),
        tax_rates=tax_rates,
        region=taxed.region if taxed else "",
        region_problem=region_problem(tax_rates, taxed.region) if taxed and not regions(taxed.country) else "",
        prices_include_tax=settings.shop.prices_include_tax,
        delivery=known.delivery_to(address.country, cart.currency) if address else (),
        fulfillment_option_id=cart.fulfillment_option_id,
        gift_cards=tuple(cards),
        standing=await _standing(conn, cart, promotions),
        code_problems=tuple(problems),
        idle_gift_cards=tuple(idle_cards),
    )
    return compute(cart.currency, cart.lines, variants, given, held=held)


async def _placed(conn: Connection, variants: dict[int, SaleVariant], places: _Places | None) -> dict[int, SaleVariant]:
    """The variants with the categories and collections that they are in."""
    if places is None:
        (places,) = await ask(conn, catalog.memberships(list(variants)))
    nowhere: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    return {
        variant.id: msgspec.structs.replace(variant, category_ids=categories, collection_ids=collections)
        for variant in variants.values()
        for categories, collections in [places.get(variant.id, nowhere)]
    }


def _usable(automatic: list[Promotion], states: list[CodeState]) -> tuple[list[Promotion], list[tuple[str, str]]]:
    """The promotions that apply, and why a code's does not."""
    found = list(automatic)
    problems: list[tuple[str, str]] = []
    for state in states:
        if state.promotion is None or not state.running:
            problems.append((state.code, "This code is no longer valid."))
        elif state.used_up:
            problems.append((state.code, "This code has been used up."))
        elif state.used_up_by_customer:
            problems.append((state.code, "You have used this code before."))
        else:
            found.append(state.promotion)
    return found, problems


async def _gift_cards(conn: Connection, cart: CartContents, now: datetime) -> tuple[list[GiftCard], list[tuple[int, str, str]]]:
    """The cards that can pay, and (id, last four, reason) of the others."""
    if not cart.gift_card_ids:
        return [], []
    usable: list[GiftCard] = []
    idle: list[tuple[int, str, str]] = []
    for card, may_be_used in await store.gift_cards(conn, cart.id, cart.gift_card_ids, now):
        if not may_be_used:
            idle.append((card.id, card.last_four, "This card can no longer be used."))
        elif card.currency != cart.currency:
            idle.append((card.id, card.last_four, f"This card is for {card.currency}."))
        elif card.balance == 0:
            idle.append((card.id, card.last_four, "Nothing is left on this card."))
        else:
            usable.append(card)
    return usable, idle


async def _standing(conn: Connection, cart: CartContents, promotions: Sequence[Promotion]) -> Standing:
    if not any(promotion.customer_group or promotion.first_order_only for promotion in promotions):
        return Standing()
    return await store.standing(conn, cart.customer_id, cart.email, cart.id)


async def read_code(conn: Connection, text: str, now: datetime) -> tuple[str | None, int | None]:
    """(coupon code, None) or (None, gift card id) for what a shopper typed. Raises InvalidInput (field `code`)."""
    readable = text.isprintable()
    coupon, card_id = await store.code(conn, text.strip(), code_hash(text), now) if readable else (None, None)
    if coupon is None and card_id is None:
        raise InvalidInput.of("code", "This code is not known, or no longer valid.")
    return coupon, card_id


async def claim_coupons(
    conn: Connection, order_id: UUID, customer_key: str, codes: Sequence[str], *, customer_id: UUID | None = None
) -> None:
    """Counts one use of each code for the order. Who is limited is known by `customer_key`, the lower-case e-mail address, and by the
    account whose cart it is.

    Raises CouponExhausted; the caller's transaction must then end without effect.
    """
    missing = set(codes) - await store.claim_coupons(conn, order_id, customer_key.lower(), customer_id, codes)
    if missing:
        raise CouponExhausted(f"Used up: {', '.join(sorted(missing))}. Please look at the total again.", extra={"codes": sorted(missing)})


async def release_coupons(conn: Connection, order_id: UUID) -> None:
    """Gives the order's uses back. A repeat changes nothing."""
    await store.release_coupons(conn, order_id)


async def spend_gift_cards(conn: Connection, order_id: UUID, uses: Sequence[tuple[int, int]]) -> None:
    """Takes (card id, amount) for the order. Raises GiftCardExhausted; the caller's transaction must then end without effect."""
    await gift_cards.spend(conn, order_id, uses)


async def refund_gift_cards(conn: Connection, order_id: UUID, amount: int, *, now: datetime) -> int:
    """Gives up to `amount` of what the order spent back to its cards, which last long enough then; returns how much that was."""
    return await gift_cards.refund(conn, order_id, amount, now=now)


async def release_gift_cards(conn: Connection, order_id: UUID, *, now: datetime) -> int:
    """Gives back all that the order spent and has not got back. A repeat changes nothing."""
    return await gift_cards.refund(conn, order_id, 2**62, now=now)


async def issue_exchange_credit(
    conn: Connection, amount: int, currency: str, *, return_id: UUID, order_id: UUID, expires_at: datetime
) -> int:
    """Stored value for returned goods of an order; returns the gift card's id, whose code nobody knows."""
    return await gift_cards.issue_for_exchange(conn, amount, currency, return_id=return_id, order_id=order_id, expires_at=expires_at)


async def exchange_credit(conn: Connection, card_id: int) -> ExchangeCredit:
    """The state of a card for returned goods, locked until the transaction ends."""
    return await store.exchange_credit(conn, card_id)


async def exchanges_that_moved(conn: Connection, waiting: Sequence[UUID], *, now: datetime, most: int) -> list[UUID]:
    """Ids of returns whose exchange cards were spent from or are past their time: of those `waiting`, and of all with something left."""
    return await store.exchanges_that_moved(conn, waiting, now, most)


async def take_back_exchange_credit(conn: Connection, card_id: int, amount: int, order_id: UUID) -> None:
    """Takes `amount` off a card that `exchange_credit` has locked; it goes back to the order of the goods."""
    await gift_cards.take_back(conn, card_id, amount, order_id)


async def delivery_countries(conn: Connection) -> list[tuple[str, str]]:
    """(code, name) of the countries that some zone delivers to, by name."""
    served = await store.zone_countries(conn)
    return [(code, name) for code, name in countries() if "*" in served or code in served]

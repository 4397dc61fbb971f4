"""What a cart costs, from the shop's own rows: delivery by zone, tax by region, coupons and gift cards that hold under a race."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import msgspec
import pytest

from storefront.accounts import editing as customers
from storefront.cart import service as carts
from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale
from storefront.orders import service as orders
from storefront.platform.database import Connection
from storefront.platform.errors import InvalidInput
from storefront.pricing import defaults, gift_cards
from storefront.pricing import service as pricing
from storefront.pricing.model import Address, PricedCart
from storefront.settings import Settings
from tests.buying import ADDRESS, Buyer, MovableClock, account, buyer_of, gift_card, offer, stock_of, violations
from tests.sandbox import eventually

DECLINED = "pm_card_chargeDeclined"
PARIS = msgspec.structs.replace(ADDRESS, city="Paris", postal_code="75001", country="FR")
TOKYO = msgspec.structs.replace(ADDRESS, city="Tokyo", postal_code="100-0001", country="JP")
LOS_ANGELES = msgspec.structs.replace(ADDRESS, city="Los Angeles", postal_code="90001", country="US", region="CA")
NEW_YORK = msgspec.structs.replace(LOS_ANGELES, city="New York", postal_code="10001", region="NY")


@pytest.fixture(autouse=True)
async def _rates(shop: CheckoutContext) -> None:
    """The delivery zones and tax rates that a fresh shop has."""
    await shop.database.transaction(lambda conn: defaults.install(conn, shop.settings))


class Dated(NamedTuple):
    """A promotion with a start and an end, and the code, if any, that turns it on."""

    starts_at: datetime
    ends_at: datetime
    codes: tuple[str, ...]


def exclusive(shop: CheckoutContext) -> CheckoutContext:
    """A shop whose prices are without tax."""
    settings = msgspec.convert(msgspec.to_builtins(shop.settings), Settings)
    settings.shop.prices_include_tax = False
    return msgspec.structs.replace(shop, settings=settings)


async def option_of(owner: asyncpg.Connection, code: str, country: str) -> int:
    found: int = await owner.fetchval(
        "SELECT o.id FROM fulfillment_option o JOIN delivery_zone z ON z.id = o.zone_id "
        "WHERE o.code = $1 AND o.currency = 'EUR' AND (z.countries @> ARRAY[$2] OR (z.countries = '{*}' "
        "AND NOT EXISTS (SELECT FROM delivery_zone n WHERE n.countries @> ARRAY[$2])))",
        code,
        country,
    )
    return found


def offered(priced: PricedCart) -> dict[str, int]:
    return {option.code: option.amount for option in priced.fulfillment_options}


async def coupon(owner: asyncpg.Connection, **given: Any) -> str:
    """5.00 EUR off, by a code with limits."""
    code = f"C{uuid.uuid4().hex[:10].upper()}"
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, needs_coupon) VALUES ('Five off', 'fixed', 500, 'EUR', true) RETURNING id"
    )
    await owner.execute(
        "INSERT INTO coupon (code, promotion_id, usage_limit, customer_limit) VALUES ($1, $2, $3, $4)",
        code,
        promotion_id,
        given.get("usage_limit"),
        given.get("customer_limit"),
    )
    return code


async def balance_of(owner: asyncpg.Connection, code: str) -> int:
    found: int = await owner.fetchval("SELECT balance FROM gift_card WHERE code_hash = $1", gift_cards.code_hash(code))
    return found


def problem_of(answer: Any) -> str:
    return str(answer.document()["type"]).rpartition("/")[2]


# --- delivery and tax ------------------------------------------------------------------------------------------------------------


async def test_each_zone_has_its_own_ways_to_deliver_by_flat_rate_or_weight(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    light = await offer(owner, weight_grams=400)
    heavy = await offer(owner, weight_grams=6000)
    assert offered(await (await buyer_of(shop, None, (light, 1))).look()) == {"standard": 490, "express": 1290}
    assert offered(await (await buyer_of(shop, None, (light, 1), address=PARIS)).look()) == {"parcel": 890, "freight": 8900}
    assert offered(await (await buyer_of(shop, None, (light, 3), address=PARIS)).look()) == {"parcel": 1290, "freight": 8900}
    assert offered(await (await buyer_of(shop, None, (light, 1), address=TOKYO)).look()) == {"airmail": 1490, "freight": 24900}
    assert offered(await (await buyer_of(shop, None, (heavy, 4), address=TOKYO)).look()) == {"freight": 24900}, "too heavy for the mail"


async def test_an_option_of_another_zone_does_not_order(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    buyer = await buyer_of(shop, await option_of(owner, "standard", "DE"), (await offer(owner), 1), address=PARIS)
    with pytest.raises(InvalidInput) as refused:
        await buyer.place()
    assert set(refused.value.messages()) == {"fulfillment_option_id"}


@pytest.mark.parametrize(
    ("address", "code", "tax", "total"),
    [
        (ADDRESS, "standard", 271 + 78, 1700 + 490),  # 19 % within 17.00 and within 4.90
        (PARIS, "parcel", 283 + 148, 1700 + 890),  # 20 % within
        (LOS_ANGELES, "airmail", 115, 1700 + 1490),  # 7.25 % within the goods, none of delivery
    ],
)
async def test_where_prices_include_tax_the_shopper_pays_the_price_shown_wherever_it_goes(
    shop: CheckoutContext, owner: asyncpg.Connection, address: Any, code: str, tax: int, total: int
) -> None:
    option_id = await option_of(owner, code, address.country)
    buyer = await buyer_of(shop, option_id, (await offer(owner, amount=1700), 1), address=address)
    order = (await buyer.place()).document()
    assert (order["tax"]["amount"], order["total"]["amount"], order["prices_include_tax"]) == (tax, total, True)
    assert await violations(owner) == []


@pytest.mark.parametrize(
    ("address", "code", "tax", "total"),
    [
        (ADDRESS, "standard", 323 + 93, 1700 + 490 + 416),
        (LOS_ANGELES, "airmail", 123, 1700 + 1490 + 123),  # California asks nothing of delivery
        (NEW_YORK, "airmail", 68 + 60, 1700 + 1490 + 128),  # New York does
    ],
)
async def test_where_prices_exclude_tax_it_comes_on_top_by_region(
    shop: CheckoutContext, owner: asyncpg.Connection, address: Any, code: str, tax: int, total: int
) -> None:
    option_id = await option_of(owner, code, address.country)
    buyer = await buyer_of(exclusive(shop), option_id, (await offer(owner, amount=1700), 1), address=address)
    order = (await buyer.place()).document()
    assert (order["tax"]["amount"], order["total"]["amount"], order["captured"]["amount"]) == (tax, total, total)
    assert await violations(owner) == []


async def test_what_needs_no_delivery_needs_no_address(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=900, requires_delivery=False)
    buyer = await buyer_of(shop, None, (variant_id, 1))
    await owner.execute("UPDATE cart SET delivery_address = NULL WHERE id = $1", buyer.cart_id)
    assert (await buyer.place()).document()["total"] == {"amount": 900, "currency": "EUR"}


@pytest.mark.parametrize(
    ("delivery", "billing", "kept", "tax"),
    [
        (PARIS, TOKYO, TOKYO, 0),  # nothing is known of Japan
        (TOKYO, PARIS, PARIS, 180),
        (TOKYO, None, TOKYO, 0),
        (PARIS, None, PARIS, 180),
        (None, None, None, 171),  # the shop's own country
    ],
)
async def test_what_is_not_sent_is_taxed_by_the_buyers_address_and_the_order_keeps_it(
    shop: CheckoutContext, owner: asyncpg.Connection, delivery: Address | None, billing: Address | None, kept: Address | None, tax: int
) -> None:
    buyer = await buyer_of(exclusive(shop), None, (await offer(owner, amount=900, requires_delivery=False), 1))
    async with shop.database.write() as conn:
        await carts.set_details(conn, buyer.cart_id, delivery_address=delivery, billing_address=billing)
    assert (await buyer.look()).tax == tax
    order = (await buyer.place()).document()
    assert (order["delivery_address"], order["billing_address"]) == (None, msgspec.to_builtins(kept))
    assert (order["tax"]["amount"], order["captured"]["amount"]) == (tax, 900 + tax)
    assert await violations(owner) == []


async def test_the_address_that_tax_is_asked_by_must_be_right_though_nothing_is_sent(
    shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    buyer = await buyer_of(shop, None, (await offer(owner, requires_delivery=False), 1))
    await owner.execute('UPDATE cart SET delivery_address = delivery_address || \'{"city": ""}\' WHERE id = $1', buyer.cart_id)
    with pytest.raises(InvalidInput) as refused:
        await buyer.place()
    assert set(refused.value.messages()) == {"delivery_address.city"}


@pytest.mark.parametrize("sent", [True, False], ids=["delivered", "not sent"])
@pytest.mark.parametrize(
    ("region", "tax", "problem"),
    [
        ("canarias", 119, ""),
        ("", 357, ""),
        ("Islas Canarias", 357, "Enter one of Canarias, Ceuta, or leave it empty."),
    ],
)
async def test_a_region_that_tax_hangs_on_is_one_that_has_rates(
    shop: CheckoutContext, owner: asyncpg.Connection, region: str, tax: int, problem: str, sent: bool
) -> None:
    await owner.execute("DELETE FROM tax_rate WHERE country = 'ES'")
    await owner.executemany(
        "INSERT INTO tax_rate (country, region, name, rate_ppm, applies_to_delivery) VALUES ('ES', $1, 'IVA', $2, false)",
        [("", 210_000), ("Canarias", 70_000), ("Ceuta", 5_000)],
    )
    spain = msgspec.structs.replace(ADDRESS, country="ES", region=region)
    option_id = await option_of(owner, "parcel", "ES") if sent else None
    variant_id = await offer(owner, amount=1700, requires_delivery=sent)
    buyer = await buyer_of(exclusive(shop), option_id, (variant_id, 1), address=spain)
    assert (await buyer.look()).tax == tax
    if not problem:
        assert (await buyer.place()).status == 201
        return
    with pytest.raises(InvalidInput) as refused:
        await buyer.place()
    assert refused.value.messages() == {"delivery_address.region": problem}


async def test_a_country_that_has_rates_for_its_regions_only_asks_for_one(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    await owner.execute("INSERT INTO tax_rate (country, region, name, rate_ppm) VALUES ('IN', 'Goa', 'GST', 180000)")
    india = msgspec.structs.replace(ADDRESS, country="IN")
    buyer = await buyer_of(shop, await option_of(owner, "airmail", "IN"), (await offer(owner), 1), address=india)
    with pytest.raises(InvalidInput) as refused:
        await buyer.place()
    assert refused.value.messages() == {"delivery_address.region": "Enter one of Goa."}


async def test_what_the_till_remembers_is_what_the_database_holds_now(
    shop: CheckoutContext, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    """Each change of promotions, tax and delivery, by whatever SQL, is in the very next price."""
    variant_id = await offer(owner, amount=1700)
    buyer = await buyer_of(shop, await option_of(owner, "standard", "DE"), (variant_id, 1))
    assert ((first := await buyer.look()).tax, first.delivery, first.discount) == (271 + 78, 490, 0)

    await owner.execute("UPDATE tax_rate SET rate_ppm = 70000 WHERE country = 'DE' AND tax_code = ''")
    assert (await buyer.look()).tax == 111 + 32
    await owner.execute("UPDATE fulfillment_option SET amount = amount + 10 WHERE code = 'standard'")
    assert (await buyer.look()).delivery == 500
    zone_id = await owner.fetchval(
        "UPDATE delivery_zone SET countries = array_remove(countries, 'DE') WHERE 'DE' = ANY (countries) RETURNING id"
    )
    assert set(offered(await buyer.look())) == {"airmail", "freight"}, "DE is in the rest of the world"
    await owner.execute("UPDATE delivery_zone SET countries = array_append(countries, 'DE') WHERE id = $1", zone_id)

    # A promotion for a category, when nothing asked for categories before, of a product that is in it by its category's parent.
    above = await owner.fetchval("INSERT INTO category (name, slug, path) VALUES ('All', 'all-of-it', 'all-of-it') RETURNING id")
    inside = await owner.fetchval(
        "INSERT INTO category (name, slug, path, parent_id) VALUES ('Some', 'some', 'all-of-it/some', $1) RETURNING id", above
    )
    await owner.execute("UPDATE product SET category_id = $1 WHERE id = (SELECT product_id FROM variant WHERE id = $2)", inside, variant_id)
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, percent_ppm, category_ids, starts_at) "
        "VALUES ('Later', 'percentage', 100000, $1, $2) RETURNING id",
        [above],
        clock() + timedelta(hours=1),
    )
    assert (await buyer.look()).discount == 0, "it has not begun"
    clock.forward(hours=2)
    assert (await buyer.look()).discount == 170
    assert (await buyer.look()).discount == 170, "asked for with the goods by now"
    await owner.execute("DELETE FROM promotion WHERE id = $1", promotion_id)
    assert (await buyer.look()).discount == 0
    await owner.execute("TRUNCATE tax_rate")
    assert (await buyer.look()).tax == 0
    await owner.execute("UPDATE fulfillment_option SET amount = amount - 10 WHERE code = 'standard'")


# --- customers' groups -----------------------------------------------------------------------------------------------------------


async def for_group(owner: asyncpg.Connection, group: str, *, needs_coupon: bool = False) -> int:
    """A tenth off for a group; returns the promotion's id."""
    found: int = await owner.fetchval(
        "INSERT INTO promotion (name, kind, percent_ppm, customer_group, needs_coupon) VALUES ('For some', 'percentage', 100000, $1, $2) "
        "RETURNING id",
        group,
        needs_coupon,
    )
    return found


async def test_a_promotion_for_a_group_is_for_who_is_in_it_now(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    group = f"trade {uuid.uuid4().hex[:6]}"
    await for_group(owner, group)
    variant_id, email = await offer(owner, amount=1000, requires_delivery=False), f"{uuid.uuid4().hex[:8]}@own.example"
    inside, outside = await account(owner, email=email, confirmed=True), await account(owner, group="staff", confirmed=True)

    async def put(group: str) -> None:
        await shop.database.transaction(lambda conn: customers.set_group(conn, inside, group, actor="x", now=shop.clock()))

    async def buyer(customer_id: uuid.UUID | None) -> Buyer:
        return await buyer_of(shop, None, (variant_id, 1), email=email, customer_id=customer_id)

    theirs, others, guests = await buyer(inside), await buyer(outside), await buyer(None)
    assert [(await one.look()).discount for one in (theirs, others, guests)] == [0, 0, 0]
    await put(group)
    assert [(await one.look()).discount for one in (theirs, others, guests)] == [100, 0, 0], "a guest's address proves nothing"
    answers = [(await one.place()).document() for one in (theirs, others, guests)]
    assert [(order["discount"]["amount"], order["total"]["amount"]) for order in answers] == [(100, 900), (0, 1000), (0, 1000)]

    late = await buyer(inside)
    assert (await late.look()).discount == 100
    await put("")
    refused = await late.place()
    assert (refused.status, problem_of(refused)) == (409, "price_changed"), "asked, not charged more than they saw"
    assert (await late.look()).discount == 0
    assert (await late.place()).document()["total"]["amount"] == 1000
    assert await violations(owner) == []


async def test_a_code_for_a_group_is_of_no_use_to_others(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    promotion_id = await for_group(owner, "press", needs_coupon=True)
    code = f"P{uuid.uuid4().hex[:10].upper()}"
    await owner.execute("INSERT INTO coupon (code, promotion_id) VALUES ($1, $2)", code, promotion_id)
    variant_id = await offer(owner, amount=1000, requires_delivery=False)
    seen = []
    for customer_id in (await account(owner, group="press"), await account(owner, group="Press"), None):
        priced = await (await buyer_of(shop, None, (variant_id, 1), codes=[code], customer_id=customer_id)).look()
        seen.append((priced.discount, priced.coupon_codes, [found for found, _ in priced.coupon_problems]))
    assert seen == [(100, (code,), []), (0, (), [code]), (0, (), [code])]


# --- coupons ---------------------------------------------------------------------------------------------------------------------


async def buyers(shop: CheckoutContext, owner: asyncpg.Connection, many: int, *codes: str, same_email: bool = False) -> list[Buyer]:
    option_id, variant_id = await option_of(owner, "express", "DE"), await offer(owner, on_hand=1000)
    emails = ["same@shop.example" if same_email else f"buyer{number}@shop.example" for number in range(many)]
    return [await buyer_of(shop, option_id, (variant_id, 1), email=email, codes=codes) for email in emails]


async def test_a_coupon_is_used_as_often_as_it_may_be_and_the_others_are_asked(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await coupon(owner, usage_limit=3)
    answers = await asyncio.gather(*(buyer.place() for buyer in await buyers(shop, owner, 12, code)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 9
    assert {problem_of(answer) for answer in answers if answer.status == 409} <= {"coupon_exhausted", "price_changed"}
    assert await owner.fetchval("SELECT used FROM coupon WHERE code = $1", code) == 3
    assert await violations(owner) == []


async def test_who_waits_for_stock_keeps_no_coupon_from_others(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    """Orders that are given up give back stock, and then coupons: in the other order, each would wait for the other."""
    variant_id, code = await offer(owner, amount=2000), await coupon(owner)
    buyer = await buyer_of(shop, await option_of(owner, "standard", "DE"), (variant_id, 1), codes=[code])
    async with owner.transaction():
        await owner.execute("UPDATE stock SET on_hand = on_hand WHERE variant_id = $1", variant_id)
        placing = asyncio.create_task(buyer.place())
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        async with shop.database.write() as conn:
            await eventually(lambda: conn.fetchval(waiting))
        await owner.execute("SELECT FROM coupon WHERE code = $1 FOR UPDATE NOWAIT", code)
    assert (await placing).status == 201
    assert await violations(owner) == []


async def test_a_customer_uses_a_coupon_as_often_as_each_may(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await coupon(owner, customer_limit=1)
    answers = await asyncio.gather(*(buyer.place() for buyer in await buyers(shop, owner, 5, code, same_email=True)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 4
    assert await violations(owner) == []


async def test_an_account_uses_a_coupon_as_often_as_each_may_under_whatever_address(
    shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    code, option_id, variant_id = (
        await coupon(owner, customer_limit=2),
        await option_of(owner, "express", "DE"),
        await offer(owner, on_hand=100),
    )
    customer_id = await owner.fetchval(
        "INSERT INTO customer (email, name, password_hash) VALUES ('ada@own.example', 'Ada', '') RETURNING id"
    )

    async def ready(email: str, who: uuid.UUID | None = customer_id) -> Buyer:
        return await buyer_of(shop, option_id, (variant_id, 1), email=email, codes=[code], customer_id=who)

    crowd = [await ready(f"ada+{number}@shop.example") for number in range(5)]
    answers = await asyncio.gather(*(buyer.place() for buyer in crowd))
    assert sorted(answer.status for answer in answers) == [201] * 2 + [409] * 3
    late = await ready("ada+late@shop.example")
    assert (await late.look()).coupon_problems == ((code, "You have used this code before."),)
    assert (await (await ready("bob@shop.example", None)).place()).document()["discount"]["amount"] == 500
    assert await violations(owner) == []


async def test_the_last_use_of_a_coupon_stays_with_the_cart_whose_card_was_declined(
    shop: CheckoutContext, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    code = await coupon(owner, usage_limit=1, customer_limit=1)
    (buyer,) = await buyers(shop, owner, 1, code)
    shown = buyer.total
    assert (await buyer.place(payment_method=DECLINED)).status == 402
    priced = await buyer.look()
    assert (buyer.total, priced.coupon_codes, priced.coupon_problems) == (shown, (code,), ())
    paid = await buyer.place()
    assert (paid.status, paid.document()["discount"]["amount"]) == (201, 500)
    (late,) = await buyers(shop, owner, 1, code)
    assert (await late.look()).coupon_problems == ((code, "This code has been used up."),)
    assert await violations(owner) == []


async def test_a_coupon_of_an_order_that_was_given_up_is_free_again(
    shop: CheckoutContext, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    code = await coupon(owner, usage_limit=1)
    first, second = await buyers(shop, owner, 2, code)
    assert (await first.place(payment_method=DECLINED)).status == 402
    assert (await second.place()).status == 409
    clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
    await recovery.recover(shop)
    assert (await second.look()).coupon_codes == (code,)
    assert (await second.place()).status == 201
    assert await violations(owner) == []


async def test_of_many_orders_at_the_same_moment_one_is_the_first(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    """By one e-mail address, however it is written, without a code: the others are shown what it costs now."""
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, first_order_only) VALUES ('Hello', 'fixed', 500, 'EUR', true) RETURNING id"
    )
    try:
        option_id, variant_id, email = await option_of(owner, "standard", "DE"), await offer(owner), f"{uuid.uuid4().hex}@shop.example"
        spellings = [email, email.upper(), email, email.title(), email]
        rivals = [await buyer_of(shop, option_id, (variant_id, 1), email=spelling) for spelling in spellings]
        for rival in rivals:
            await rival.check_out()

        async def all_wait() -> bool:
            return bool(await owner.fetchval("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted") == len(rivals))

        async with owner.transaction():
            await owner.execute("LOCK TABLE orders IN SHARE MODE")  # all look at the price before one of them is an order
            placing = [asyncio.create_task(rival.place()) for rival in rivals]
            await eventually(all_wait)
        answers = await asyncio.gather(*placing)
        assert sorted(answer.status for answer in answers) == [201] + [409] * 4
        assert {problem_of(answer) for answer in answers if answer.status == 409} == {"price_changed"}
        late = rivals[[answer.status for answer in answers].index(409)]
        assert (await late.look()).discount == 0
        assert (await late.place()).status == 201
        assert await owner.fetchval("SELECT array_agg(discount ORDER BY discount) FROM orders WHERE lower(email) = $1", email) == [0, 500]
        assert await violations(owner) == []
    finally:
        await owner.execute("UPDATE promotion SET active = false WHERE id = $1", promotion_id)


# --- promotions that begin and end -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["by itself", "by a code"])
async def dated(request: pytest.FixtureRequest, owner: asyncpg.Connection, clock: MovableClock) -> AsyncIterator[Dated]:
    """5.00 EUR off, for an hour from now."""
    starts_at, code = clock(), f"C{uuid.uuid4().hex[:10].upper()}" if request.param == "by a code" else None
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, needs_coupon, starts_at, ends_at) "
        "VALUES ('One hour', 'fixed', 500, 'EUR', $1, $2, $3) RETURNING id",
        code is not None,
        starts_at,
        starts_at + timedelta(hours=1),
    )
    if code is not None:
        await owner.execute("INSERT INTO coupon (code, promotion_id) VALUES ($1, $2)", code, promotion_id)
    yield Dated(starts_at, starts_at + timedelta(hours=1), (code,) if code is not None else ())
    await owner.execute("UPDATE promotion SET active = false WHERE id = $1", promotion_id)


async def test_a_promotion_runs_from_its_start_until_just_before_its_end(
    shop: CheckoutContext, owner: asyncpg.Connection, dated: Dated
) -> None:
    buyer = await buyer_of(shop, await option_of(owner, "express", "DE"), (await offer(owner), 1), codes=dated.codes)
    just = timedelta(microseconds=1)
    for moment, discount in (
        (dated.starts_at - just, 0),
        (dated.starts_at, 500),
        (dated.ends_at - just, 500),
        (dated.ends_at, 0),
        (dated.ends_at + just, 0),
    ):
        async with shop.database.write() as conn:
            priced = await pricing.price_cart(conn, await carts.get(conn, buyer.cart_id), now=moment, settings=shop.settings)
        assert (priced.discount, priced.total) == (discount, 1500 - discount + priced.delivery), moment
        invalid = [(code, "This code is no longer valid.") for code in dated.codes if not discount]
        assert list(priced.coupon_problems) == invalid
        for code in dated.codes:
            async with shop.database.write() as conn:
                empty = await carts.create(conn, currency="EUR")
                with contextlib.nullcontext() if discount else pytest.raises(InvalidInput):
                    await carts.apply_code(conn, empty.id, code, now=moment)


async def test_who_orders_after_the_end_of_what_the_cart_showed_is_asked_and_charged_nothing(
    shop: CheckoutContext, owner: asyncpg.Connection, clock: MovableClock, dated: Dated
) -> None:
    option_id, variant_id = await option_of(owner, "express", "DE"), await offer(owner)
    in_time, late = [await buyer_of(shop, option_id, (variant_id, 1), codes=dated.codes) for _ in range(2)]
    shown = late.total.amount
    clock.forward(minutes=59)
    assert (await in_time.place()).document()["total"]["amount"] == shown
    clock.forward(minutes=1)
    asked = await late.place()
    assert (asked.status, problem_of(asked), asked.document()["cart"]["total"]["amount"]) == (409, "price_changed", shown + 500)
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", late.cart_id) == 0
    assert await stock_of(owner, variant_id) == (9, 0)
    await late.look()
    placed = await late.place()
    assert (placed.status, placed.document()["captured"]["amount"]) == (201, shown + 500)
    assert await owner.fetchval("SELECT discount FROM orders WHERE cart_id = $1", late.cart_id) == 0
    assert await violations(owner) == []


# --- gift cards ------------------------------------------------------------------------------------------------------------------


async def test_a_gift_card_pays_what_it_can_and_the_provider_the_rest(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await gift_card(shop, 1000)
    (buyer,) = await buyers(shop, owner, 1, code)
    order = (await buyer.place()).document()
    assert (order["total"]["amount"], order["gift_card_amount"]["amount"], order["captured"]["amount"]) == (2790, 1000, 1790)
    assert await balance_of(owner, code) == 0
    assert await violations(owner) == []


async def test_an_order_that_gift_cards_pay_whole_asks_the_provider_for_nothing(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await gift_card(shop, 5000)
    (buyer,) = await buyers(shop, owner, 1, code)
    answer = await buyer.place(payment_method=None)
    assert (answer.status, answer.document()["status"]) == (201, "paid")
    assert await balance_of(owner, code) == 5000 - 2790
    assert await owner.fetchval("SELECT count(*) FROM payment_attempt WHERE order_id = $1", uuid.UUID(answer.document()["id"])) == 0
    assert await violations(owner) == []


async def test_one_gift_card_in_many_carts_is_spent_once(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await gift_card(shop, 3000)
    answers = await asyncio.gather(*(buyer.place() for buyer in await buyers(shop, owner, 6, code)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert {problem_of(answer) for answer in answers if answer.status == 409} <= {"gift_card_exhausted", "price_changed"}
    assert await balance_of(owner, code) == 3000 - 2790
    assert await violations(owner) == []


async def test_with_a_gift_card_the_client_says_what_was_left_to_pay(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    """Else a card that was emptied meanwhile would be made up for by the other one, unasked."""
    (buyer,) = await buyers(shop, owner, 1, await gift_card(shop, 1000))
    with pytest.raises(InvalidInput) as refused:
        await buyer.place(total=buyer.total)
    assert set(refused.value.messages()) == {"expected_to_pay"}
    other, same = await buyers(shop, owner, 2, code := await gift_card(shop, 1000))
    assert (await other.place()).status == 201
    assert problem_of(await same.place()) == "price_changed"
    assert await balance_of(owner, code) == 0


async def test_an_order_that_was_given_up_unpaid_has_nothing_left_to_refund(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await gift_card(shop, 1000)
    (buyer,) = await buyers(shop, owner, 1, code)
    declined = await buyer.place(payment_method=DECLINED)
    order_id = uuid.UUID(declined.document()["order"]["id"])
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="shopper")
    assert await balance_of(owner, code) == 1000
    async with shop.database.write() as conn:
        assert (await orders.order_by_id(conn, order_id)).refundable == 0
    with pytest.raises(InvalidInput):
        await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=700, key="once", actor="operator")
    assert await owner.fetchval("SELECT count(*) FROM order_event WHERE order_id = $1 AND kind = 'refund_decided'", order_id) == 0


async def test_a_gift_card_stays_with_the_cart_whose_card_was_declined_and_returns_when_it_is_given_up(
    shop: CheckoutContext, owner: asyncpg.Connection, clock: MovableClock
) -> None:
    code = await gift_card(shop, 1000)
    (buyer,) = await buyers(shop, owner, 1, code)
    assert (await buyer.place(payment_method=DECLINED)).status == 402
    assert await balance_of(owner, code) == 0
    assert (await buyer.look()).to_pay == 1790
    clock.forward(minutes=shop.settings.shop.reservation_minutes + 1)
    await recovery.recover(shop)
    assert await balance_of(owner, code) == 1000
    assert (await buyer.place()).document()["captured"]["amount"] == 1790
    assert await violations(owner) == []


async def test_value_that_comes_back_to_a_gift_card_that_has_run_out_can_be_spent(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    code = await gift_card(shop, 5000)
    first, second = await buyers(shop, owner, 2, code)
    order_id = uuid.UUID((await first.place()).document()["id"])
    hashed = gift_cards.code_hash(code)
    await owner.execute("UPDATE gift_card SET expires_at = now() - interval '1 day' WHERE code_hash = $1", hashed)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=2000, key="some", actor="operator")
    left = await owner.fetchval("SELECT expires_at - now() FROM gift_card WHERE code_hash = $1", hashed)
    assert timedelta(days=89) < left < timedelta(days=91)
    assert (await second.look()).gift_card_amount == 2790
    await owner.execute("UPDATE gift_card SET expires_at = now() + interval '1 year' WHERE code_hash = $1", hashed)
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    assert await owner.fetchval("SELECT expires_at > now() + interval '360 days' FROM gift_card WHERE code_hash = $1", hashed)
    assert await balance_of(owner, code) == 5000
    assert await violations(owner) == []


# --- what a client may not do ----------------------------------------------------------------------------------------------------


async def test_a_price_that_changes_while_many_order_is_charged_to_nobody_who_did_not_see_it(
    shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    option_id, variant_id = await option_of(owner, "express", "DE"), await offer(owner, amount=1000, on_hand=100)
    crowd = [await buyer_of(shop, option_id, (variant_id, 1)) for _ in range(20)]

    async def reprice(conn: Connection) -> None:
        await conn.execute("UPDATE variant_price SET amount = 1300 WHERE variant_id = $1", variant_id)

    *answers, _ = await asyncio.gather(*(buyer.place() for buyer in crowd), shop.database.transaction(reprice))
    for answer in answers:
        document = answer.document()
        if answer.status == 201:
            assert document["captured"] == {"amount": 2290, "currency": "EUR"}
        else:
            assert (problem_of(answer), document["cart"]["total"]["amount"]) == ("price_changed", 2590)
    paid = [answer for answer in answers if answer.status == 201]
    assert await stock_of(owner, variant_id) == (100 - len(paid), 0)
    assert await violations(owner) == []

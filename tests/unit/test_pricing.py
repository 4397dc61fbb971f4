"""The total of a cart, as claims about money. Amounts are minor units."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storefront.catalog.model import SaleVariant
from storefront.platform.money import minor_digits, to_major, to_minor
from storefront.pricing.compute import Rules, compute
from storefront.pricing.model import CartLine, DeliveryRule, GiftCard, PricedCart, Promotion, Standing, TaxRate, WeightTier
from storefront.pricing.rounding import half_up, spread, tax_on_top, tax_within
from storefront.settings import ROOT

VAT = TaxRate("", "", "VAT", 190_000)
REDUCED = TaxRate("", "reduced", "VAT (reduced)", 70_000)
CURRENCIES = ("JPY", "KRW", "EUR", "USD", "KWD", "TND")  # of no, two and three decimals
POST = DeliveryRule(1, "post", "Post", "flat", 490, (), None, 1, 3)


def variant(variant_id: int = 1, amount: int | None = 1000, **given: Any) -> SaleVariant:
    fields = {
        "product_id": variant_id * 10,
        "sku": f"S{variant_id}",
        "title": f"Thing {variant_id}",
        "slug": f"thing-{variant_id}",
        "options": (),
        "compare_at": None,
        "image_url": None,
        "weight_grams": 100,
        "taxable": True,
        "tax_code": "",
        "requires_delivery": True,
        "track_stock": True,
        "category_ids": (),
        "collection_ids": (),
        "on_sale": True,
        "available": 10_000,
    }
    return SaleVariant(id=variant_id, amount=amount, **fields | given)


@dataclass
class Till:
    """Variants with their quantities, priced by some rules."""

    items: list[tuple[SaleVariant, int]]
    rules: Rules
    currency: str = "EUR"

    def price(self, **more: Any) -> PricedCart:
        lines = [CartLine(item.id, quantity, item.amount or 0) for item, quantity in self.items]
        return compute(self.currency, lines, {item.id: item for item, _ in self.items}, self.rules, **more)

    def under(self, **rules: Any) -> "Till":
        """The same till in all but these rules."""
        return Till(self.items, msgspec.structs.replace(self.rules, **rules), self.currency)


def price(*items: tuple[SaleVariant, int], held: dict[int, int] | None = None, **rules: Any) -> PricedCart:
    return Till(list(items), Rules(**rules)).price(held=held)


def percent(ppm: int, **given: Any) -> Promotion:
    return Promotion(id=given.pop("id", 1), name="Sale", kind="percentage", percent_ppm=ppm, **given)


def off(amount: int, **given: Any) -> Promotion:
    return Promotion(id=given.pop("id", 2), name="Off", kind="fixed", amount=amount, currency="EUR", **given)


# --- rounding --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("numerator", "denominator", "rounded"), [(1, 2, 1), (3, 2, 2), (1, 3, 0), (2, 3, 1), (5, 10, 1), (0, 7, 0)])
def test_halves_are_rounded_up(numerator: int, denominator: int, rounded: int) -> None:
    assert half_up(numerator, denominator) == rounded


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.data())
def test_what_is_spread_sums_to_the_whole_and_no_part_exceeds_its_weight(weights: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(weights)))
    parts = spread(amount, weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))


@given(st.integers(0, 10**10), st.integers(0, 1_000_000))
def test_tax_on_top_and_tax_within_agree_within_one_unit(net: int, ppm: int) -> None:
    on_top = tax_on_top(net, ppm)
    assert abs(tax_within(net + on_top, ppm) - on_top) <= 1


@given(st.sampled_from(CURRENCIES), st.integers(0, 10**10), st.integers(0, 1_000_000))
def test_a_share_is_the_nearest_amount_that_the_currency_can_write(currency: str, amount: int, ppm: int) -> None:
    """Computed again in the major unit, with fractions: of a price without tax, and of one with it."""
    price, rate, unit = Fraction(to_major(amount, currency)), Fraction(ppm, 1_000_000), Fraction(1, 10 ** minor_digits(currency))
    for exact, found in ((price * rate, tax_on_top(amount, ppm)), (price * rate / (1 + rate), tax_within(amount, ppm))):
        written = Fraction(to_major(found, currency))
        assert -unit / 2 < written - exact <= unit / 2


def test_the_page_of_the_api_tells_the_tax_that_the_till_computes() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    rows = re.findall(r"^\| ([A-Z]{3}) \| \w+ \| (\d+) \((.+?)\) \| (\d+) % \| (\d+) \((.+?)\) \| (\d+) \((.+?)\) \|$", page, re.MULTILINE)
    assert {minor_digits(row[0]) for row in rows} == {0, 2, 3}
    for currency, amount, text, rate, *taxes in rows:
        assert to_minor(text, currency) == int(amount)
        for prices_include_tax, (tax, written) in zip((True, False), (taxes[:2], taxes[2:]), strict=True):
            rules = Rules(tax_rates=(TaxRate("", "", "VAT", int(rate) * 10_000),), prices_include_tax=prices_include_tax)
            cart = Till([(variant(amount=int(amount)), 1)], rules, currency).price()
            assert cart.tax == int(tax) == to_minor(written, currency)
            assert cart.total == int(amount) + (0 if prices_include_tax else int(tax))


# --- what tax does to a total ----------------------------------------------------------------------------------------------------


def test_tax_is_within_a_price_that_includes_it() -> None:
    cart = price((variant(amount=1190), 2), tax_rates=(VAT,))
    assert (cart.subtotal, cart.tax, cart.total) == (2380, 380, 2380)
    assert cart.lines[0].total == 2380


def test_tax_comes_on_top_of_a_price_that_excludes_it() -> None:
    cart = price((variant(amount=1000), 2), tax_rates=(VAT,), prices_include_tax=False)
    assert (cart.subtotal, cart.tax, cart.total) == (2000, 380, 2380)
    assert cart.lines[0].total == 2380


def test_each_line_has_the_rate_of_its_tax_code() -> None:
    cart = price((variant(1, 1190), 1), (variant(2, 1070, tax_code="reduced"), 1), tax_rates=(VAT, REDUCED))
    assert [line.tax for line in cart.lines] == [190, 70]
    assert cart.tax_lines == (("VAT", 190_000, 190), ("VAT (reduced)", 70_000, 70))


def test_a_code_without_a_rate_of_its_own_has_the_standard_rate() -> None:
    assert price((variant(amount=1190, tax_code="books"), 1), tax_rates=(VAT, REDUCED)).tax == 190


def test_the_rate_of_a_region_goes_before_that_of_its_country() -> None:
    rates = (TaxRate("", "", "Federal", 10_000), TaxRate("CA", "", "Sales tax", 72_500))
    assert price((variant(), 1), tax_rates=rates, region="CA", prices_include_tax=False).tax == 73
    assert price((variant(), 1), tax_rates=rates, region="ca", prices_include_tax=False).tax == 73, "however it is written"
    assert price((variant(), 1), tax_rates=rates, region="NV", prices_include_tax=False).tax == 10


def test_what_is_not_taxable_has_no_tax() -> None:
    assert price((variant(taxable=False), 1), tax_rates=(VAT,), prices_include_tax=False).total == 1000


def test_a_country_without_rates_pays_the_price_that_the_page_showed() -> None:
    cart = price((variant(amount=1190), 1))
    assert (cart.tax, cart.total) == (0, 1190)


def test_tax_is_asked_of_the_price_after_discount() -> None:
    cart = price((variant(amount=2380), 1), tax_rates=(VAT,), promotions=(percent(500_000),))
    assert (cart.discount, cart.total, cart.tax) == (1190, 1190, 190)


# --- promotions ------------------------------------------------------------------------------------------------------------------


def test_a_percentage_is_rounded_once_for_each_line() -> None:
    cart = price((variant(1, 5), 1), (variant(2, 5), 1), promotions=(percent(100_000),))
    assert [line.discount for line in cart.lines] == [1, 1]


def test_a_fixed_amount_is_spread_over_the_lines_and_sums_to_itself() -> None:
    cart = price((variant(1, 333), 1), (variant(2, 333), 1), (variant(3, 333), 1), promotions=(off(100),))
    assert [line.discount for line in cart.lines] == [34, 33, 33]
    assert cart.discount == 100


def test_a_fixed_amount_never_takes_more_than_there_is() -> None:
    cart = price((variant(1, 300), 1), (variant(2, 50), 1), promotions=(off(10_000),))
    assert (cart.discount, cart.total) == (350, 0)


def test_of_three_for_two_the_cheapest_is_free() -> None:
    three_for_two = Promotion(id=1, name="3 for 2", kind="buy_x_get_y", buy_quantity=2, get_quantity=1)
    cart = price((variant(1, 1000), 2), (variant(2, 600), 2), promotions=(three_for_two,))
    assert [line.discount for line in cart.lines] == [0, 600]
    assert price((variant(1, 1000), 2), promotions=(three_for_two,)).discount == 0


def test_free_delivery_takes_the_delivery_away() -> None:
    free = Promotion(id=1, name="Free delivery", kind="free_delivery")
    cart = price((variant(), 1), promotions=(free,), delivery=(POST,), fulfillment_option_id=1)
    assert (cart.delivery, cart.discount, cart.total) == (0, 0, 1000)
    assert [found.name for found in cart.promotions] == ["Free delivery"]


FREE = Promotion(id=7, name="Free delivery", kind="free_delivery", combinable=False, coupon_code="SHIP")
PICKUP = DeliveryRule(3, "pickup", "Pickup", "flat", 0, (), None, 0, 0)
FREE_FROM_TEN = DeliveryRule(4, "post", "Post", "flat", 490, (), 1000, 1, 3)


@pytest.mark.parametrize(
    ("needed", "delivery", "chosen", "reason"),
    [
        (False, (POST,), 1, "Nothing in the cart needs delivery."),
        (True, (PICKUP, POST), 3, "Delivery costs nothing as it is."),
        (True, (PICKUP,), None, "Delivery costs nothing as it is."),
    ],
)
def test_a_code_for_free_delivery_that_saves_nothing_stands_in_the_way_of_nothing(
    needed: bool, delivery: tuple[DeliveryRule, ...], chosen: int | None, reason: str
) -> None:
    tenth = percent(100_000, priority=1)
    item = variant(amount=1000, requires_delivery=needed)
    cart = price((item, 1), promotions=(FREE, tenth), delivery=delivery, fulfillment_option_id=chosen)
    assert (cart.coupon_codes, cart.coupon_problems, cart.total) == ((), (("SHIP", reason),), 900)


def test_a_code_is_not_needed_where_delivery_is_free_by_the_amount_that_it_keeps_up() -> None:
    """With the code, the tenth that takes the cart below ten is not applied; without it, the cart is cheaper."""
    cart = price((variant(amount=1000), 1), promotions=(FREE, off(600, priority=1)), delivery=(FREE_FROM_TEN,), fulfillment_option_id=4)
    assert (cart.coupon_codes, cart.discount, cart.delivery, cart.total) == ((), 600, 490, 890)


def test_a_code_is_not_used_up_where_delivery_is_free_by_itself() -> None:
    by_itself = Promotion(id=8, name="Free", kind="free_delivery", priority=9)
    cart = price((variant(), 1), promotions=(FREE, by_itself), delivery=(POST,), fulfillment_option_id=1)
    assert ([found.name for found in cart.promotions], cart.coupon_codes, cart.delivery) == (["Free"], (), 0)


def test_of_two_codes_for_free_delivery_one_is_used() -> None:
    other = Promotion(id=8, name="Free, too", kind="free_delivery", priority=9, coupon_code="SHIP2")
    first = msgspec.structs.replace(FREE, combinable=True)
    cart = price((variant(), 1), promotions=(first, other), delivery=(POST,), fulfillment_option_id=1)
    assert (cart.coupon_codes, cart.coupon_problems) == (("SHIP",), (("SHIP2", "Delivery is free already."),))


@pytest.mark.parametrize(
    ("delivery", "chosen"),
    [((), None), ((PICKUP, POST), None), ((PICKUP, POST), 1), ((PICKUP, POST), 99)],
    ids=["no address yet", "nothing chosen yet", "one that costs", "one that is not offered"],
)
def test_a_code_for_free_delivery_is_on_as_long_as_it_may_save_something(delivery: tuple[DeliveryRule, ...], chosen: int | None) -> None:
    cart = price((variant(), 1), promotions=(FREE,), delivery=delivery, fulfillment_option_id=chosen)
    assert (cart.coupon_codes, cart.coupon_problems, cart.delivery) == (("SHIP",), (), 0)


def test_every_option_is_shown_at_what_it_costs_once_it_is_chosen() -> None:
    """Who has chosen the pickup needs no code, and sees that the post costs nothing with theirs."""
    cart = price((variant(), 1), promotions=(FREE,), delivery=(PICKUP, POST), fulfillment_option_id=3)
    assert (cart.coupon_codes, [option.amount for option in cart.fulfillment_options]) == ((), [0, 0])


def test_promotions_apply_by_priority_each_to_what_is_left() -> None:
    cart = price((variant(amount=1000), 1), promotions=(percent(500_000, priority=2), off(200, priority=1)))
    assert [(found.name, found.amount) for found in cart.promotions] == [("Off", 200), ("Sale", 400)]


def test_what_cannot_be_combined_stands_alone() -> None:
    alone = percent(100_000, id=1, combinable=False, priority=1)
    coupon = off(200, priority=2, coupon_code="SAVE2")
    cart = price((variant(amount=1000), 1), promotions=(alone, coupon))
    assert (cart.discount, cart.coupon_codes) == (100, ())
    assert cart.coupon_problems == (("SAVE2", "This cannot be combined with “Sale”."),)
    other_way = price((variant(amount=1000), 1), promotions=(percent(100_000, id=1, combinable=False, priority=3), coupon))
    assert (other_way.discount, other_way.coupon_codes) == (200, ("SAVE2",))


def test_two_codes_of_one_promotion_count_once() -> None:
    cart = price((variant(amount=1000), 1), promotions=(off(200, coupon_code="A"), off(200, coupon_code="B")))
    assert (cart.discount, cart.coupon_codes) == (200, ("A",))
    assert cart.coupon_problems == (("B", "This is on already."),)


@pytest.mark.parametrize(
    ("promotion", "discount"),
    [
        (off(100, product_ids=(10,)), 100),
        (off(100, product_ids=(11,)), 0),
        (off(100, category_ids=(5,)), 100),
        (off(100, category_ids=(6,)), 0),
        (off(100, collection_ids=(7,)), 100),
        (off(100, collection_ids=(8,)), 0),
        (off(100, category_ids=(6,), collection_ids=(7,)), 100),
        (off(100, minimum_subtotal=1000), 100),
        (off(100, minimum_subtotal=1001), 0),
        (off(100, customer_group="trade"), 100),
        (off(100, customer_group="staff"), 0),
        (off(100, first_order_only=True), 100),
    ],
)
def test_a_promotion_applies_where_its_conditions_hold(promotion: Promotion, discount: int) -> None:
    bought = variant(1, 1000, category_ids=(4, 5), collection_ids=(7,))
    assert price((bought, 1), promotions=(promotion,), standing=Standing("trade", True)).discount == discount


def test_a_first_order_is_only_believed_of_somebody_known() -> None:
    welcome = off(100, first_order_only=True, coupon_code="HELLO")
    assert price((variant(), 1), promotions=(welcome,), standing=Standing("", False)).discount == 0
    unknown = price((variant(), 1), promotions=(welcome,))
    assert unknown.discount == 0
    assert "e-mail" in unknown.coupon_problems[0][1]


def test_a_discount_in_another_currency_is_not_applied() -> None:
    dollars = Promotion(id=1, name="Off", kind="fixed", amount=100, currency="USD")
    assert price((variant(), 1), promotions=(dollars,)).discount == 0


# --- delivery --------------------------------------------------------------------------------------------------------------------

PARCEL = DeliveryRule(2, "parcel", "Parcel", "weight", 0, (WeightTier(500, 400), WeightTier(2000, 700)), 5000, 2, 4)


@pytest.mark.parametrize(("grams", "amount"), [(100, 400), (500, 400), (501, 700), (2000, 700), (2001, None)])
def test_delivery_by_weight_costs_what_its_tier_says(grams: int, amount: int | None) -> None:
    cart = price((variant(weight_grams=grams), 1), delivery=(PARCEL,), fulfillment_option_id=2)
    assert (cart.fulfillment_option.amount if cart.fulfillment_option else None) == amount


def test_delivery_is_free_from_a_subtotal_after_discount() -> None:
    assert price((variant(amount=5000), 1), delivery=(PARCEL,), fulfillment_option_id=2).delivery == 0
    assert price((variant(amount=5000), 1), delivery=(PARCEL,), fulfillment_option_id=2, promotions=(off(1),)).delivery == 400


def test_delivery_is_taxed_at_the_standard_rate_where_the_rate_says_so() -> None:
    exclusive = price((variant(), 1), tax_rates=(VAT,), prices_include_tax=False, delivery=(POST,), fulfillment_option_id=1)
    assert (exclusive.delivery_tax, exclusive.tax, exclusive.total) == (93, 283, 1773)
    untaxed = TaxRate("", "", "Sales tax", 190_000, applies_to_delivery=False)
    assert price((variant(), 1), tax_rates=(untaxed,), delivery=(POST,), fulfillment_option_id=1).delivery_tax == 0


def test_what_is_not_sent_needs_no_delivery() -> None:
    cart = price((variant(requires_delivery=False), 1), delivery=(POST,), fulfillment_option_id=1)
    assert (cart.requires_delivery, cart.fulfillment_options, cart.delivery) == (False, (), 0)


def test_an_option_that_is_not_offered_is_not_chosen() -> None:
    cart = price((variant(), 1), delivery=(POST,), fulfillment_option_id=99)
    assert cart.fulfillment_option is None
    assert cart.delivery == 0


# --- lines that cannot be bought, and gift cards ---------------------------------------------------------------------------------


def test_what_cannot_be_bought_costs_nothing_and_says_why() -> None:
    cart = price((variant(1), 1), (variant(2, on_sale=False), 1), (variant(3, amount=None), 1), (variant(4, available=1), 2))
    assert [line.problem for line in cart.lines] == [None, "not_on_sale", "no_price", "insufficient_stock"]
    assert cart.subtotal == 3000


def test_a_variant_that_is_gone_is_shown_as_gone() -> None:
    cart = compute("EUR", [CartLine(1, 2, 500)], {}, Rules())
    assert (cart.lines[0].problem, cart.total) == ("not_on_sale", 0)


def test_what_the_cart_holds_itself_does_not_stand_in_its_way() -> None:
    assert price((variant(available=0), 2), held={1: 2}).lines[0].problem is None
    assert price((variant(available=0), 2), held={1: 1}).lines[0].problem == "insufficient_stock"


def test_a_line_tells_when_its_price_was_seen_differently() -> None:
    cart = compute("EUR", [CartLine(1, 1, 900)], {1: variant(amount=1000)}, Rules())
    assert cart.lines[0].price_changed


def test_gift_cards_pay_in_their_order_up_to_the_total() -> None:
    cards = (GiftCard(1, "AAAA", "EUR", 300), GiftCard(2, "BBBB", "EUR", 5000), GiftCard(3, "CCCC", "EUR", 50))
    cart = price((variant(), 1), gift_cards=cards)
    assert cart.gift_cards == ((1, "AAAA", 300), (2, "BBBB", 700))
    assert (cart.total, cart.gift_card_amount, cart.to_pay) == (1000, 1000, 0)
    assert cart.idle_gift_cards == ((3, "CCCC", "Nothing is left for it to pay."),)


# --- for every cart --------------------------------------------------------------------------------------------------------------

amounts = st.one_of(st.integers(0, 5), st.integers(0, 100_000), st.integers(0, 10**9))
ids = st.lists(st.integers(1, 4), max_size=2, unique=True).map(tuple)


@st.composite
def promotions(draw: st.DrawFn, number: int, currency: str) -> Promotion:
    kind = draw(st.sampled_from(["percentage", "fixed", "buy_x_get_y", "free_delivery"]))
    return Promotion(
        id=number,
        name=f"P{number}",
        kind=kind,
        percent_ppm=draw(st.integers(1, 1_000_000)) if kind == "percentage" else None,
        amount=draw(st.integers(1, 10**9)) if kind == "fixed" else None,
        currency=draw(st.sampled_from([currency, currency, "USD"])) if kind == "fixed" else None,
        buy_quantity=draw(st.integers(1, 4)) if kind == "buy_x_get_y" else None,
        get_quantity=draw(st.integers(1, 4)) if kind == "buy_x_get_y" else None,
        category_ids=draw(ids),
        minimum_subtotal=draw(st.sampled_from([0, 0, 1000])),
        combinable=draw(st.booleans()),
        priority=draw(st.integers(0, 2)),
        coupon_code=draw(st.sampled_from([None, f"CODE{number}"])),
    )


@st.composite
def tills(draw: st.DrawFn) -> Till:
    items = [
        (
            variant(
                number,
                draw(amounts),
                category_ids=draw(ids),
                tax_code=draw(st.sampled_from(["", "reduced"])),
                taxable=draw(st.booleans()),
                weight_grams=draw(st.integers(0, 3000)),
                on_sale=draw(st.sampled_from([True, True, True, False])),
                requires_delivery=draw(st.booleans()),
            ),
            draw(st.integers(1, 9999)),
        )
        for number in range(1, draw(st.integers(0, 8)) + 1)
    ]
    rate, currency = st.integers(0, 1_000_000), draw(st.sampled_from(CURRENCIES))
    rules = Rules(
        promotions=tuple(draw(promotions(number, currency)) for number in range(draw(st.integers(0, 4)))),
        tax_rates=(TaxRate("", "", "VAT", draw(rate), draw(st.booleans())), TaxRate("", "reduced", "Low", draw(rate))),
        prices_include_tax=draw(st.booleans()),
        delivery=draw(st.sampled_from([(), (POST, PARCEL), (POST, PARCEL, PICKUP), (FREE_FROM_TEN, PICKUP)])),
        fulfillment_option_id=draw(st.sampled_from([None, 1, 2, 3, 4])),
        gift_cards=tuple(GiftCard(number, "AAAA", currency, draw(amounts)) for number in range(draw(st.integers(0, 2)))),
    )
    return Till(items, rules, currency)


@settings(max_examples=300)
@given(tills())
def test_every_total_is_the_sum_of_its_parts_and_none_is_negative(till: Till) -> None:
    cart = till.price()
    assert cart.currency == till.currency
    on_top = 0 if cart.prices_include_tax else 1
    for line in cart.lines:
        assert 0 <= line.discount <= line.subtotal
        assert line.tax >= 0
        assert line.subtotal == line.unit_amount * line.quantity
        assert line.total == line.subtotal - line.discount + on_top * line.tax
    assert cart.subtotal == sum(line.subtotal for line in cart.lines)
    assert cart.discount == sum(line.discount for line in cart.lines) == sum(found.amount for found in cart.promotions)
    assert cart.tax == sum(line.tax for line in cart.lines) + cart.delivery_tax == sum(amount for *_, amount in cart.tax_lines)
    assert cart.total == cart.subtotal - cart.discount + cart.delivery + on_top * cart.tax
    assert cart.total == sum(line.total for line in cart.lines) + cart.delivery + on_top * cart.delivery_tax
    assert cart.gift_card_amount == sum(amount for *_, amount in cart.gift_cards)
    assert 0 <= cart.to_pay == cart.total - cart.gift_card_amount
    assert {card.id for card in till.rules.gift_cards} == {card_id for card_id, *_ in (*cart.gift_cards, *cart.idle_gift_cards)}
    assert cart.delivery >= 0


@settings(max_examples=300)
@given(tills())
def test_no_code_for_free_delivery_is_used_for_nothing(till: Till) -> None:
    """Without the code, the chosen delivery costs something, which it does not with it, or discounts that it lets through are gone."""
    cart = till.price()
    freeing = [found for found in till.rules.promotions if found.kind == "free_delivery" and found.coupon_code in cart.coupon_codes]
    assert len(freeing) <= 1
    if freeing:
        assert cart.requires_delivery
        others = tuple(found for found in till.rules.promotions if found.kind != "free_delivery" or not found.coupon_code)
        without = till.under(promotions=others).price()
        assert cart.delivery == 0
        assert cart.fulfillment_option is None or without.delivery > 0 or without.discount < cart.discount


@settings(max_examples=300)
@given(tills())
def test_every_option_costs_what_it_was_offered_at(till: Till) -> None:
    for option in till.price().fulfillment_options:
        chosen = till.under(fulfillment_option_id=option.id).price()
        assert chosen.fulfillment_option == option
        assert chosen.delivery == option.amount


@settings(max_examples=200)
@given(tills(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(till: Till, random: Any) -> None:
    shuffled = Till(random.sample(till.items, len(till.items)), till.rules, till.currency)
    one, other = till.price(), shuffled.price()
    assert {line.variant_id: line for line in one.lines} == {line.variant_id: line for line in other.lines}
    assert (one.total, one.tax, one.discount, one.to_pay, one.promotions) == (
        other.total,
        other.tax,
        other.discount,
        other.to_pay,
        other.promotions,
    )


@settings(max_examples=200)
@given(tills())
def test_a_price_with_its_tax_and_one_without_agree_within_a_unit_a_line(till: Till) -> None:
    """Each line priced without tax, and again at that price plus its tax."""
    on_top = Till(till.items, Rules(tax_rates=till.rules.tax_rates, prices_include_tax=False), till.currency).price()
    for line, (item, _) in zip(on_top.lines, till.items, strict=True):
        gross = variant(item.id, line.total, tax_code=item.tax_code, taxable=item.taxable)
        within = Till([(gross, 1)], Rules(tax_rates=till.rules.tax_rates), till.currency).price()
        assert within.total == line.total
        assert abs(within.tax - line.tax) <= 1

"""Buying in a real browser: with and without JavaScript, and what stands in the way of it."""

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.steps import (
    ASKS_FIRST,
    DECLINED,
    BackOffice,
    Variant,
    amount_of,
    choose_delivery,
    fill_in_address,
    fill_in_card,
    order_number,
    pay_at_provider,
    place_order,
    put_in_cart,
    total,
)


def at_checkout(page: Page, variant: Variant, quantity: int = 1, email: str = "ada@shop.example") -> None:
    """The checkout, filled in up to the payment."""
    put_in_cart(page, variant, quantity)
    page.goto("/checkout")
    fill_in_address(page, email)
    choose_delivery(page)
    expect(page.get_by_role("complementary", name="Your order")).to_contain_text("(Standard delivery)")


def choose_delivery_without_javascript(page: Page) -> None:
    """The choices are shown for the country; then the total for the choice."""
    page.get_by_role("button", name="Show delivery and total").click()
    choose_delivery(page)
    page.get_by_role("button", name="Show delivery and total").click()


def test_a_guest_buys_a_variant_from_the_home_page_to_the_confirmation(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation", name="Main categories").get_by_role("link", name="Clothing").click()
    page.get_by_role("navigation", name="Subcategories").get_by_role("link", name="Knitwear").click()
    page.get_by_role("link", name="Harbour Crew Sweater").click()
    page.get_by_role("link", name="Moss", exact=True).click()
    expect(page.locator("#option-0")).to_contain_text("Moss")
    page.get_by_role("link", name="L", exact=True).click()
    expect(page.locator("#option-1")).to_contain_text("L")
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Add to cart").click()
    added = page.get_by_role("complementary", name="Added to the cart")
    expect(page.locator("[data-cart-count]")).to_have_text("2")
    added.get_by_role("link", name="See the cart").click()
    line = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Harbour Crew Sweater"))
    expect(line).to_contain_text("Colour: Moss, Size: L")
    line.get_by_role("button", name="One fewer").click()
    expect(page.locator("[data-cart-count]")).to_have_text("1")
    page.get_by_role("link", name="Go to checkout").click()
    fill_in_address(page)
    choose_delivery(page, "Express")
    expect(place_order(page)).to_contain_text("€131.90")
    fill_in_card(page)
    place_order(page).click()
    number = order_number(page)
    expect(page.get_by_role("region", name="What you ordered")).to_contain_text("Colour: Moss, Size: L")
    expect(page.locator("[data-cart-count]")).to_be_hidden()
    page.goto("/orders/lookup")
    page.get_by_label("Order number").fill(number.lower())
    page.get_by_label("E-mail").fill("ADA@shop.example")
    page.get_by_role("button", name="Show the order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Order {number}")


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without"])
def test_who_buys_now_comes_to_the_checkout(new_context: NewContext, javascript: bool) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    page.goto("/search?q=casserole")
    page.get_by_role("link", name="Longhearth Casserole").first.click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="Buy now").click()
    expect(page).to_have_url(re.compile("/checkout$"))
    expect(page.get_by_role("complementary", name="Your order")).to_contain_text("Longhearth Casserole")


def test_a_guest_buys_a_variant_without_javascript(new_context: NewContext) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/")
    page.get_by_role("searchbox", name="Search the shop").fill("casserole")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Longhearth Casserole").first.click()
    page.get_by_role("link", name="Pine", exact=True).click()
    expect(page.locator("#option-0")).to_contain_text("Pine")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cart")
    page.get_by_label("Quantity of Longhearth Casserole").fill("3")
    page.get_by_role("button", name="Update").click()
    expect(page.get_by_label("Quantity of Longhearth Casserole")).to_have_value("3")
    page.get_by_role("button", name="One fewer").click()
    page.get_by_role("link", name="Go to checkout").click()
    fill_in_address(page)
    choose_delivery_without_javascript(page)
    expect(page.get_by_role("textbox", name="Street and number")).to_have_value("1 Ridge Way")
    shown = total(page)
    place_order(page).click()
    assert amount_of(page.locator(".amount").inner_text()) == shown
    pay_at_provider(page)
    order_number(page)
    expect(page.get_by_role("complementary", name="Order summary")).to_contain_text("(Standard delivery)")
    assert total(page) == shown


def test_a_declined_card_is_told_and_another_one_pays(page: Page, back_office: BackOffice) -> None:
    at_checkout(page, back_office.variant("bishop-pepper-mill"))
    fill_in_card(page, DECLINED)
    place_order(page).click()
    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("The payment was declined")
    expect(refusal).to_be_focused()
    expect(page.get_by_role("textbox", name="Street and number")).to_have_value("1 Ridge Way")
    fill_in_card(page)
    place_order(page).click()
    order_number(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_card_that_asks_first_is_confirmed_at_the_provider(new_context: NewContext, back_office: BackOffice, javascript: bool) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    put_in_cart(page, back_office.variant("end-grain-chopping-board"))
    page.goto("/checkout")
    fill_in_address(page)
    if javascript:
        choose_delivery(page)
        fill_in_card(page, ASKS_FIRST)
        place_order(page).click()
    else:
        choose_delivery_without_javascript(page)
        place_order(page).click()
        pay_at_provider(page, ASKS_FIRST)
    expect(page).to_have_url(re.compile("/3ds/"))
    page.get_by_role("button", name="Confirm the payment").click()
    order_number(page)


def test_a_refused_confirmation_leads_back_to_the_checkout(page: Page, back_office: BackOffice) -> None:
    at_checkout(page, back_office.variant("end-grain-chopping-board"))
    fill_in_card(page, ASKS_FIRST)
    place_order(page).click()
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_role("alert")).to_contain_text("The payment was declined")
    expect(page.get_by_label("E-mail")).to_have_value("ada@shop.example")
    fill_in_card(page)
    place_order(page).click()
    order_number(page)


def test_who_turns_back_at_the_provider_finds_the_checkout_as_it_was(page: Page, back_office: BackOffice) -> None:
    at_checkout(page, back_office.variant("olive-wood-serving-board"))
    page.get_by_role("radio", name="On our payment provider's page").check()
    place_order(page).click()
    page.get_by_role("link", name="Back to the shop").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order SF-")
    page.get_by_role("link", name="Go back to checkout").click()
    expect(page.get_by_label("E-mail")).to_have_value("ada@shop.example")
    fill_in_card(page)
    place_order(page).click()
    order_number(page)


def test_a_price_that_changed_meanwhile_is_asked_about(page: Page, back_office: BackOffice) -> None:
    spoons = back_office.variant("cherry-spoon-trio")
    at_checkout(page, spoons)
    before = total(page)
    fill_in_card(page)
    back_office.change(spoons, price=spoons.price + 100)
    place_order(page).click()
    question = page.get_by_role("alert")
    expect(question).to_contain_text("The total has changed")
    expect(question).to_contain_text("nothing was charged")
    expect(question).to_be_focused()
    assert total(page) == before + 100
    fill_in_card(page)
    place_order(page).click()
    order_number(page)
    assert total(page) == before + 100
    back_office.change(spoons, price=spoons.price)


def test_the_cart_says_what_a_price_was_when_it_was_put_in(page: Page, back_office: BackOffice) -> None:
    glass = back_office.variant("supper-wine-glass")
    put_in_cart(page, glass)
    back_office.change(glass, price=glass.price + 50)
    page.goto("/cart")
    expect(page.get_by_role("listitem").filter(has_text="Supper Wine Glass")).to_contain_text("The price has gone up from")
    back_office.change(glass, price=glass.price)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_gift_card_comes_off_the_cart_again(new_context: NewContext, back_office: BackOffice, javascript: bool) -> None:
    page = new_context(java_script_enabled=javascript).new_page()
    code = back_office.gift_card("5.00")
    put_in_cart(page, back_office.variant("larder-jar"))
    page.goto("/cart")
    page.get_by_label("Coupon or gift card").fill(code)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("€5.00 will be used")).to_be_visible()
    page.get_by_role("button", name=f"Remove the gift card ending in {code[-4:]}").click()
    expect(page.get_by_text("€5.00 will be used")).to_have_count(0)


def test_a_line_that_sold_out_before_the_order_is_named(new_context: NewContext, back_office: BackOffice) -> None:
    """Of two lines in the cart, the one is marked that cannot be had; without it the order goes on."""
    page = new_context().new_page()
    scarce, plenty = back_office.variant("market-colander"), back_office.variant("maple-rolling-pin")
    put_in_cart(page, plenty)
    put_in_cart(page, scarce)
    back_office.change(scarce, on_hand=0)
    page.goto("/checkout")
    expect(page).to_have_url(re.compile("/cart$"))
    line = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Market Colander"))
    expect(line).to_contain_text("This has just sold out")
    expect(page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Maple Rolling Pin"))).not_to_contain_text("sold out")
    expect(page.get_by_role("link", name="Go to checkout")).to_be_hidden()
    line.get_by_role("button", name="Remove").click()
    page.get_by_role("link", name="Go to checkout").click()
    fill_in_address(page)
    choose_delivery(page)
    fill_in_card(page)
    place_order(page).click()
    order_number(page)


def test_two_clicks_are_one_order(page: Page, back_office: BackOffice) -> None:
    email = f"{uuid.uuid4().hex}@clicks.example"
    at_checkout(page, back_office.variant("quarter-moon-carafe"), email=email)
    fill_in_card(page)
    place_order(page).dblclick()
    order_number(page)
    assert back_office.orders_of(email) == 1


def test_two_clicks_without_javascript_are_one_order(new_context: NewContext, back_office: BackOffice) -> None:
    """The same form, sent twice, leads to the same payment."""
    email = f"{uuid.uuid4().hex}@clicks.example"
    page = new_context(java_script_enabled=False).new_page()
    put_in_cart(page, back_office.variant("quarter-moon-carafe"))
    page.goto("/checkout")
    fill_in_address(page, email)
    choose_delivery_without_javascript(page)
    place_order(page).dblclick()
    # The second click ends the first one's navigation, which would be an error to wait_for_url().
    expect(page).to_have_url(re.compile("/pay/"))
    pay_at_provider(page)
    order_number(page)
    assert back_office.orders_of(email) == 1


def test_the_back_button_shows_the_cart_as_it_is_now(page: Page, back_office: BackOffice) -> None:
    page.goto("/p/dunmore-mug")
    page.get_by_role("button", name="Add to cart").click()
    badge = page.locator("[data-cart-count]")
    expect(badge).to_have_text("1")
    page.goto("/cart")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Your cart is empty")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dunmore Mug")
    expect(badge).to_be_hidden()

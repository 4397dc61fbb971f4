"""A customer's account in a real browser: opened, used, left and found again."""

import re
import uuid

from playwright.sync_api import Page, expect

from tests.browser.conftest import NewContext
from tests.browser.steps import BackOffice, choose_delivery, fill_in_card, order_number, place_order, put_in_cart

PASSWORD = "correct horse battery"


def register(page: Page, email: str) -> None:
    page.goto("/account/register")
    page.get_by_label("Name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Open the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Grace Hopper")


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_customer_registers_buys_signs_out_and_finds_the_order_again(new_context: NewContext, back_office: BackOffice) -> None:
    """What was put into the cart before is taken along, the saved address is filled in, and everything is there on another device."""
    email = f"{uuid.uuid4().hex[:12]}@accounts.example"
    page = new_context().new_page()
    put_in_cart(page, back_office.variant("dairy-jug"), 2)
    register(page, email)
    expect(page.get_by_role("link", name="Grace Hopper")).to_be_visible()
    page.get_by_role("link", name="Add an address").click()
    page.get_by_label("Full name").fill("Grace Hopper")
    page.get_by_label("Street and number").fill("Compiler Lane 1")
    page.get_by_label("Postal code").fill("10115")
    page.get_by_label("City").fill("Berlin")
    page.get_by_label("Use this as my standard address").check()
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("main").locator("address")).to_contain_text("Compiler Lane 1")

    page.goto("/cart")
    page.get_by_role("link", name="Go to checkout").click()
    expect(page.get_by_label("E-mail")).to_have_value(email)
    expect(page.get_by_role("region", name="Delivery address").get_by_label("Street and number")).to_have_value("Compiler Lane 1")
    choose_delivery(page)
    fill_in_card(page)
    place_order(page).click()
    number = order_number(page)

    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Account").first).to_be_visible()
    expect(page.get_by_role("link", name="Grace Hopper")).to_be_hidden()

    elsewhere = new_context().new_page()
    elsewhere.goto("/account/orders")
    expect(elsewhere).to_have_url(re.compile("/account/sign-in"))
    sign_in(elsewhere, email)
    expect(elsewhere).to_have_url(re.compile("/account/orders$"))
    elsewhere.get_by_role("link", name=number).click()
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text(f"Order {number}")
    expect(elsewhere.get_by_role("region", name="What you ordered")).to_contain_text("Dairy Jug")


def test_the_cart_of_an_account_is_the_same_on_every_device(new_context: NewContext, back_office: BackOffice) -> None:
    email = f"{uuid.uuid4().hex[:12]}@accounts.example"
    first, second = new_context().new_page(), new_context().new_page()
    register(first, email)
    put_in_cart(first, back_office.variant("perch-egg-cup"), 2)
    put_in_cart(second, back_office.variant("everyday-bowl"))
    second.goto("/account/sign-in")
    sign_in(second, email)
    expect(second.locator("[data-cart-count]")).to_have_text("3")
    second.goto("/cart")
    expect(second.get_by_role("heading", name="Perch Egg Cup")).to_be_visible()
    expect(second.get_by_role("heading", name="Everyday Bowl")).to_be_visible()


def test_details_are_changed_and_the_old_password_is_asked_for(page: Page) -> None:
    email = f"{uuid.uuid4().hex[:12]}@accounts.example"
    register(page, email)
    page.get_by_role("link", name="Change name or password").click()
    page.get_by_label("Name", exact=True).fill("Rear Admiral Hopper")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(page.get_by_role("link", name="Rear Admiral Hopper")).to_be_visible()
    page.get_by_label("Password now").fill("not this one")
    page.get_by_label("New password").fill("a much better one")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_label("Password now")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("alert")).to_be_focused()

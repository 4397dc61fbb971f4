"""Wrong input: the form again, filled in, with the message beside its field, and the focus on what must be read first."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import NewContext
from tests.browser.steps import BackOffice, put_in_cart


@pytest.fixture(params=["with scripts", "without scripts"])
def shopper(request: pytest.FixtureRequest, new_context: NewContext) -> Page:
    """Everything here holds with JavaScript and without."""
    return new_context(java_script_enabled=request.param == "with scripts").new_page()


def assert_told(field: Locator, words: str) -> None:
    """The field is marked as wrong, and described by the message, which stands right under it."""
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(f"Error: {words}")
    message = field.page.locator(".field__error").filter(has_text=words)
    above, below = field.bounding_box(), message.bounding_box()
    assert above
    assert below
    assert 0 <= below["y"] - (above["y"] + above["height"]) < 20


def assert_summed_up(page: Page, *mistakes: tuple[Locator, str]) -> None:
    """A summary has the focus, and each of its lines leads to its field."""
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary.get_by_role("listitem")).to_have_text([words for _, words in mistakes])
    for field, words in mistakes:
        summary.get_by_role("link", name=words).first.click()
        expect(field).to_be_focused()


NO_EMAIL = "Enter an e-mail address such as name@example.com."


def test_registering(shopper: Page) -> None:
    shopper.goto("/account/register")
    name, email, password = (shopper.get_by_label(label, exact=True) for label in ("Name", "E-mail", "Password"))
    name.fill("Ada & <Byron>")
    email.fill("ada@localhost")
    password.fill("short")
    shopper.get_by_role("button", name="Open the account").click()
    assert_told(email, NO_EMAIL)
    expect(password).to_have_accessible_description("Error: Use at least 10 characters. At least 10 characters.")
    expect(name).to_have_value("Ada & <Byron>")
    expect(email).to_have_value("ada@localhost")
    expect(password).to_have_value("")
    assert_summed_up(shopper, (email, NO_EMAIL), (password, "Use at least 10 characters."))


def test_registering_an_address_that_is_taken(shopper: Page) -> None:
    for _ in range(2):
        shopper.context.clear_cookies()
        shopper.goto("/account/register")
        shopper.get_by_label("Name", exact=True).fill("Ada")
        shopper.get_by_label("E-mail").fill("taken@mistakes.example")
        shopper.get_by_label("Password").fill("correct horse battery")
        shopper.get_by_role("button", name="Open the account").click()
        # The account is made, or was there from the time before: an answer that is not waited for may never be asked for.
        expect(shopper.get_by_role("heading", name="Hello, Ada").or_(shopper.get_by_role("alert"))).to_be_visible()
    expect(shopper.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    expect(shopper.get_by_role("alert")).to_be_focused()


def test_signing_in(shopper: Page) -> None:
    shopper.goto("/account/sign-in")
    shopper.get_by_label("E-mail").fill("nobody@mistakes.example")
    shopper.get_by_label("Password").fill("whatever it was")
    shopper.get_by_role("button", name="Sign in").click()
    expect(shopper.get_by_role("alert")).to_be_focused()
    expect(shopper.get_by_label("E-mail")).to_have_value("nobody@mistakes.example")
    expect(shopper.get_by_label("Password")).to_have_value("")


def test_looking_up_an_order(shopper: Page) -> None:
    shopper.goto("/orders/lookup")
    number = shopper.get_by_label("Order number")
    number.fill("SF-0")
    shopper.get_by_label("E-mail").fill("ada@mistakes.example")
    shopper.get_by_role("button", name="Show the order").click()
    assert_told(number, "No order matches this number and e-mail address.")
    expect(number).to_have_value("SF-0")
    expect(shopper.get_by_label("E-mail")).to_have_value("ada@mistakes.example")
    assert_summed_up(shopper, (number, "No order matches this number and e-mail address."))


def test_a_code_that_is_none(shopper: Page, back_office: BackOffice) -> None:
    put_in_cart(shopper, back_office.variant("larder-jar"))
    shopper.goto("/cart")
    code = shopper.get_by_label("Coupon or gift card")
    code.fill("no-such-code")
    shopper.get_by_role("button", name="Apply").click()
    assert_told(code, "This code is not known, or no longer valid.")
    expect(code).to_have_value("no-such-code")
    expect(code).to_be_focused()


def test_a_quantity_that_is_none(shopper: Page, back_office: BackOffice) -> None:
    put_in_cart(shopper, back_office.variant("larder-jar"))
    shopper.goto("/cart")
    quantity = shopper.get_by_label("Quantity of Larder Jar")
    quantity.evaluate("field => { field.type = 'text'; field.form.noValidate = true }")
    quantity.fill("a few")
    quantity.press("Enter")
    expect(shopper.get_by_role("alert")).to_be_focused()
    expect(shopper.get_by_label("Quantity of Larder Jar")).to_have_value("1")


def test_the_checkout(shopper: Page, back_office: BackOffice) -> None:
    """Everything that is wrong is told at once, in the order of the page."""
    put_in_cart(shopper, back_office.variant("larder-jar"))
    shopper.goto("/checkout")
    section = shopper.get_by_role("region", name="Delivery address")
    email, line, city = shopper.get_by_label("E-mail"), section.get_by_label("Street and number"), section.get_by_label("City")
    email.fill("ada at home")
    line.fill('1 "Ridge" Way')
    if shopper.get_by_role("radio", name="On our payment provider's page").is_visible():
        shopper.get_by_role("radio", name="On our payment provider's page").check()
    shopper.get_by_role("button", name="Place order").click()
    expect(email).to_have_accessible_description(f"Error: {NO_EMAIL} For the confirmation and news about this order.")
    assert_told(city, "Enter a town or city.")
    expect(email).to_have_value("ada at home")
    expect(line).to_have_value('1 "Ridge" Way')
    assert_summed_up(
        shopper,
        (email, NO_EMAIL),
        (section.get_by_label("Country"), "Choose a country."),
        (section.get_by_label("Full name"), "Enter a name."),
        (section.get_by_label("Postal code"), "Enter a postal code."),
        (city, "Enter a town or city."),
    )


def test_an_invoice_address_that_is_asked_for_and_left_empty(page: Page, back_office: BackOffice) -> None:
    put_in_cart(page, back_office.variant("larder-jar"))
    page.goto("/checkout")
    page.get_by_label("E-mail").fill("ada@mistakes.example")
    page.get_by_label("The invoice goes to another address").check()
    page.get_by_role("radio", name="On our payment provider's page").check()
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#billing-address-city-error")).to_contain_text("Enter a town or city.")


def test_a_card_that_is_none_is_told_before_the_order_is_sent(page: Page, back_office: BackOffice) -> None:
    put_in_cart(page, back_office.variant("larder-jar"))
    page.goto("/checkout")
    page.frame_locator("#card-element iframe").get_by_label("Card number").press_sequentially("4242 4242 4242 4241")
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("#card-error")).to_contain_text("card number")
    expect(page.locator("#card-error")).to_have_role("alert")


def test_an_address_in_the_account(shopper: Page) -> None:
    account = {"email": f"{id(shopper)}@mistakes.example", "name": "Ada", "password": "correct horse battery"}
    shopper.context.request.post("/account/register", form=account, max_redirects=0)
    shopper.goto("/account/addresses/new")
    shopper.get_by_label("Country").select_option("US")
    shopper.get_by_label("Full name").fill("Ada Byron")
    shopper.get_by_label("Street and number").fill("1 Ridge Way")
    shopper.get_by_label("Postal code").fill("94016")
    shopper.get_by_label("City").fill("San Francisco")
    shopper.get_by_role("button", name="Save the address").click()
    region = shopper.get_by_label("State or province")
    words = "Enter the two or three letters of the state or province, such as AL."
    assert_told(region, words)
    expect(shopper.get_by_label("Country")).to_have_value("US")
    expect(shopper.get_by_label("City")).to_have_value("San Francisco")
    assert_summed_up(shopper, (region, words))

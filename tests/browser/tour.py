"""Every page of the shop, by name, and how one comes to see it. A page that is new belongs in here."""

import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import APIRequestContext, BrowserContext, Page, expect

from tests.browser.steps import ADDRESS, BackOffice, fill_in_address, pay_at_provider, put_in_cart
from tests.forms import forms_of

Opener = Callable[["Tour", Page], Any]
LAMP = "puffball-table-lamp"
SWEATER = "harbour-crew-sweater"


class Tour:
    """Three people who have been here before: a guest, a customer with an order and an address, an operator."""

    def __init__(self, contexts: dict[str, BrowserContext], back_office: BackOffice) -> None:
        self.contexts = contexts
        self.back_office = back_office
        self.email = f"{uuid.uuid4().hex[:8]}@tour.example"
        self._settle_in(contexts["customer"].request)
        form = {"email": "operator@example.com", "password": back_office.password}
        assert contexts["operator"].request.post("/admin/sign-in", form=form, max_redirects=0).status == 303
        self._send_and_take_back(contexts["customer"].request, contexts["operator"].request)

    def _settle_in(self, request: APIRequestContext) -> None:
        account = {"email": self.email, "name": "Ada Byron", "password": "correct horse battery"}
        assert request.post("/account/register", form=account, max_redirects=0).status == 303
        home = {"name": "Ada Byron", "line1": "1 Ridge Way", "postal_code": "10115", "city": "Berlin", "country": "DE", "is_default": "1"}
        assert request.post("/account/addresses/new", form=home, max_redirects=0).status == 303
        away = home | {"company": "Analytical Engines", "line1": "Dorset Street 1", "city": "Wien", "postal_code": "1010", "country": "AT"}
        away.pop("is_default")
        assert request.post("/account/addresses/new", form=away, max_redirects=0).status == 303
        self.order = self._buy(request)
        self.sent_order = self._buy(request)

    def _send_and_take_back(self, customer: APIRequestContext, operator: APIRequestContext) -> None:
        """The second order is sent; of its returns one is on its way, one has arrived, and one waits as an exchange."""
        admin, own = f"/admin/orders/{self.sent_number}", f"/orders/{self.sent_number}"

        def send(who: APIRequestContext, page: str, action: str, **fields: str) -> None:
            form = forms_of(who.get(page).text())[action] | fields
            answer = who.post(action, form=form, max_redirects=0)
            assert answer.status == 303, answer.text()

        def taken_back(steps: tuple[str, ...], **wish: str) -> None:
            before = set(re.findall(rf"{admin}/returns/([0-9a-f-]+)/", operator.get(admin).text()))
            send(customer, own, f"{own}/returns", reason="does_not_fit", note="Too small.", **wish)
            (new,) = set(re.findall(rf"{admin}/returns/([0-9a-f-]+)/", operator.get(admin).text())) - before
            for step in steps:
                fields = {"answer": "Dock 4\n10115 Berlin"} if step == "approve" else {"delivery_amount": "0"}
                if step == "receive":
                    send(operator, admin, f"{admin}/returns/{new}/receive")
                else:
                    answer = operator.post(f"{admin}/returns/{new}/{step}", form=fields, max_redirects=0)
                    assert answer.status == 303, answer.text()

        send(operator, admin, f"{admin}/fulfill", carrier="Post", tracking_number="T-1")
        lamp, sweater = (f"quantity-{line}" for line in re.findall(r"name=\"quantity-(\d+)\"", customer.get(own).text()))
        taken_back(("approve",), **{lamp: "1"})
        taken_back(("approve", "receive"), **{lamp: "1"})
        taken_back(("approve", "receive", "exchange"), resolution="exchange", **{sweater: "1"})

    def _buy(self, request: APIRequestContext) -> str:
        """The path of a paid order's confirmation."""
        for slug in (LAMP, SWEATER):
            line = {"variant_id": str(self.back_office.variant(slug).id), "quantity": "2"}
            assert request.post("/cart/lines", form=line, max_redirects=0).status == 303
        page = request.get("/checkout").text()
        option = re.search(r'name="fulfillment_option_id" id="[^"]*" value="(\d+)"', page)
        assert option, page
        form = forms_of(page)["/checkout"] | {"fulfillment_option_id": option[1], "step": "update"}
        assert request.post("/checkout", form=form, max_redirects=0).status == 303
        form = forms_of(request.get("/checkout").text())["/checkout"] | {"step": "place", "payment_method": "pm_card_visa"}
        placed = request.post("/checkout", form=form, max_redirects=0)
        assert placed.status == 303, placed.text()
        return placed.headers["location"]

    @property
    def number(self) -> str:
        return urlsplit(self.order).path.rpartition("/")[2]

    @property
    def sent_number(self) -> str:
        return urlsplit(self.sent_order).path.rpartition("/")[2]


def _at(path: str) -> Opener:
    return lambda tour, page: page.goto(path)


def _suggestions(tour: Tour, page: Page) -> None:
    page.goto("/")
    page.get_by_role("combobox", name="Search the shop").press_sequentially("lamp")
    expect(page.get_by_role("option").first).to_be_visible()


def _menu(tour: Tour, page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="All categories").click()
    expect(page.get_by_role("navigation", name="All categories")).to_be_visible()


def _added(tour: Tour, page: Page) -> None:
    page.goto(f"/p/{LAMP}")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("complementary", name="Added to the cart")).to_be_visible()


def _filled(tour: Tour, page: Page, path: str) -> None:
    page.context.clear_cookies(name="cart")
    put_in_cart(page, tour.back_office.variant(LAMP), 2)
    put_in_cart(page, tour.back_office.variant(SWEATER))
    page.goto(path)


def _cart_with_wrong_code(tour: Tour, page: Page) -> None:
    _filled(tour, page, "/cart")
    page.get_by_label("Coupon or gift card").fill("NO-SUCH-CODE")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("#code-error")).to_be_visible()


def _checkout_mistaken(tour: Tour, page: Page) -> None:
    _filled(tour, page, "/checkout")
    page.get_by_label("E-mail").fill("not an address")
    page.get_by_role("radio", name="On our payment provider's page").check()
    page.get_by_role("button", name="Place order").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _checkout_done(tour: Tour, page: Page) -> None:
    _filled(tour, page, "/checkout")
    fill_in_address(page)
    page.get_by_role("checkbox").check()
    expect(page.get_by_role("radio", name=re.compile("Standard"))).to_be_visible()


def _provider(tour: Tour, page: Page) -> None:
    _checkout_done(tour, page)
    page.get_by_role("checkbox").uncheck()
    page.get_by_role("radio", name=re.compile("Standard")).check()
    page.get_by_role("radio", name="On our payment provider's page").check()
    page.get_by_role("button", name="Place order").click()
    expect(page).to_have_url(re.compile("/pay/"))


def _confirmation(tour: Tour, page: Page) -> None:
    _provider(tour, page)
    pay_at_provider(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")


def _sent(path: str, button: str, **fields: str) -> Opener:
    """A form, filled in and sent."""

    def open_and_send(tour: Tour, page: Page) -> None:
        page.goto(path)
        for label, text in fields.items():
            page.get_by_label(label.replace("E_", "E-").replace("_", " "), exact=True).fill(text)
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.locator("[data-errors], [role=status].alert")).to_be_visible()

    return open_and_send


def _wrong_address(tour: Tour, page: Page) -> None:
    page.goto("/account/addresses/new")
    page.get_by_label("Street and number").fill(ADDRESS["Street and number"])
    page.get_by_role("button", name="Save the address").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _own_address(tour: Tour, page: Page) -> None:
    page.goto("/account/addresses")
    page.get_by_role("link", name="Change").first.click()


def _verify_late(tour: Tour, page: Page) -> None:
    page.goto("/account/verify?token=x")
    page.get_by_role("button", name="Confirm").click()


def _cart_empty(tour: Tour, page: Page) -> None:
    page.context.clear_cookies(name="cart")
    page.goto("/cart")


def _sent_order(tour: Tour, page: Page) -> None:
    page.goto(f"/orders/{tour.sent_number}")
    page.get_by_text("Return or exchange something").click()
    expect(page.get_by_role("button", name="Ask for the return")).to_be_visible()


def _return_mistaken(tour: Tour, page: Page) -> None:
    _sent_order(tour, page)
    page.get_by_role("button", name="Ask for the return").click()
    expect(page.get_by_role("alert").first).to_be_visible()


def _mail(tour: Tour, page: Page) -> None:
    page.goto("/admin/mails")
    page.get_by_role("link", name=tour.number).first.click()


def _customer(tour: Tour, page: Page) -> None:
    """As one comes there from an order, put into a group and taken out again: each time the page is looked at it has as much on it."""
    page.goto(f"/admin/orders/{tour.number}")
    page.get_by_role("link", name=tour.email).click()
    for group in ("trade", ""):
        page.get_by_label("Customer group").fill(group)
        page.get_by_role("button", name="Save the group").click()
        expect(page.get_by_label("Customer group")).to_have_value(group)
        expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


def _customer_mistaken(tour: Tour, page: Page) -> None:
    page.goto("/admin/customers")
    page.get_by_role("link", name=tour.email).click()
    group = page.get_by_label("Customer group")
    group.evaluate("field => field.removeAttribute('maxlength')")
    group.fill("x" * 51)
    page.get_by_role("button", name="Save the group").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _promotion(tour: Tour, page: Page) -> None:
    """One with a code that has a limit, and somebody who changed it."""
    page.goto("/admin/promotions")
    page.get_by_role("link", name="Welcome: 10 % off").click()
    page.get_by_role("button", name="Save the promotion").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()


def _promotion_mistaken(tour: Tour, page: Page) -> None:
    page.goto("/admin/promotions/new")
    page.get_by_label("Name").fill("Autumn")
    page.get_by_label("Percentage", exact=False).first.fill("150")
    page.get_by_label("Products").fill("no-such-thing")
    page.get_by_role("button", name="Make the promotion").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _card_issued(tour: Tour, page: Page) -> None:
    page.goto("/admin/gift-cards")
    page.get_by_label("Amount").fill("25")
    page.get_by_label("Recipient’s e-mail").fill(tour.email)
    page.get_by_role("button", name="Issue the card").click()
    expect(page.get_by_role("status").filter(has_text="Its code is")).to_be_visible()


def _cards(tour: Tour, page: Page) -> None:
    _card_issued(tour, page)
    page.goto("/admin/gift-cards")


def _card_mistaken(tour: Tour, page: Page) -> None:
    page.goto("/admin/gift-cards")
    page.get_by_label("Amount").fill("nothing")
    page.get_by_role("button", name="Issue the card").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _search_taught(tour: Tour, page: Page) -> None:
    """Something of everything; what is set twice is there once."""
    form = tour.contexts["operator"].request
    tour.contexts["guest"].request.get("/search?q=xqzvw")
    for what, fields in (
        ("synonyms", {"terms": "pullover, jumper"}),
        ("redirects", {"query": "gift card", "url": "/collections/slow-mornings"}),
        ("boosts", {"text": "wool", "product": SWEATER, "pinned_at": "1"}),
    ):
        assert form.post(f"/admin/search/{what}", form=fields, max_redirects=0).status == 303
    page.goto("/admin/search")


def _search_mistaken(tour: Tour, page: Page) -> None:
    page.goto("/admin/search")
    page.get_by_label("Product", exact=False).last.fill("no-such-thing")
    page.get_by_role("button", name="Place the product").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _location_mistaken(tour: Tour, page: Page) -> None:
    page.goto("/admin/locations/new")
    page.get_by_label("Name").fill("North")
    page.get_by_label("Delivers to").fill("Norway")
    page.get_by_role("button", name="Make the location").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _product_mistaken(tour: Tour, page: Page) -> None:
    page.goto(f"/admin/products/{tour.back_office.variant(LAMP).product_id}")
    variant = page.locator(".variant-form").first
    variant.get_by_label("On hand").first.fill("some")
    variant.get_by_role("button").click()
    expect(page.locator("[data-errors]")).to_be_visible()


def _stock_history(tour: Tour, page: Page) -> None:
    """Of something that was bought, and came back."""
    page.goto(f"/admin/products/{tour.back_office.variant(LAMP).product_id}")
    page.get_by_role("link", name="Stock history").first.click()
    expect(page.get_by_role("link", name=tour.sent_number).first).to_be_visible()


# Name → (who sees it, how they come there, the status that it answers with).
PAGES: dict[str, tuple[str, Opener, int]] = {
    "home": ("guest", _at("/"), 200),
    "menu": ("guest", _menu, 200),
    "category": ("guest", _at("/c/clothing"), 200),
    "category-last-page": ("guest", _at("/c/kitchen?page=99"), 200),
    "category-filtered": ("guest", _at("/c/clothing/knitwear?opt.Size=M&sort=price"), 200),
    "collection": ("guest", _at("/collections/slow-mornings"), 200),
    "product": ("guest", _at(f"/p/{SWEATER}"), 200),
    "product-plain": ("guest", _at(f"/p/{LAMP}"), 200),
    "product-added": ("guest", _added, 200),
    "search": ("guest", _at("/search?q=wool"), 200),
    "search-nothing": ("guest", _at("/search?q=xqzvw"), 200),
    "search-everything": ("guest", _at("/search"), 200),
    "suggestions": ("guest", _suggestions, 200),
    "cart-empty": ("guest", _cart_empty, 200),
    "cart": ("guest", lambda tour, page: _filled(tour, page, "/cart"), 200),
    "cart-wrong-code": ("guest", _cart_with_wrong_code, 200),
    "checkout": ("guest", lambda tour, page: _filled(tour, page, "/checkout"), 200),
    "checkout-errors": ("guest", _checkout_mistaken, 422),
    "checkout-address": ("guest", _checkout_done, 200),
    "provider": ("guest", _provider, 200),
    "confirmation": ("guest", _confirmation, 200),
    "order-lookup": ("guest", _at("/orders/lookup"), 200),
    "order-lookup-errors": ("guest", _sent("/orders/lookup", "Show the order", Order_number="SF-1", E_mail="a@b.example"), 422),
    "sign-in": ("guest", _at("/account/sign-in"), 200),
    "sign-in-errors": ("guest", _sent("/account/sign-in", "Sign in", E_mail="a@b.example", Password="wrong"), 422),
    "register": ("guest", _at("/account/register"), 200),
    "register-errors": ("guest", _sent("/account/register", "Open the account", Name=" ", E_mail="a@b.example", Password="x"), 422),
    "forgot-password": ("guest", _at("/account/forgot-password"), 200),
    "forgot-password-sent": ("guest", _sent("/account/forgot-password", "Send the link", E_mail="a@b.example"), 200),
    "reset-password-late": ("guest", _at("/account/reset-password?token=x"), 410),
    "verify": ("guest", _at("/account/verify?token=x"), 200),
    "verify-late": ("customer", _verify_late, 410),
    "not-found": ("guest", _at("/p/no-such-thing"), 404),
    "api-docs": ("guest", _at("/api/v1/docs"), 200),
    "account": ("customer", _at("/account"), 200),
    "account-orders": ("customer", _at("/account/orders"), 200),
    "order": ("customer", lambda tour, page: page.goto(f"/orders/{tour.number}"), 200),
    "order-sent": ("customer", _sent_order, 200),
    "order-return-errors": ("customer", _return_mistaken, 422),
    "addresses": ("customer", _at("/account/addresses"), 200),
    "address": ("customer", _own_address, 200),
    "address-errors": ("customer", _wrong_address, 422),
    "details": ("customer", _at("/account/details"), 200),
    "admin-sign-in": ("guest", _at("/admin/sign-in"), 200),
    "admin": ("operator", _at("/admin"), 200),
    "admin-orders": ("operator", _at("/admin/orders"), 200),
    "admin-order": ("operator", lambda tour, page: page.goto(f"/admin/orders/{tour.number}"), 200),
    "admin-order-returns": ("operator", lambda tour, page: page.goto(f"/admin/orders/{tour.sent_number}"), 200),
    "admin-customers": ("operator", _at("/admin/customers"), 200),
    "admin-customer": ("operator", _customer, 200),
    "admin-customer-errors": ("operator", _customer_mistaken, 422),
    "admin-products": ("operator", _at("/admin/products"), 200),
    "admin-product": ("operator", lambda tour, page: page.goto(f"/admin/products/{tour.back_office.variant(SWEATER).product_id}"), 200),
    "admin-product-errors": ("operator", _product_mistaken, 422),
    "admin-stock-history": ("operator", _stock_history, 200),
    "admin-locations": ("operator", _at("/admin/locations"), 200),
    "admin-location": ("operator", _at("/admin/locations/1"), 200),
    "admin-location-errors": ("operator", _location_mistaken, 422),
    "admin-promotions": ("operator", _at("/admin/promotions"), 200),
    "admin-promotion": ("operator", _promotion, 200),
    "admin-promotion-new": ("operator", _at("/admin/promotions/new"), 200),
    "admin-promotion-errors": ("operator", _promotion_mistaken, 422),
    "admin-gift-cards": ("operator", _cards, 200),
    "admin-gift-cards-errors": ("operator", _card_mistaken, 422),
    "admin-gift-card": ("operator", _card_issued, 200),
    "admin-search": ("operator", _search_taught, 200),
    "admin-search-errors": ("operator", _search_mistaken, 422),
    "admin-mails": ("operator", _at("/admin/mails"), 200),
    "admin-mail": ("operator", _mail, 200),
    "admin-jobs": ("operator", _at("/admin/jobs"), 200),
    "admin-health": ("operator", _at("/admin/health"), 200),
}

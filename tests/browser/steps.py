"""What shoppers and the operator do, step by step, on pages."""

import re
from dataclasses import dataclass

from playwright.sync_api import APIRequestContext, Locator, Page, expect

from storefront.platform.money import to_major
from tests.forms import forms_of

ADDRESS = {
    "Full name": "Ada Byron",
    "Street and number": "1 Ridge Way",
    "Postal code": "10115",
    "City": "Berlin",
}
VISA = "4242424242424242"
DECLINED = "4000000000009995"
ASKS_FIRST = "4000002500003155"


@dataclass(frozen=True)
class Variant:
    """A variant as the JSON API shows it; `price` is in minor units."""

    id: int
    product_id: int
    slug: str
    price: int
    options: dict[str, str]


class BackOffice:
    """The operator, signed in, without a browser."""

    def __init__(self, request: APIRequestContext, password: str) -> None:
        self.request = request
        self.password = password
        answer = request.post("/admin/sign-in", form={"email": "operator@example.com", "password": password}, max_redirects=0)
        assert answer.status == 303, answer.text()

    def variant(self, slug: str, **options: str) -> Variant:
        """The variant of a product with these options."""
        product = self.request.get(f"/api/v1/products/{slug}").json()
        found = next(variant for variant in product["variants"] if options.items() <= variant["options"].items())
        return Variant(found["id"], product["id"], slug, found["price"]["amount"], found["options"])

    def change(self, variant: Variant, *, price: int | None = None, on_hand: int | None = None) -> None:
        """Sets the price (minor units), or what is on hand at every location."""
        path = f"/admin/products/{variant.product_id}"
        action = f"{path}/variants/{variant.id}"
        form = forms_of(self.request.get(path).text())[action]
        if price is not None:
            form["amount"] = str(to_major(price, "EUR"))
        if on_hand is not None:
            form |= {name: str(on_hand) for name in form if name.startswith("stock-")}
        answer = self.request.post(action, form=form, max_redirects=0)
        assert answer.status == 303, answer.text()

    def gift_card(self, amount: str) -> str:
        """Issues a card of so many EUR; returns its code."""
        form = forms_of(self.request.get("/admin/gift-cards").text())["/admin/gift-cards"]
        answer = self.request.post("/admin/gift-cards", form=form | {"amount": amount, "currency": "EUR"})
        code = re.search(r"<strong><code>([A-Z0-9-]{19})</code></strong>", answer.text())
        assert code is not None, answer.text()
        return code[1]

    def orders_of(self, email: str) -> int:
        """How many orders there are with this e-mail address."""
        page = self.request.get(f"/admin/orders?q={email}").text()
        return len(re.findall(r'<a href="/admin/orders/SF-\d+">', page))


def put_in_cart(page: Page, variant: Variant, quantity: int = 1) -> None:
    """By the form that every product page has, without looking at one."""
    form = {"variant_id": str(variant.id), "quantity": str(quantity)}
    answer = page.context.request.post("/cart/lines", form=form, max_redirects=0)
    assert answer.status == 303, answer.text()


def fill_in_address(page: Page, email: str = "ada@shop.example") -> None:
    """Contact and delivery address, in the order of the page."""
    page.get_by_label("E-mail").fill(email)
    section = page.get_by_role("region", name="Delivery address")
    section.get_by_label("Country").select_option("DE")
    for label, text in ADDRESS.items():
        section.get_by_label(label).fill(text)


def choose_delivery(page: Page, name: str = "Standard") -> None:
    """A delivery option; the total then says so."""
    page.get_by_role("radio", name=re.compile(name)).check()


def fill_in_card(page: Page, number: str = VISA) -> None:
    """The card, in the provider's own field."""
    frame = page.frame_locator("#card-element iframe")
    frame.get_by_label("Card number").press_sequentially(number)
    frame.get_by_label("Expiry").press_sequentially("1240")
    frame.get_by_label("Security code").press_sequentially("123")


def pay_at_provider(page: Page, number: str = VISA) -> None:
    """The provider's payment page, without a script."""
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12/40")
    page.get_by_label("Security code").fill("123")
    page.get_by_role("button", name="Pay").click()


def place_order(page: Page) -> Locator:
    """The button that means it."""
    return page.get_by_role("button", name="Place order")


def order_number(page: Page) -> str:
    """The order that the confirmation thanks for."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    return page.get_by_text(re.compile(r"^SF-\d+$")).first.inner_text()


def amount_of(text: str) -> int:
    """Minor units of "€1,234.50"."""
    digits = re.sub(r"[^\d]", "", text)
    return int(digits)


def total(page: Page) -> int:
    """The total that a page shows, in minor units."""
    return amount_of(page.locator(".totals__sum dd").inner_text())

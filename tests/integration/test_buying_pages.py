"""Buying by pages alone, with forms and without JavaScript; and what an operator does with the order."""

import asyncio
import re
import uuid
from typing import Any

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.service import checkout_context
from storefront.settings import Settings
from tests.buying import gift_card, offer, stock_of, violations
from tests.forms import Browser, forms_of
from tests.sandbox import Sandbox, eventually

Client = TestClient[web.Request, web.Application]
ADDRESS = {
    "delivery_address.name": "Ada Byron",
    "delivery_address.line1": "1 Ridge Way",
    "delivery_address.city": "Berlin",
    "delivery_address.postal_code": "10115",
    "delivery_address.country": "DE",
}
CARD = "4242 4242 4242 4242"


async def at_checkout(browser: Browser, variant_id: int, quantity: int = 1, *, email: str = "guest@shop.example") -> dict[str, str]:
    """The checkout form, filled in as far as it goes; only "Place order" is left."""
    assert await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": str(quantity)}) == "/cart"
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    assert await browser.follow("/checkout", form | ADDRESS | {"email": email, "step": "update"}) == "/checkout"
    page = await browser.open("/checkout")
    return await with_delivery(browser, page)


async def with_delivery(browser: Browser, page: str) -> dict[str, str]:
    """The form once the first way of delivery that the page offers is chosen."""
    option = re.search(r'name="fulfillment_option_id" id="[^"]*" value="(\d+)"', page)
    assert option is not None
    form = forms_of(page)["/checkout"] | {"fulfillment_option_id": option[1], "step": "update"}
    assert await browser.follow("/checkout", form) == "/checkout"
    return forms_of(await browser.open("/checkout"))["/checkout"] | {"step": "place"}


async def pay(sandbox: Sandbox, browser: Browser, page: str, number: str = CARD) -> str:
    """Pays on the provider's page and comes back to the shop: the path of the order's page."""
    status, back, _ = await sandbox.pay(page, number)
    assert status == 303
    return await returned(browser, back)


async def returned(browser: Browser, back: str) -> str:
    async with browser.client.get(back[back.index("/checkout/return") :], allow_redirects=False) as answer:
        assert answer.status == 303
        return str(answer.headers["Location"])


async def test_a_guest_buys_without_javascript(browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1500, on_hand=5)
    form = await at_checkout(browser, variant_id, 2)
    assert (form["expected_total"], form["email"]) == ("3490", "guest@shop.example")
    assert await stock_of(owner, variant_id) == (5, 2)
    assert browser.cookie("cart_count") == "2"
    location = await pay(sandbox, browser, await browser.follow("/checkout", form))
    assert location.endswith("&placed=1")
    page = await browser.open(location)
    number = location.split("/")[2].partition("?")[0]
    assert number in page
    assert "Thank you, Ada" in page
    assert (browser.cookie("cart"), browser.cookie("cart_count")) == ("", "")
    assert await stock_of(owner, variant_id) == (3, 0)
    await browser.open(f"/orders/{number}", status=404)
    status, found, _ = await browser.send("/orders/lookup", {"number": number, "email": "GUEST@shop.example"})
    assert (status, found) == (303, location.removesuffix("&placed=1"))
    status, _, text = await browser.send("/orders/lookup", {"number": number, "email": "eve@shop.example"})
    assert (status, "No order matches" in text) == (422, True)
    assert await violations(owner) == []


async def paid_with_more_in_the_cart(browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection) -> tuple[str, str, dict[int, int]]:
    """A cart into which another window puts something while it is paid for: its id, its order's number, and what came too late."""
    ordered, other = await offer(owner), await offer(owner)
    form = await at_checkout(browser, ordered, 2)
    page = await browser.follow("/checkout", form)
    cart_id = browser.cookie("cart")
    for variant_id, quantity in ((ordered, 1), (other, 3)):
        assert await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": str(quantity)}) == "/cart"
    path = await pay(sandbox, browser, page)
    assert "placed=1" in path
    return cart_id, path.partition("?")[0].rpartition("/")[2], {ordered: 1, other: 3}


async def in_cart(browser: Browser, cart_id: str) -> tuple[dict[int, int], str | None]:
    """What the cart holds, and the one after it."""
    async with browser.client.get(f"/api/v1/carts/{cart_id}") as answer:
        cart = await answer.json()
        return {line["variant_id"]: line["quantity"] for line in cart["lines"]}, cart["next_cart_id"]


async def test_what_is_put_into_a_cart_while_it_is_paid_for_is_neither_ordered_nor_lost(
    browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    cart_id, number, late = await paid_with_more_in_the_cart(browser, sandbox, owner)
    assert (browser.cookie("cart_count"), await in_cart(browser, browser.cookie("cart"))) == ("4", (late, None))
    assert (await in_cart(browser, cart_id))[1] == browser.cookie("cart")
    rows = await owner.fetch("SELECT quantity FROM order_line JOIN orders o ON o.id = order_id WHERE number = $1", number)
    assert [row["quantity"] for row in rows] == [2]
    assert await violations(owner) == []


async def test_who_comes_back_with_the_ordered_cart_goes_on_with_what_came_too_late(
    browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    """As when the payment is told by the provider, and the browser that paid never came back."""
    cart_id, _, late = await paid_with_more_in_the_cart(browser, sandbox, owner)
    successor, more = browser.cookie("cart"), await offer(owner)

    def back() -> None:
        browser.client.session.cookie_jar.update_cookies({"cart": cart_id}, browser.client.make_url("/"))

    for path, fields in (("/cart/coupon/remove", {"code": "NONE"}), ("/cart/lines", {"variant_id": str(more), "quantity": "1"})):
        back()
        assert await browser.follow(path, fields) == "/cart"
        assert browser.cookie("cart") == successor
    back()
    await browser.open("/cart", status=303)
    assert browser.cookie("cart") == successor
    assert await in_cart(browser, successor) == (late | {more: 1}, None)


async def test_a_cart_that_was_ordered_as_it_is_has_none_after_it(browser: Browser, owner: asyncpg.Connection) -> None:
    form = await at_checkout(browser, await offer(owner))
    cart_id = browser.cookie("cart")
    await browser.follow("/checkout", form | {"payment_method": "pm_card_visa"})
    assert (browser.cookie("cart"), (await in_cart(browser, cart_id))[1]) == ("", None)
    assert not await owner.fetchval("SELECT EXISTS (SELECT FROM cart_successor WHERE cart_id = $1)", cart_id)


async def test_a_cart_whose_payment_is_still_on_its_way_stays_the_browsers(
    browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    """The bank takes its time; who goes to checkout again with more in the cart is shown the order, and keeps the cart."""
    await sandbox.misbehave([], takes_a_while=600)
    variant_id, more = await offer(owner), await offer(owner)
    form = await at_checkout(browser, variant_id) | {"payment_method": "pm_usBankAccount_success"}
    cart_id, order = browser.cookie("cart"), await browser.follow("/checkout", form)
    assert browser.cookie("cart") == cart_id
    again = forms_of(await browser.open("/checkout"))["/checkout"] | {"step": "place", "payment_method": "pm_card_visa"}
    assert await browser.follow("/checkout", again) == order, "there is no second payment beside it"
    await browser.follow("/cart/lines", {"variant_id": str(more), "quantity": "2"})
    async with browser.client.get("/checkout", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, order)
    assert (browser.cookie("cart"), browser.cookie("cart_count")) == (cart_id, "3")


async def test_a_card_from_the_providers_own_field_pays_at_once(browser: Browser, owner: asyncpg.Connection) -> None:
    form = await at_checkout(browser, await offer(owner))
    location = await browser.follow("/checkout", form | {"payment_method": "pm_card_visa"})
    assert location.endswith("&placed=1")
    assert await violations(owner) == []


async def test_who_orders_while_the_provider_answers_nothing_is_shown_the_order_that_waits(
    browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    """The same form once more, when the provider can be asked again, is the same order, and paid once."""
    form = await at_checkout(browser, await offer(owner, amount=1500, on_hand=5)) | {"payment_method": "pm_card_visa"}
    await sandbox.misbehave([{"fault": "lose_answer"}])
    location = await browser.follow("/checkout", form)
    assert location.startswith("/orders/SF-")
    assert "Thank you" not in await browser.open(location)
    await sandbox.misbehave([])
    assert await browser.follow("/checkout", form) == location + "&placed=1"
    assert await violations(owner) == []


async def test_goods_that_cannot_be_sent_to_a_country_are_told_at_the_form_where_another_can_be_entered(
    browser: Browser, owner: asyncpg.Connection
) -> None:
    """There are enough of them, but in a place that sends to France alone."""
    variant_id = await offer(owner, amount=1500, on_hand=0)
    far = await owner.fetchval("INSERT INTO stock_location (code, name, countries) VALUES ('france', 'France', '{FR}') RETURNING id")
    await owner.execute("INSERT INTO stock (variant_id, location_id, on_hand) VALUES ($1, $2, 5)", variant_id, far)
    await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": "2"})
    form = forms_of(await browser.open("/checkout"))["/checkout"] | ADDRESS | {"email": "guest@shop.example", "step": "update"}
    assert await browser.follow("/checkout", form) == "/checkout"
    page = await browser.open("/checkout")
    assert "We have too little of this where we can send it to this country from: Thing" in page
    assert "are held for you" not in page
    form = await with_delivery(browser, page) | {"payment_method": "pm_card_visa"}
    assert form["delivery_address.line1"] == ADDRESS["delivery_address.line1"]
    assert await browser.follow("/checkout", form) == "/checkout", "who places it nevertheless is led back to the form"
    moved = {"delivery_address.country": "FR", "delivery_address.postal_code": "75001", "step": "update"}
    assert await browser.follow("/checkout", form | moved) == "/checkout"
    page = await browser.open("/checkout")
    assert "are held for you" in page
    form = await with_delivery(browser, page) | {"payment_method": "pm_card_visa"}
    assert (await browser.follow("/checkout", form)).endswith("&placed=1")
    assert await stock_of(owner, variant_id) == (3, 0)
    assert await violations(owner) == []


async def test_what_another_window_put_into_the_cart_is_shown_before_it_is_ordered(browser: Browser, owner: asyncpg.Connection) -> None:
    """At the same total; the second time it has been seen."""
    first, second = await offer(owner, amount=1500), await offer(owner, amount=1500)
    form = await at_checkout(browser, first) | {"payment_method": "pm_card_visa"}
    await browser.follow("/cart/lines", {"variant_id": str(second), "quantity": "1"})
    await browser.follow(f"/cart/lines/{first}", {"remove": "1"})
    status, _, page = await browser.send("/checkout", form)
    assert (status, "The cart was changed in another window" in page) == (409, True)
    again = forms_of(page)["/checkout"] | {"step": "place", "payment_method": "pm_card_visa"}
    assert again["email"] == "guest@shop.example"
    assert (await browser.follow("/checkout", again)).endswith("&placed=1")
    assert await owner.fetchval("SELECT variant_id FROM order_line ORDER BY id DESC LIMIT 1") == second


async def test_a_double_click_is_one_order(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=5)
    form = await at_checkout(browser, variant_id) | {"payment_method": "pm_card_visa"}
    locations = await asyncio.gather(*(browser.follow("/checkout", form) for _ in range(3)))
    assert len(set(locations)) == 1
    assert await stock_of(owner, variant_id) == (4, 0)
    assert await violations(owner) == []


async def test_a_reload_of_the_sent_form_is_the_same_order(browser: Browser, owner: asyncpg.Connection) -> None:
    form = await at_checkout(browser, await offer(owner)) | {"payment_method": "pm_card_visa"}
    cart = browser.cookie("cart")
    first = await browser.follow("/checkout", form)
    browser.client.session.cookie_jar.update_cookies({"cart": cart}, browser.client.make_url("/"))
    assert await browser.follow("/checkout", form) == first


async def test_a_declined_card_is_told_and_another_may_be_tried(browser: Browser, sandbox: Sandbox, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=5)
    form = await at_checkout(browser, variant_id) | {"payment_method": "pm_card_chargeDeclined"}
    status, _, page = await browser.send("/checkout", form)
    assert (status, "The payment was declined" in page) == (402, True)
    again = forms_of(page)["/checkout"]
    assert again["idempotency_key"] != form["idempotency_key"]
    location = await browser.follow("/checkout", form | again | {"payment_method": "pm_card_visa", "step": "place"})
    assert location.endswith("&placed=1")
    assert await stock_of(owner, variant_id) == (4, 0)
    assert await violations(owner) == []


async def test_a_price_that_changed_is_asked_about(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000)
    form = await at_checkout(browser, variant_id) | {"payment_method": "pm_card_visa"}
    await owner.execute("UPDATE variant_price SET amount = 1100 WHERE variant_id = $1", variant_id)
    status, _, page = await browser.send("/checkout", form)
    assert (status, "The total has changed" in page) == (409, True)
    again = forms_of(page)["/checkout"]
    assert again["expected_total"] == "1590"
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", uuid.UUID(browser.cookie("cart"))) == 0
    assert (await browser.follow("/checkout", form | again | {"payment_method": "pm_card_visa", "step": "place"})).endswith("&placed=1")


async def test_what_is_missing_is_said_beside_its_field_and_nothing_entered_is_lost(browser: Browser, owner: asyncpg.Connection) -> None:
    await browser.follow("/cart/lines", {"variant_id": str(await offer(owner)), "quantity": "1"})
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    entered = (
        form | ADDRESS | {"email": "no address", "delivery_address.postal_code": "", "delivery_address.city": "Berl<in", "step": "place"}
    )
    status, _, page = await browser.send("/checkout", entered)
    assert status == 422
    assert 'id="email-error"' in page or "name@example.com" in page
    kept = forms_of(page)["/checkout"]
    assert (kept["email"], kept["delivery_address.city"]) == ("no address", "Berl<in")
    assert "Berl<in" not in page, "what is entered is text, not markup"


async def test_a_region_that_tax_cannot_be_asked_by_is_told_when_it_is_entered(browser: Browser, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "INSERT INTO tax_rate (country, region, name, rate_ppm) VALUES ('ES', '', 'IVA', 210000), ('ES', 'Ceuta', 'IPSI', 5000) "
        "ON CONFLICT DO NOTHING"
    )
    assert await browser.follow("/cart/lines", {"variant_id": str(await offer(owner)), "quantity": "1"}) == "/cart"
    form = forms_of(await browser.open("/checkout"))["/checkout"] | ADDRESS | {"email": "guest@shop.example", "step": "update"}
    in_spain = form | {"delivery_address.country": "ES", "delivery_address.region": "Soria"}
    status, _, page = await browser.send("/checkout", in_spain)
    assert (status, "Enter one of Ceuta, or leave it empty." in page) == (422, True)
    assert forms_of(page)["/checkout"]["delivery_address.region"] == "Soria"
    assert forms_of(await browser.open("/checkout"))["/checkout"]["delivery_address.region"] == ""
    assert await browser.follow("/checkout", in_spain | {"delivery_address.region": "Ceuta"}) == "/checkout"


async def not_sent(browser: Browser, owner: asyncpg.Connection) -> dict[str, str]:
    """The checkout form of goods that are not sent, after an address in Japan was given for some that are."""
    sent, download = str(await offer(owner)), str(await offer(owner, amount=1000, requires_delivery=False))
    for variant_id in (sent, download):
        assert await browser.follow("/cart/lines", {"variant_id": variant_id, "quantity": "1"}) == "/cart"
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    in_japan = ADDRESS | {"delivery_address.country": "JP", "email": "guest@shop.example", "step": "update"}
    assert await browser.follow("/checkout", form | in_japan) == "/checkout"
    assert await browser.follow(f"/cart/lines/{sent}", {"quantity": "0"}) == "/cart"
    return forms_of(await browser.open("/checkout"))["/checkout"] | {"step": "place", "payment_method": "pm_card_visa"}


async def test_the_address_that_tax_was_asked_by_is_shown_and_kept_where_nothing_is_sent(
    browser: Browser, owner: asyncpg.Connection
) -> None:
    form = await not_sent(browser, owner)
    assert (form["billing_different"], form["billing_address.country"]) == ("1", "JP")
    assert "delivery_address.country" not in form
    number = (await browser.follow("/checkout", form)).partition("?")[0].rpartition("/")[2]
    order = await owner.fetchrow("SELECT * FROM orders WHERE number = $1", number)
    assert (order["tax"], order["delivery_address"], "JP" in order["billing_address"]) == (0, None, True)


async def test_who_takes_that_address_away_is_taxed_where_the_shop_is(browser: Browser, owner: asyncpg.Connection) -> None:
    form = await not_sent(browser, owner)
    del form["billing_different"]
    number = (await browser.follow("/checkout", form)).partition("?")[0].rpartition("/")[2]
    order = await owner.fetchrow("SELECT * FROM orders WHERE number = $1", number)
    assert (order["tax"], order["delivery_address"], order["billing_address"]) == (160, None, None)


async def test_what_sold_out_meanwhile_leads_back_to_the_cart(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, on_hand=1)
    await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": "2"})
    async with browser.client.get("/checkout", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/cart")
    assert "Only 1 left" in await browser.open("/cart")


async def test_who_buys_now_is_at_checkout_with_it(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = str(await offer(owner))
    assert await browser.follow("/cart/buy", {"variant_id": variant_id, "quantity": "2"}) == "/checkout"
    assert browser.cookie("cart_count") == "2"
    assert "/checkout" in forms_of(await browser.open("/checkout"))
    assert (await browser.send("/cart/buy", {"variant_id": variant_id, "quantity": "-1"}))[0] == 422


async def test_a_quantity_that_is_none_is_refused_and_the_cart_stays(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = str(await offer(owner))
    await browser.follow("/cart/lines", {"variant_id": variant_id, "quantity": "1"})
    for quantity in ("-1", "0", "²", "1.5", "99999", "NaN", "one", "\x00"):
        assert (await browser.send("/cart/lines", {"variant_id": variant_id, "quantity": quantity}))[0] == 422, quantity
        assert browser.cookie("cart_count") == "1"
    await browser.follow("/cart/lines", {"variant_id": variant_id, "quantity": ""})
    assert browser.cookie("cart_count") == "2", "an empty field is one unit"


async def test_a_code_and_a_gift_card_come_off_the_cart_whether_they_are_used_or_not(
    browser: Browser, shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    first, second = await gift_card(shop, 1000), await gift_card(shop, 5000)
    promotion_id = await owner.fetchval(
        "INSERT INTO promotion (name, kind, amount, currency, needs_coupon, minimum_subtotal) "
        "VALUES ('Five off', 'fixed', 500, 'EUR', true, 100000) RETURNING id"
    )
    await owner.execute("INSERT INTO coupon (code, promotion_id) VALUES ('NOT-YET', $1)", promotion_id)
    assert await browser.follow("/cart/lines", {"variant_id": str(await offer(owner, amount=1000)), "quantity": "1"}) == "/cart"
    for code in ("NOT-YET", first, second):
        assert await browser.follow("/cart/coupon", {"code": code}) == "/cart"

    async def removals() -> dict[str, dict[str, str]]:
        """What each form that takes something off is called, and its fields."""
        forms = re.findall(r'<form[^>]*action="/cart/coupon/remove".*?</form>', await browser.open("/cart"), re.DOTALL)
        called = [re.search(r'Remove<span class="sr"> the ([^<]+)</span></button>', form) for form in forms]
        return {name[1]: forms_of(form)["/cart/coupon/remove"] for name, form in zip(called, forms, strict=True) if name is not None}

    used, idle = f"gift card ending in {first[-4:]}", f"gift card ending in {second[-4:]}"
    assert list(await removals()) == ["code NOT-YET", used, idle]
    assert await browser.follow("/cart/coupon/remove", (await removals())["code NOT-YET"]) == "/cart"
    assert list(await removals()) == [used, idle]
    assert await browser.follow("/cart/coupon/remove", (await removals())[idle]) == "/cart"
    assert list(await removals()) == [used]
    assert await browser.follow("/cart/coupon/remove", (await removals())[used]) == "/cart"
    assert await removals() == {}


async def test_a_form_of_another_site_is_refused(browser: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        status, _, _ = await browser.send("/cart/lines", {"variant_id": str(variant_id)}, **headers)
        assert status == 403
    assert browser.cookie("cart") == ""


async def test_a_customer_registers_buys_signs_out_and_finds_the_order_again(browser: Browser, owner: asyncpg.Connection) -> None:
    """What was put into the cart before signing in is still there; the address of the account is filled in."""
    account = {"email": "ada@pages.example", "name": "Ada Byron", "password": "correct horse battery"}
    variant_id = await offer(owner)
    await browser.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": "2"})
    assert await browser.follow("/account/register", account | {"next": "/checkout"}) == "/checkout"
    address = {name.removeprefix("delivery_address."): value for name, value in ADDRESS.items()}
    assert await browser.follow("/account/addresses/new", address | {"is_default": "1"}) == "/account/addresses"
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    assert (form["email"], form["delivery_address.city"]) == ("ada@pages.example", "Berlin")
    option = str(await owner.fetchval("SELECT id FROM fulfillment_option WHERE code = 'standard' AND currency = 'EUR' LIMIT 1"))
    await browser.follow("/checkout", form | {"fulfillment_option_id": option, "step": "update"})
    form = forms_of(await browser.open("/checkout"))["/checkout"]
    location = await browser.follow("/checkout", form | {"step": "place", "payment_method": "pm_card_visa"})
    number = location.split("/")[2].partition("?")[0]
    await browser.open(f"/orders/{number}")
    await browser.follow("/account/sign-out", {})
    await browser.open(f"/orders/{number}", status=404)
    await browser.open("/account", status=303)
    await browser.follow("/account/sign-in", {"email": account["email"], "password": account["password"]})
    assert number in await browser.open("/account/orders")
    assert number in await browser.open("/account")
    await browser.open(f"/orders/{number}")
    status, location, _ = await browser.send(f"/orders/{number}/cancel", {})
    assert status == 303
    assert "Cancelled" in await browser.open(location)
    assert await violations(owner) == []


async def test_no_card_number_reaches_the_shop(browser: Browser, sandbox: Sandbox, settings: Settings, owner: asyncpg.Connection) -> None:
    form = await at_checkout(browser, await offer(owner), email="card@shop.example")
    await browser.open(await pay(sandbox, browser, await browser.follow("/checkout", form)))

    async def mailed() -> list[str]:
        return [file.read_text() for file in (settings.data_dir / "mail").glob("*.mbox")]

    mails = await eventually(mailed)
    tables = await owner.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    for table in tables:
        rows = await owner.fetch(f'SELECT t::text AS text FROM "{table["relname"]}" t')
        for text in [*(row["text"] for row in rows), *mails]:
            assert not re.search(r"4242\W?4242\W?4242\W?4242", text), table["relname"]


# --- the back office -------------------------------------------------------------------------------------------------------------


async def bought(browser: Browser, owner: asyncpg.Connection, quantity: int = 2) -> tuple[str, int]:
    """(order number, variant) of a paid order."""
    variant_id = await offer(owner, on_hand=10)
    location = await browser.follow("/checkout", await at_checkout(browser, variant_id, quantity) | {"payment_method": "pm_card_visa"})
    return location.split("/")[2].partition("?")[0], variant_id


ADMIN_PAGES = ["", "/orders", "/orders?status=paid", "/orders?q=%00", "/orders?after=%C2%B2", "/products", "/mails", "/jobs", "/health"]


async def test_nobody_but_an_operator_sees_the_back_office(browser: Browser) -> None:
    for path in ADMIN_PAGES:
        await browser.open(f"/admin{path}", status=303)


async def test_an_operator_sees_the_back_office(operator: Browser, owner: asyncpg.Connection) -> None:
    await bought(operator, owner)
    for path in ADMIN_PAGES:
        await operator.open(f"/admin{path}")


async def test_an_operator_sends_an_order_in_parts_and_gives_some_money_back(operator: Browser, owner: asyncpg.Connection) -> None:
    number, _ = await bought(operator, owner)
    page = await operator.open(f"/admin/orders/{number}")
    line = next(name for name in forms_of(page)[f"/admin/orders/{number}/fulfill"] if name.startswith("line-"))
    path = f"/admin/orders/{number}"
    for wrong in ({line: "3"}, {line: "²"}, {line: "-1"}, {}, {line: "1", "tracking_url": "javascript:alert(1)"}):
        assert (await operator.send(f"{path}/fulfill", wrong))[0] == 422
    assert await operator.follow(f"{path}/fulfill", {line: "1", "carrier": "Post", "tracking_number": "T1"}) == path
    assert "Partly sent" in await operator.open(path)
    for wrong in ({"amount": "999"}, {"amount": "-1"}, {"amount": "1.999"}, {"amount": "NaN"}, {"amount": ""}):
        assert (await operator.send(f"{path}/refund", wrong | {"key": uuid.uuid4().hex}))[0] == 422
    refund = {"amount": "5.00", "key": uuid.uuid4().hex}
    await asyncio.gather(*(operator.follow(f"{path}/refund", refund) for _ in range(3)))
    assert await owner.fetchval("SELECT refunded FROM orders WHERE number = $1", number) == 500
    assert (await operator.send(f"{path}/cancel", {}))[0] == 409, "a part has been sent"
    assert f"{path}/cancel-rest" in forms_of(await operator.open(path))
    await operator.follow(f"{path}/cancel-rest", {})
    assert "1 cancelled" in (page := await operator.open(path))
    assert f"{path}/cancel-rest" not in forms_of(page)
    assert await violations(owner) == []


async def test_a_form_that_is_sent_twice_sends_one_parcel(operator: Browser, owner: asyncpg.Connection) -> None:
    number, _ = await bought(operator, owner)
    path = f"/admin/orders/{number}"
    form = forms_of(await operator.open(path))[f"{path}/fulfill"]
    line = next(name for name in form if name.startswith("line-"))
    for _ in range(2):
        await operator.follow(f"{path}/fulfill", form | {line: "1"})
    assert await owner.fetchval("SELECT fulfilled FROM order_line WHERE id = $1", int(line.removeprefix("line-"))) == 1


async def test_a_refund_sent_twice_is_one_and_another_amount_from_the_same_page_is_another(
    operator: Browser, owner: asyncpg.Connection
) -> None:
    number, _ = await bought(operator, owner)
    path = f"/admin/orders/{number}"
    form = forms_of(await operator.open(path))[f"{path}/refund"]
    for amount in ("5.00", "5.00", "2.50"):
        await operator.follow(f"{path}/refund", form | {"amount": amount})
    assert await owner.fetchval("SELECT refunded FROM orders WHERE number = $1", number) == 750
    assert form["key"] != forms_of(await operator.open(path))[f"{path}/refund"]["key"]
    assert await violations(owner) == []


async def test_a_refund_that_failed_waits_for_the_operator_also_when_its_order_is_cancelled(
    operator: Browser, app: web.Application, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    await sandbox.misbehave([], takes_a_while=0)
    form = await at_checkout(operator, await offer(owner))
    await operator.follow("/checkout", form | {"payment_method": "pm_card_refundFail"})
    order = await owner.fetchrow("SELECT id, number, captured FROM orders ORDER BY placed_at DESC LIMIT 1")
    path = f"/admin/orders/{order['number']}"
    await operator.follow(f"{path}/cancel", {})
    refund_id = await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1 AND kind = 'refund'", order["id"])

    async def came_back() -> bool:
        await recovery.ask_again(checkout_context(app), refund_id)  # as the event `refund.failed` makes the shop do
        return await owner.fetchval("SELECT state FROM payment_attempt WHERE id = $1", refund_id) == "declined"

    await eventually(came_back)
    listed = f'href="{path}">{order["number"]}</a>: refund of'
    assert listed in await operator.open("/admin")
    assert ("cancelled_orders_kept_nothing", f"order {order['number']}") in [(name, what) for name, what, _ in await violations(owner)]
    again = forms_of(await operator.open(path))[f"{path}/refund"]
    await operator.follow(f"{path}/refund", again)
    assert await owner.fetchval("SELECT refunded FROM orders WHERE id = $1", order["id"]) == order["captured"]
    assert listed not in await operator.open("/admin")
    assert await violations(owner) == []


async def test_an_operator_counts_the_stock_and_sets_a_price(operator: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000, on_hand=3)
    product_id = await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", variant_id)
    main = await owner.fetchval("SELECT id FROM stock_location WHERE code = 'main'")
    path = f"/admin/products/{product_id}"
    await operator.open(path)
    await operator.follow(f"{path}/variants/{variant_id}", {"amount": "12.50", f"stock-{main}": "7"})
    assert await stock_of(owner, variant_id) == (7, 0)
    assert await owner.fetchval("SELECT amount FROM variant_price WHERE variant_id = $1", variant_id) == 1250
    movement = await owner.fetchrow("SELECT delta, reason, actor FROM stock_movement WHERE variant_id = $1 ORDER BY id DESC", variant_id)
    assert (movement["delta"], movement["reason"], movement["actor"]) == (4, "count", "operator@example.com")
    for wrong in ({"amount": "-1"}, {"amount": "x"}, {"amount": "1", f"stock-{main}": "-1"}, {"amount": "1", f"stock-{main}": "²"}):
        assert (await operator.send(f"{path}/variants/{variant_id}", wrong))[0] == 422


async def test_the_mails_of_an_order_are_shown_to_the_operator(operator: Browser, owner: asyncpg.Connection) -> None:
    number, _ = await bought(operator, owner)

    async def listed() -> Any:
        page = await operator.open("/admin/mails")
        return re.search(rf'href="(/admin/mails/[^"]+)"[^>]*>[^<]*{number}', page)

    found = await eventually(listed)
    assert number in await operator.open(found[1])


async def test_a_payment_that_nobody_could_settle_is_shown_and_may_be_asked_about(
    operator: Browser, sandbox: Sandbox, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner)
    form = await at_checkout(operator, variant_id)
    assert (await sandbox.pay(await operator.follow("/checkout", form)))[0] == 303
    order = await owner.fetchrow("SELECT id, number FROM orders WHERE cart_id = $1", uuid.UUID(operator.cookie("cart")))
    number = order["number"]
    await owner.execute("UPDATE payment_attempt SET state = 'stuck' WHERE order_id = $1", order["id"])
    assert f'href="/admin/orders/{number}">{number}</a>: charge of' in await operator.open("/admin")
    assert await operator.follow(f"/admin/orders/{number}/ask", {}) == f"/admin/orders/{number}"
    assert await owner.fetchval("SELECT status FROM orders WHERE number = $1", number) == "paid"
    assert await violations(owner) == []


async def test_personal_pages_are_kept_by_nobody(browser: Browser) -> None:
    for path in ("/cart", "/orders/lookup", "/account/sign-in", "/account/register", "/account/forgot-password", "/account/verify"):
        async with browser.client.get(path) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, no-store"), path

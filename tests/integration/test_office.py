"""What an operator does with promotions, codes, gift cards and the search: by forms alone, under their name, and felt at the till."""

import contextlib
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as generated
from hypothesis import strategies as st

from storefront.accounts import editing as customers
from storefront.admin import customer_pages, promotion_form
from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale
from storefront.platform.database import Database
from storefront.platform.errors import InvalidInput
from storefront.platform.sql import ordered
from storefront.pricing import editing
from storefront.pricing import service as pricing
from storefront.pricing.editing import NewCoupons, PromotionDraft
from storefront.pricing.service import CouponExhausted
from storefront.search.index import SEARCH
from tests.buying import account, buyer_of, offer, violations
from tests.forms import Browser, forms_of
from tests.sandbox import eventually

OPERATOR = "operator@example.com"
PAGES = [
    "/customers",
    "/customers?q=%00&group=none&after=x",
    "/promotions",
    "/promotions?q=%00",
    "/promotions/new",
    "/gift-cards",
    "/gift-cards?q=A&before=x",
    "/search",
    "/search?query=sofa",
]
PAGES += ["/locations", "/locations/new", "/locations/1", "/products/{product}", "/products/{product}/variants/{variant}/stock"]
TEN_PER_CENT = {"name": "Ten off", "kind": "percentage", "percent": "10", "combinable": "1", "active": "1", "priority": "0"}


@pytest.fixture(autouse=True)
async def no_promotions(owner: asyncpg.Connection) -> None:
    """Each test begins with a shop that takes nothing off."""
    await owner.execute("UPDATE promotion SET active = false WHERE active")


async def made(operator: Browser, **fields: str) -> str:
    """The path of a new promotion."""
    location = await operator.follow("/admin/promotions/new", TEN_PER_CENT | fields)
    return location.partition("?")[0]


def said_of(page: str, field: str) -> str:
    """The message beside a field."""
    found = re.search(rf'id="{field}-error">(.*?)</p>', page, re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[1])).split()) if found else ""


async def slug_of(owner: asyncpg.Connection, variant_id: int) -> str:
    found: str = await owner.fetchval("SELECT p.slug FROM product p JOIN variant v ON v.product_id = p.id WHERE v.id = $1", variant_id)
    return found


async def test_nobody_but_an_operator_sees_or_changes_any_of_it(browser: Browser, client: TestClient[web.Request, web.Application]) -> None:
    for path in PAGES:
        await browser.open(f"/admin{path.format(product=1, variant=1)}", status=303)
    posts = {route.resource.canonical for route in client.app.router.routes() if route.method == "POST" and route.resource is not None}  # type: ignore[union-attr]
    for path in posts:
        if path.startswith("/admin/") and path != "/admin/sign-in":
            assert await browser.follow(re.sub(r"\{[^}]*\}", "1", path), {}) == "/admin/sign-in"


async def test_every_page_opens(operator: Browser, owner: asyncpg.Connection) -> None:
    await made(operator)
    variant = await offer(owner)
    product = await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", variant)
    for path in PAGES:
        await operator.open(f"/admin{path.format(product=product, variant=variant)}")


# --- customers


async def test_customers_are_found_by_a_part_of_address_or_name_page_by_page(operator: Browser, owner: asyncpg.Connection) -> None:
    mark = uuid.uuid4().hex[:8]
    emails = [f"{number:03}.{mark}@Many.example" for number in range(customer_pages.ROWS + 3)]
    for email in emails:
        await account(owner, email=email, name=f"Grace_{mark}", group=f"crew {mark}" if email == emails[-1] else "")

    async def listed(**asked: str) -> list[str]:
        """The addresses on all pages, of which none is longer than it may be."""
        found: list[str] = []
        path = f"/admin/customers?{urlencode(asked)}"
        while path:
            page = await operator.open(path)
            here = re.findall(r'<a href="/admin/customers/[0-9a-f-]{36}">([^<]*)</a>', page)
            assert len(here) <= customer_pages.ROWS
            found += here
            more = re.search(r'href="(/admin/customers\?[^"]*)" rel="next"', page)
            path = unescape(more[1]) if more else ""
        return found

    assert await listed(q=f"{mark}@MANY") == emails
    assert await listed(q=f"grace_{mark}") == emails
    assert await listed(q=f"002.{mark}") == [emails[2]]
    assert await listed(q=f"grace%{mark}") == [], "what is typed is text, no pattern"
    assert await listed(group=f"crew {mark}") == [emails[-1]]
    assert await listed(group=f"crew {mark}", q="000.") == []
    everybody = await listed()
    assert set(emails) <= set(everybody)
    assert len(set(everybody)) == len(everybody)


async def test_the_list_and_the_groups_are_read_along_indexes(operator: Browser, owner: asyncpg.Connection) -> None:
    """However many customers there are: neither all are read, nor sorted. For a part of a text all are, but not by hopping about."""
    page = {"after": "", "most": 51}

    async def plan_of(name: str, **parameters: Any) -> str:
        query = getattr(customers.queries, name)
        return "\n".join(row[0] for row in await owner.fetch(f"EXPLAIN {query.sql}", *ordered(query, parameters)))

    transaction = owner.transaction()
    await transaction.start()
    await owner.execute(
        "INSERT INTO customer (email, name, password_hash, customer_group) "
        "SELECT n || '@crowd.example', 'Ada', '', CASE WHEN n % 100 = 0 THEN 'crowd ' || n % 7 ELSE '' END FROM generate_series(1, 20000) n"
    )
    await owner.execute("ANALYZE customer")
    for name, parameters, index in (
        ("customers_for_operator", page, "customer_email"),
        ("customers_of_group", page | {"customer_group": "crowd 1", "text": ""}, "customer_by_group"),
        ("groups", {"most": 500}, "customer_by_group"),
    ):
        plan = await plan_of(name, **parameters)
        assert index in plan, plan
        assert not re.search(r"Seq Scan on customer|Sort", plan), plan
    assert "Index" not in (plan := await plan_of("customers_matching", text="ada", **page)), plan
    await transaction.rollback()


async def test_a_customers_page_shows_what_they_ordered_and_is_linked_from_there(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner, amount=1000, on_hand=10, requires_delivery=False)
    email = f"{uuid.uuid4().hex[:8]}@own.example"
    customer_id = await account(owner, email=email, name="Ada <Byron>")
    path = f"/admin/customers/{customer_id}"
    await owner.execute(
        "INSERT INTO customer_address (customer_id, address, is_default) VALUES ($1, $2::text::jsonb, true)",
        customer_id,
        '{"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}',
    )
    own = (await (await buyer_of(shop, None, (variant_id, 1), email="elsewhere@shop.example", customer_id=customer_id)).place()).document()
    as_guest = (await (await buyer_of(shop, None, (variant_id, 2), email=email.upper())).place()).document()
    await after_sale.refund(shop.database, shop.payments, shop.jobs, uuid.UUID(own["id"]), amount=400, key=uuid.uuid4().hex, actor=OPERATOR)

    def figures(page: str) -> list[str]:
        return re.findall(r'class="figure"><strong>([^<]*)', page)[:2]

    page = await operator.open(path)
    assert figures(page) == ["1", "€6.00"]
    assert f'href="/admin/orders/{own["number"]}"' in page
    assert as_guest["number"] not in page
    for text in (email, "Ada &lt;Byron&gt;", "1 Ridge Way", "is not confirmed"):
        assert text in page
    await owner.execute("UPDATE customer SET email_verified_at = now() WHERE id = $1", customer_id)
    page = await operator.open(path)
    assert figures(page) == ["2", "€26.00"], "a guest's order with the address that they have confirmed is theirs"
    assert as_guest["number"] in page
    assert "is confirmed" in page
    assert re.search(rf'{path}".*?class="end numbers">2<', await operator.open(f"/admin/customers?q={email}"), re.S)
    assert f'href="{path}"' in await operator.open(f"/admin/orders/{own['number']}")
    assert "/admin/customers/" not in await operator.open(f"/admin/orders/{as_guest['number']}")


async def test_a_customers_many_orders_are_shown_page_by_page(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customer_pages, "ORDERS_SHOWN", 1)
    variant_id = await offer(owner, requires_delivery=False)
    customer_id = await account(owner)
    numbers = [
        (await (await buyer_of(shop, None, (variant_id, 1), customer_id=customer_id)).place()).document()["number"] for _ in range(2)
    ]
    page = await operator.open(f"/admin/customers/{customer_id}")
    assert [number in page for number in numbers] == [False, True]
    older = re.search(r'href="([^"#]*)#orders" rel="next"', page)
    assert older is not None
    page = await operator.open(unescape(older[1]))
    assert [number in page for number in numbers] == [True, False]


async def test_a_group_that_is_set_by_the_form_is_felt_at_the_till_and_stands_under_its_givers_name(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    group = f"Trade & <co> {uuid.uuid4().hex[:6]}"
    customer_id = await account(owner)
    path = f"/admin/customers/{customer_id}"
    await made(operator, customer_group=group)
    buyer = await buyer_of(shop, option_id, (await offer(owner, amount=1000), 1), customer_id=customer_id)
    assert (await buyer.look()).discount == 0
    for _ in range(2):
        form = forms_of(await operator.open(path))[path]
        assert await operator.follow(path, form | {"group": f" {group} "}) == f"{path}?saved=1"
    assert (await buyer.look()).discount == 100
    assert forms_of(await operator.open(path))[path] == {"group": group}
    for _ in range(2):
        await operator.follow(path, {"group": ""})
    assert (await buyer.look()).discount == 0
    rows = await owner.fetch(
        "SELECT action, data, actor FROM operator_change WHERE subject = 'customer' AND key = $1 ORDER BY id", str(customer_id)
    )
    assert [(row["action"], json.loads(row["data"]), row["actor"]) for row in rows] == [
        ("put into a group", {"group": group}, OPERATOR),
        ("taken out of the group", {"group": ""}, OPERATOR),
    ], "and what changed nothing stands nowhere"
    page = await operator.open(path)
    assert "Taken out of the group" in page
    assert OPERATOR in page


async def test_a_group_changes_the_next_page_of_a_cart_that_is_open_already(operator: Browser, owner: asyncpg.Connection) -> None:
    group, email = f"trade {uuid.uuid4().hex[:6]}", f"{uuid.uuid4().hex[:8]}@own.example"
    await made(operator, name="Trade price", customer_group=group)
    await operator.follow("/account/register", {"email": email, "name": "Ada", "password": "correct horse battery"})
    await operator.follow("/cart/lines", {"variant_id": str(await offer(owner, amount=1000))})
    path = f"/admin/customers/{await owner.fetchval('SELECT id FROM customer WHERE email = $1', email)}"
    for chosen, is_cheaper in (("", False), (group, True), ("", False)):
        await operator.follow(path, {"group": chosen})
        assert ("Trade price" in await operator.open("/cart")) == is_cheaper


@pytest.mark.parametrize("group", ["x" * 51, "one\ttwo", "one\ntwo", "one\u202etwo"])
async def test_a_group_that_cannot_be_meant_comes_back_with_the_reason_beside_it(
    operator: Browser, owner: asyncpg.Connection, group: str
) -> None:
    customer_id = await account(owner, group="trade")
    path = f"/admin/customers/{customer_id}"
    status, _, page = await operator.send(path, {"group": group})
    assert (status, said_of(page, "group").startswith("Error: ")) == (422, True)
    assert forms_of(page)[path] == {"group": group}
    assert await owner.fetchval("SELECT customer_group FROM customer WHERE id = $1", customer_id) == "trade"
    assert not await owner.fetchval("SELECT EXISTS (SELECT FROM operator_change WHERE subject = 'customer' AND key = $1)", str(customer_id))


async def test_groups_that_there_are_are_offered_wherever_one_is_typed(operator: Browser, owner: asyncpg.Connection) -> None:
    mark = uuid.uuid4().hex[:6]
    customer_id = await account(owner, group=f"b {mark}")
    await account(owner, group=f"a {mark}")
    promotion = await made(operator, customer_group=f"c {mark}")
    await made(operator, customer_group=f"b {mark}")
    _, _, refused = await operator.send("/admin/promotions/new", {"name": ""})
    opened = [await operator.open(path) for path in (f"/admin/customers/{customer_id}", promotion, "/admin/promotions/new")]
    for page in (*opened, refused):
        found = re.search(r'list="([^"]*)".*?<datalist id="\1">(.*?)</datalist>', page, re.S)
        assert found is not None
        assert [name for name in re.findall(r'value="([^"]*)"', found[2]) if mark in name] == [f"{letter} {mark}" for letter in "abc"]


# --- promotions

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
AMOUNTS = st.integers(1, 10**9)
NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)


@st.composite
def drafts(draw: st.DrawFn) -> PromotionDraft:
    kind: Any = draw(st.sampled_from(["percentage", "fixed", "buy_x_get_y", "free_delivery"]))
    starts_at, ends_at = sorted([draw(MOMENTS), draw(MOMENTS)])
    minimum = draw(st.just(0) | AMOUNTS)
    return PromotionDraft(
        name=draw(NAMES),
        kind=kind,
        percent_ppm=draw(st.integers(1, 1_000_000)) if kind == "percentage" else None,
        amount=draw(AMOUNTS) if kind == "fixed" else None,
        currency=draw(st.sampled_from(["EUR", "JPY"])) if kind == "fixed" or minimum else None,
        buy_quantity=draw(st.integers(1, 1000)) if kind == "buy_x_get_y" else None,
        get_quantity=draw(st.integers(1, 1000)) if kind == "buy_x_get_y" else None,
        product_ids=tuple(draw(st.lists(st.integers(10**6, 10**9), unique=True, max_size=3))),
        customer_group=draw(st.none() | NAMES),
        first_order_only=draw(st.booleans()),
        minimum_subtotal=minimum,
        starts_at=draw(st.none() | st.just(starts_at)),
        ends_at=draw(st.none() | st.just(ends_at + timedelta(seconds=1))),
        needs_coupon=draw(st.booleans()),
        combinable=draw(st.booleans()),
        priority=draw(st.integers(-1000, 1000)),
        active=draw(st.booleans()),
    )


@generated(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(drafts())
async def test_what_is_saved_and_shown_again_is_the_same_promotion(owner: asyncpg.Connection, draft: PromotionDraft) -> None:
    form = await promotion_form.fill(owner, draft, "EUR")
    assert await promotion_form.read(owner, form, "EUR", ["EUR", "JPY"]) == draft


FIELDS = [*PromotionDraft.__struct_fields__, "percent", "products"]
ODD = ["fixed", "percentage", "NaN", "1e999", "-1", "²", "9" * 40, "2026-02-30"]


@generated(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@example({"kind": "percentage", "percent": "1e999999"})
@example({"kind": "free_delivery", "name": "x", "starts_at": "0001-01-01T00:00+14:00"})
@example({"kind": "free_delivery", "name": "x", "ends_at": "9999-12-31T23:59-12:00"})
@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30) | st.sampled_from(ODD)))
async def test_no_form_does_worse_than_being_refused(database: Database, values: dict[str, str]) -> None:
    sent = {name: value.replace("\x00", "") for name, value in values.items()}
    async with database.write() as conn:
        transaction = conn.transaction()
        await transaction.start()
        with contextlib.suppress(InvalidInput):
            draft = await promotion_form.read(conn, sent, "EUR", ["EUR"])
            await editing.save_promotion(conn, None, draft, actor="x", now=datetime.now(UTC))
        await transaction.rollback()


async def test_a_promotion_that_is_made_by_the_form_is_felt_at_the_till_and_carries_its_makers_name(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    variant_id = await offer(owner, amount=1000)
    buyer = await buyer_of(shop, option_id, (variant_id, 1))
    assert (await buyer.look()).discount == 0
    before = await owner.fetchval("SELECT coalesce(max(seq), 0) FROM change_log")
    path = await made(operator, percent="12.5")
    promotion_id = path.rpartition("/")[2]
    told = "SELECT EXISTS (SELECT FROM change_log WHERE seq > $1 AND topic = 'promotion' AND key = $2)"
    assert await owner.fetchval(told, before, promotion_id)
    assert (await buyer.look()).discount == 125
    form = forms_of(await operator.open(path))[path]
    assert await operator.follow(path, form | {"percent": "20"}) == f"{path}?saved=changed"
    assert (await buyer.look()).discount == 200
    assert await operator.follow(f"{path}/off", {}) == f"{path}?saved=changed"
    assert (await buyer.look()).discount == 0
    assert await operator.follow(f"{path}/on", {}) == f"{path}?saved=changed"
    assert (await buyer.look()).discount == 200
    rows = await owner.fetch("SELECT action, actor FROM operator_change WHERE subject = 'promotion' AND key = $1 ORDER BY id", promotion_id)
    assert [(row["action"], row["actor"]) for row in rows] == [
        (action, OPERATOR) for action in ("made", "changed", "turned off", "turned on")
    ]
    page = await operator.open(path)
    assert "Turned off" in page
    assert OPERATOR in page


async def test_a_minimum_is_money_of_one_currency(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(shop, option_id, (await offer(owner, amount=1000), 1))

    async def applies() -> bool:
        return "Nine or more" in [promotion.name for promotion in (await buyer.look()).promotions]

    path = await made(operator, name="Nine or more", percent="10", minimum_subtotal="9.00", currency="USD")
    assert not await applies()
    form = forms_of(await operator.open(path))[path]
    assert (form["minimum_subtotal"], form["currency"]) == ("9.00", "USD")
    await operator.follow(path, form | {"currency": "EUR"})
    assert await applies()
    await operator.follow(path, form | {"currency": "EUR", "minimum_subtotal": "10.01"})
    assert not await applies()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"percent": ""}, "percent"),
        ({"percent": "0"}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"percent": "ten"}, "percent"),
        ({"percent": "0.00001"}, "percent"),
        ({"kind": "fixed", "amount": "-5", "currency": "EUR"}, "amount"),
        ({"kind": "fixed", "amount": "5", "currency": "XXX"}, "currency"),
        ({"kind": "fixed", "amount": "5.001", "currency": "EUR"}, "amount"),
        ({"kind": "fixed", "amount": "0", "currency": "EUR"}, "amount"),
        ({"kind": "fixed", "amount": "10000000000.01", "currency": "EUR"}, "amount"),
        ({"kind": "buy_x_get_y", "buy_quantity": "0", "get_quantity": "1"}, "buy-quantity"),
        ({"kind": "buy_x_get_y", "buy_quantity": "1001", "get_quantity": "1"}, "buy-quantity"),
        ({"kind": "buy_x_get_y", "buy_quantity": "2"}, "get-quantity"),
        ({"kind": "gift"}, "kind"),
        ({"products": "no-such-thing"}, "products"),
        ({"categories": "no/such"}, "categories"),
        ({"collections": "none"}, "collections"),
        ({"customer_group": "x" * 51}, "customer-group"),
        ({"minimum_subtotal": "x"}, "minimum-subtotal"),
        ({"minimum_subtotal": "5", "currency": "XXX"}, "currency"),
        ({"minimum_subtotal": "-1"}, "minimum-subtotal"),
        ({"minimum_subtotal": "10000000000.01"}, "minimum-subtotal"),
        ({"priority": "1.5"}, "priority"),
        ({"priority": "1001"}, "priority"),
        ({"priority": "-1001"}, "priority"),
        ({"starts_at": "soon"}, "starts-at"),
        ({"starts_at": "2026-12-02T00:00", "ends_at": "2026-12-01T00:00"}, "ends-at"),
    ],
)
async def test_a_form_that_cannot_be_meant_comes_back_filled_in_with_the_reason_beside_the_field(
    operator: Browser, owner: asyncpg.Connection, fields: dict[str, str], field: str
) -> None:
    sent = TEN_PER_CENT | fields
    status, _, page = await operator.send("/admin/promotions/new", sent)
    assert status == 422
    assert said_of(page, field).startswith("Error: ")
    shown = forms_of(page)["/admin/promotions/new"]
    for name in sent.keys() - {"kind", "currency"}:
        assert shown[name] == sent[name]


async def test_a_promotion_is_for_what_it_names_and_not_for_all_when_that_is_gone(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int
) -> None:
    named, other = await offer(owner, amount=1000), await offer(owner, amount=1000)
    slug = await slug_of(owner, named)
    sku = await owner.fetchval("SELECT sku FROM variant WHERE id = $1", named)
    path = await made(operator, products=f"{sku}, {slug}\n")
    assert forms_of(await operator.open(path))[path]["products"] == slug
    for_named, for_other = await buyer_of(shop, option_id, (named, 1)), await buyer_of(shop, option_id, (other, 1))
    assert ((await for_named.look()).discount, (await for_other.look()).discount) == (100, 0)
    product_id = await owner.fetchval("DELETE FROM product WHERE slug = $1 RETURNING id", slug)
    form = forms_of(await operator.open(path))[path]
    assert form["products"] == f"#{product_id}"
    await operator.follow(path, form | {"name": "Renamed"})
    assert (await for_other.look()).discount == 0


async def test_a_repeat_changes_nothing_and_what_is_not_there_is_not_found(operator: Browser, owner: asyncpg.Connection) -> None:
    path = await made(operator)
    for _ in range(2):
        await operator.follow(f"{path}/off", {})
    trail = "SELECT array_agg(action ORDER BY id) FROM operator_change WHERE subject = 'promotion' AND key = $1"
    assert await owner.fetchval(trail, path.rpartition("/")[2]) == ["made", "turned off"]
    card, _ = await issued(operator)
    for _ in range(2):
        await operator.follow(f"{card}/block", {})
    trail = "SELECT array_agg(action ORDER BY id) FROM operator_change WHERE subject = 'gift_card' AND key = $1"
    assert await owner.fetchval(trail, card.rpartition("/")[2]) == ["issued", "blocked"]
    nobody = f"customers/{uuid.uuid4()}"
    sent = {
        nobody: {"group": "trade"},
        "customers/0": {"group": "trade"},
        "promotions/0": TEN_PER_CENT,
        "promotions/0/on": {},
        "promotions/0/coupons": {"count": "1"},
        "gift-cards/0/block": {},
    }
    removals = {"search/synonyms/0/remove": {}, "search/redirects/remove": {"query": "none"}, "search/boosts/remove": {"query": "none"}}
    for unknown, fields in (sent | removals).items():
        assert (await operator.send(f"/admin/{unknown}", fields))[0] == 404, unknown
    for unknown in (nobody, "customers/0", "promotions/0", "promotions/0/coupons.csv", "gift-cards/0", f"promotions/{'9' * 19}"):
        await operator.open(f"/admin/{unknown}", status=404)


# --- codes


async def test_codes_are_added_limited_and_withdrawn_and_the_till_obeys(
    operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection
) -> None:
    variant_id = await offer(owner, amount=1000, on_hand=10, requires_delivery=False)
    path = await made(operator, needs_coupon="1")
    code = f"AUTUMN-{uuid.uuid4().hex[:6]}".upper()
    assert await operator.follow(f"{path}/coupons", {"code": code.lower(), "usage_limit": "2"}) == f"{path}?saved=codes#coupons"
    status, _, page = await operator.send(f"{path}/coupons", {"code": code})
    assert (status, said_of(page, "code")) == (422, "Error: There is such a code already.")
    assert forms_of(page)[f"{path}/coupons"]["code"] == code
    await (await buyer_of(shop, None, (variant_id, 1), codes=[code])).place()
    assert "1 of 2" in await operator.open(path)
    status, _, page = await operator.send(f"{path}/coupons/{code}/limits", {"usage_limit": "0"})
    assert (status, "whole number from 1" in said_of(page, f"usage-limit-{code}")) == (422, True)
    await operator.follow(f"{path}/coupons/{code}/limits", {"usage_limit": "", "customer_limit": "1"})
    row = await owner.fetchrow("SELECT usage_limit, customer_limit, used FROM coupon WHERE code = $1", code)
    assert tuple(row) == (None, 1, 1)
    late = await buyer_of(shop, None, (variant_id, 1), email="late@shop.example", codes=[code])
    await operator.follow(f"{path}/coupons/{code}/withdraw", {})
    assert (await late.look()).discount == 0
    assert code not in await operator.open(f"{path}/coupons.csv")
    assert await owner.fetchval("SELECT usage_limit FROM coupon WHERE code = $1", code) == 1
    assert (await operator.send(f"{path}/coupons/NO-SUCH/withdraw", {}))[0] == 404
    other = await made(operator, needs_coupon="1")
    for action in ("withdraw", "limits"):
        assert (await operator.send(f"{other}/coupons/{code}/{action}", {}))[0] == 404, "it is of another promotion"
    trail = "SELECT action, actor FROM operator_change WHERE subject = 'promotion' AND key = $1 ORDER BY id"
    rows = [tuple(row) for row in await owner.fetch(trail, path.rpartition("/")[2])]
    assert rows == [(action, OPERATOR) for action in ("made", "codes added", "limits changed", "code withdrawn")]
    assert await violations(owner) == []


async def test_a_limit_is_never_below_what_was_used_already(operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000, on_hand=10, requires_delivery=False)
    path, code = await made(operator, needs_coupon="1"), f"TWICE-{uuid.uuid4().hex[:6]}".upper()
    await operator.follow(f"{path}/coupons", {"code": code})
    for email in ("ada@shop.example", "eve@shop.example"):
        await (await buyer_of(shop, None, (variant_id, 1), email=email, codes=[code])).place()
    status, _, page = await operator.send(f"{path}/coupons/{code}/limits", {"usage_limit": "1"})
    assert (status, said_of(page, f"usage-limit-{code}")) == (422, "Error: It has been used 2 times already.")
    await operator.follow(f"{path}/coupons/{code}/limits", {"usage_limit": "2"})
    assert await owner.fetchval("SELECT usage_limit FROM coupon WHERE code = $1", code) == 2


async def test_a_withdrawn_code_stays_withdrawn_when_an_order_gives_its_use_back(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000, on_hand=10, requires_delivery=False)
    code, made_by = f"SPRING-{uuid.uuid4().hex[:6]}".upper(), {"actor": "x", "now": shop.clock()}
    draft = PromotionDraft(name="Spring", kind="percentage", percent_ppm=100_000, needs_coupon=True)
    async with shop.database.write() as conn:
        promotion_id = await editing.save_promotion(conn, None, draft, **made_by)
        await editing.add_coupons(conn, promotion_id, NewCoupons(code=code), **made_by)
    answer = await (await buyer_of(shop, None, (variant_id, 1), codes=[code])).place()
    waiting = await buyer_of(shop, None, (variant_id, 1), email="waits@shop.example", codes=[code])
    async with shop.database.write() as conn:
        await editing.withdraw(conn, promotion_id, code, **made_by)
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, uuid.UUID(answer.document()["id"]), actor="shopper")
    assert await owner.fetchval("SELECT used FROM coupon WHERE code = $1", code) == 0
    assert (await waiting.look()).discount == 0
    with pytest.raises(InvalidInput):
        await buyer_of(shop, None, (variant_id, 1), email="late@shop.example", codes=[code])
    async with shop.database.write() as conn:
        with pytest.raises(CouponExhausted):
            await pricing.claim_coupons(conn, uuid.uuid4(), "waits@shop.example", [code])
        await editing.set_limits(conn, promotion_id, code, 5, None, **made_by)
    assert (await waiting.look()).discount == 100, "given a limit anew, it is in use again"
    assert await violations(owner) == []


async def test_a_batch_of_codes_is_made_at_once_and_given_as_a_file(operator: Browser, owner: asyncpg.Connection) -> None:
    path = await made(operator, needs_coupon="1")
    promotion_id = int(path.rpartition("/")[2])
    await operator.follow(f"{path}/coupons", {"count": "250", "prefix": "vip-", "customer_limit": "1"})
    codes = {row["code"] for row in await owner.fetch("SELECT code FROM coupon WHERE promotion_id = $1", promotion_id)}
    assert len(codes) == 250
    assert all(re.fullmatch("VIP-[A-Z2-9]{10}", code) for code in codes)
    file = (await operator.open(f"{path}/coupons.csv")).splitlines()
    assert file[0] == "code,used,usage_limit,customer_limit"
    assert {line.split(",")[0] for line in file[1:]} == codes
    assert file[1].endswith(",0,,1")
    page = await operator.open(path)
    after = re.search(r'href="([^"]*\?after=[^"]*)"', page)
    assert after is not None
    assert "VIP-" in await operator.open(unescape(after[1]).partition("#")[0])
    unused = min(codes)
    await operator.follow(f"{path}/coupons/{unused}/withdraw", {})
    assert await owner.fetchval("SELECT count(*) FROM coupon WHERE code = $1", unused) == 0
    wrong = [{"count": count} for count in ("0", "10001", "x")] + [{"code": code} for code in ("A B", "AB", "A" * 41)]
    wrong += [{"prefix": "é"}, {"prefix": "A" * 31}, {"usage_limit": "-1"}, {"usage_limit": "0"}, {"customer_limit": "0"}]
    for fields in wrong:
        assert (await operator.send(f"{path}/coupons", {"count": "1"} | fields))[0] == 422, fields
    assert await owner.fetchval("SELECT count(*) FROM coupon WHERE promotion_id = $1", promotion_id) == 249


async def test_a_promotion_that_runs_by_itself_takes_no_codes(operator: Browser) -> None:
    path = await made(operator)
    status, _, page = await operator.send(f"{path}/coupons", {"code": "NEVER"})
    assert (status, "runs by itself" in page) == (422, True)


# --- gift cards


async def issued(operator: Browser, **fields: str) -> tuple[str, str]:
    """(path of the card, code as it was shown)."""
    form = forms_of(await operator.open("/admin/gift-cards"))["/admin/gift-cards"]
    status, _, page = await operator.send("/admin/gift-cards", form | {"amount": "25.00", "currency": "EUR"} | fields)
    assert status == 200, page[-2000:]
    code = re.search(r"<strong><code>([A-Z0-9-]{19})</code></strong>", page)
    path = re.search(r'action="(/admin/gift-cards/\d+)/block"', page)
    assert code is not None
    assert path is not None
    return path[1], code[1]


async def test_a_gift_card_is_issued_once_its_code_shown_once_and_mailed(operator: Browser, owner: asyncpg.Connection) -> None:
    form = forms_of(await operator.open("/admin/gift-cards"))["/admin/gift-cards"]
    sent = form | {"amount": "25.00", "currency": "EUR", "expires_on": "2039-12-31", "recipient_email": "Grace@Shop.example"}
    path, code = await issued(operator, **sent)
    assert await operator.follow("/admin/gift-cards", sent) == f"{path}?again=1"
    card = await owner.fetchrow("SELECT * FROM gift_card WHERE id = $1", int(path.rpartition("/")[2]))
    assert (card["balance"], card["expires_at"], card["last_four"]) == (2500, datetime(2040, 1, 1, tzinfo=UTC), code[-4:])
    assert await owner.fetchval("SELECT count(*) FROM gift_card WHERE issue_key = $1", form["key"]) == 1
    for page in (path, f"{path}?again=1", "/admin/gift-cards", f"/admin/gift-cards?q={code}"):
        assert f"{code}</code>" not in await operator.open(page)
    assert path in await operator.open(f"/admin/gift-cards?q={code.lower()}")
    assert path in await operator.open("/admin/gift-cards?q=grace@shop.example")

    async def mailed() -> Any:
        page = await operator.open("/admin/mails")
        return re.search(r'href="(/admin/mails/[^"]+)"[^>]*>[^<]*A gift card of €25.00', page)

    found = await eventually(mailed)
    assert code in await operator.open(found[1])

    async def gone() -> bool:
        rows = await owner.fetch("SELECT payload::text FROM job")
        return not any(code in row["payload"] for row in rows)

    await eventually(gone)
    assert await violations(owner) == []


async def test_a_card_is_spent_seen_in_its_ledger_and_blocked(operator: Browser, shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=1000, requires_delivery=False)
    path, code = await issued(operator)
    order = (await (await buyer_of(shop, None, (variant_id, 1), codes=[code])).place()).document()
    page = await operator.open(path)
    assert f'href="/admin/orders/{order["number"]}"' in page
    assert "-€10.00" in page
    second = await buyer_of(shop, None, (variant_id, 1), codes=[code])
    assert (await second.look()).gift_card_amount == 1000
    await operator.follow(f"{path}/block", {})
    assert (await second.look()).gift_card_amount == 0
    assert await owner.fetchval("SELECT EXISTS (SELECT FROM change_log WHERE topic = 'gift_card' AND key = $1)", path.rpartition("/")[2])
    await operator.follow(f"{path}/open", {})
    assert (await second.look()).gift_card_amount == 1000
    rows = await owner.fetch(
        "SELECT action, actor FROM operator_change WHERE subject = 'gift_card' AND key = $1 ORDER BY id", path.rpartition("/")[2]
    )
    assert [tuple(row) for row in rows] == [("issued", OPERATOR), ("blocked", OPERATOR), ("opened", OPERATOR)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": ""}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "10000000000.01"}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"expires_on": "2020-01-01"}, "expires-on"),
        ({"expires_on": "9999-12-31"}, "expires-on"),
        ({"recipient_email": "nobody"}, "recipient-email"),
    ],
)
async def test_a_card_that_cannot_be_meant_is_not_issued(
    operator: Browser, owner: asyncpg.Connection, fields: dict[str, str], field: str
) -> None:
    before = await owner.fetchval("SELECT count(*) FROM gift_card")
    form = forms_of(await operator.open("/admin/gift-cards"))["/admin/gift-cards"]
    sent = form | {"amount": "25.00", "currency": "EUR"} | fields
    status, _, page = await operator.send("/admin/gift-cards", sent)
    assert status == 422
    assert said_of(page, field).startswith("Error: ")
    shown = forms_of(page)["/admin/gift-cards"]
    for name in sent.keys() - {"currency"}:
        assert shown[name] == sent[name]
    assert await owner.fetchval("SELECT count(*) FROM gift_card") == before


# --- search


async def test_what_the_search_is_taught_reaches_shoppers_and_can_be_taken_back(operator: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    slug = await slug_of(owner, variant_id)
    assert await operator.follow("/admin/search/redirects", {"query": "Gift-Card!", "url": "/cart"}) == "/admin/search#redirects"

    async def redirected() -> bool:
        async with operator.client.get("/search?q=gift+card", allow_redirects=False) as answer:
            return answer.status in (302, 303) and answer.headers["Location"].endswith("/cart")

    await eventually(redirected)
    status, _, _ = await operator.send("/admin/search/redirects", {"query": "voucher", "url": "/search?q=Gift+card"})
    assert status == 422, "what it leads to leads elsewhere, and might lead back"
    await operator.follow("/admin/search/redirects/remove", {"query": "gift card"})
    await operator.follow("/admin/search/boosts", {"text": "zzyzx", "product": slug, "pinned_at": "1"})

    async def pinned() -> bool:
        async with operator.client.get("/search?q=zzyzx") as answer:
            return f"/p/{slug}" in await answer.text()

    await eventually(pinned)
    product_id = await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", variant_id)
    assert slug in await operator.open("/admin/search")
    await operator.follow("/admin/search/boosts/remove", {"query": "zzyzx", "product_id": str(product_id)})
    await operator.follow("/admin/search/synonyms", {"terms": "sofa, couch , sofa"})
    assert [list(row["terms"]) for row in await owner.fetch("SELECT terms FROM search_synonym")] == [["sofa", "couch"]]
    synonym_id = await owner.fetchval("SELECT id FROM search_synonym")
    await operator.follow(f"/admin/search/synonyms/{synonym_id}/remove", {})
    rows = await owner.fetch("SELECT action, actor FROM operator_change WHERE subject = 'search' ORDER BY id")
    assert [row["action"] for row in rows] == [
        "redirect set",
        "redirect removed",
        "product placed",
        "product let go",
        "synonyms added",
        "synonyms removed",
    ]
    assert {row["actor"] for row in rows} == {OPERATOR}


async def test_what_found_nothing_is_listed_and_can_be_forgotten(
    operator: Browser, app: web.Application, owner: asyncpg.Connection
) -> None:
    await app[SEARCH].wait_ready()
    await operator.open("/search?q=xqzvwk")

    async def listed() -> bool:
        return "xqzvwk" in await operator.open("/admin/search")

    await eventually(listed)
    form = forms_of(await operator.open("/admin/search?query=xqzvwk"))
    assert (form["/admin/search/redirects"]["query"], form["/admin/search/boosts"]["text"]) == ("xqzvwk", "xqzvwk")
    for number in ("4242 4242 4242 4242", "4242424242424242"):
        await operator.open(f"/search?q={number}")
    await operator.open("/search?q=4242424242424241xq")
    await eventually(lambda: owner.fetchval("SELECT true FROM search_miss WHERE query LIKE '%4241xq'"))
    assert "4242424242424242" not in (await operator.open("/admin/search")).replace(" ", ""), (
        "it may be a card's, typed into the wrong field"
    )
    await operator.follow("/admin/search/misses/forget", {"query": "xqzvwk"})
    assert "xqzvwk" not in await operator.open("/admin/search")


@pytest.mark.parametrize(
    ("path", "fields", "field"),
    [
        ("synonyms", {"terms": "alone"}, "terms"),
        ("synonyms", {"terms": "alone, alone"}, "terms"),
        ("synonyms", {"terms": "short, " + "x" * 101}, "terms"),
        ("synonyms", {"terms": ", ".join(f"word {number}" for number in range(21))}, "terms"),
        ("redirects", {"query": "", "url": "/cart"}, "query"),
        ("redirects", {"query": "x" * 101, "url": "/cart"}, "query"),
        ("redirects", {"query": "x", "url": "/" + "x" * 500}, "url"),
        ("redirects", {"query": "x", "url": "/a b"}, "url"),
        ("redirects", {"query": "x", "url": "https://elsewhere.example"}, "url"),
        ("redirects", {"query": "x", "url": "//elsewhere.example"}, "url"),
        ("redirects", {"query": "Red Sofa", "url": "/search?sort=price&q=red+SOFA"}, "url"),
        ("redirects", {"query": "x", "url": "/\\elsewhere.example"}, "url"),
        ("boosts", {"text": "x", "product": "no-such-thing", "pinned_at": "1"}, "product"),
        ("boosts", {"text": "x", "product": "", "boost": "NaN"}, "boost"),
        ("boosts", {"text": "x", "product": "p", "pinned_at": "²"}, "pinned-at"),
        ("boosts", {"text": "x", "product": "p", "pinned_at": "0"}, "pinned-at"),
        ("boosts", {"text": "x", "product": "p", "pinned_at": "101"}, "pinned-at"),
        ("boosts", {"text": "x", "product": "p", "pinned_at": "1", "boost": "2"}, "pinned-at"),
        ("boosts", {"text": "x", "product": "p", "boost": "0.001"}, "boost"),
        ("boosts", {"text": "x", "product": "p", "boost": "101"}, "boost"),
        ("boosts", {"text": "", "product": "p", "boost": "2"}, "text"),
        ("boosts", {"text": "x", "product": "p"}, "pinned-at"),
    ],
)
async def test_what_cannot_be_meant_is_said_beside_its_field(operator: Browser, path: str, fields: dict[str, str], field: str) -> None:
    status, _, page = await operator.send(f"/admin/search/{path}", fields)
    assert status == 422
    assert said_of(page, field).startswith("Error: ")
    shown = forms_of(page)[f"/admin/search/{path}"]
    assert {name: shown[name] for name in fields} == fields


async def test_a_word_that_is_taught_anew_forgets_what_it_led_to(operator: Browser, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner)
    slug = await slug_of(owner, variant_id)
    for url in ("/cart", "/account"):
        await operator.follow("/admin/search/redirects", {"query": "Anew!", "url": url})
    assert [row["url"] for row in await owner.fetch("SELECT url FROM search_redirect WHERE query = 'anew'")] == ["/account"]
    for fields in ({"pinned_at": "3"}, {"boost": "2.5"}):
        await operator.follow("/admin/search/boosts", {"text": "anew", "product": slug} | fields)
    rows = await owner.fetch("SELECT pinned_at, boost FROM search_boost WHERE query = 'anew'")
    assert [tuple(row) for row in rows] == [(None, 2.5)]


# --- jobs


async def test_a_dead_letter_is_shown_without_what_only_its_reader_should_see(operator: Browser, owner: asyncpg.Connection) -> None:
    await owner.execute(
        "INSERT INTO job (kind, payload, dead_at, error) "
        """VALUES ('mail', '{"template": "gift_card", "to": "grace@shop.example", "context": {"code": "SECRET-CODE"}}', now(), 'away')"""
    )
    page = await operator.open("/admin/jobs")
    assert "grace@shop.example" in page
    assert "SECRET-CODE" not in page
    await owner.execute("DELETE FROM job WHERE dead_at IS NOT NULL")

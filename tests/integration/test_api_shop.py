"""The JSON API as its clients see it: from a word to a paid order, pages without gaps, versions, and refusals that say what to mend."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.settings import Settings
from tests import shelves
from tests.buying import offer, violations
from tests.sandbox import eventually
from tests.shopper import ADDRESS, Shopper

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def guest(stocked: Client, settings: Settings) -> AsyncIterator[Shopper]:
    async with Shopper(settings.server.public_url) as shopper:
        yield shopper


@pytest.fixture
async def ada(stocked: Client, settings: Settings) -> AsyncIterator[Shopper]:
    """A customer without orders."""
    async with Shopper(settings.server.public_url) as door:
        account = {"email": f"ada-{uuid.uuid4().hex[:8]}@shop.example", "name": "Ada Byron", "password": PASSWORD}
        opened = await door.expect(201, "POST", "/customers", json=account)
    async with Shopper(settings.server.public_url, opened["token"]) as shopper:
        yield shopper


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


async def full(client: Client, method: str, path: str, **options: Any) -> tuple[int, Any, bytes]:
    """One request: status, headers and the bytes of the body."""
    async with client.request(method, f"/api/v1{path}", **options) as answer:
        return answer.status, answer.headers, await answer.read()


# --- from a word to a paid order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signed_in", [False, True], ids=["a guest", "a customer"])
async def test_a_client_finds_chooses_buys_and_reads_the_order(
    stocked: Client, guest: Shopper, ada: Shopper, owner: asyncpg.Connection, signed_in: bool
) -> None:
    shopper = ada if signed_in else guest
    found = await shopper.expect(200, "GET", "/search?q=ridge+mug&opt.Size=Large&sort=price")
    assert found["total"] == shelves.MUGS
    assert next(facet for facet in found["facets"] if facet["key"] == "opt.Size")["values"][0]["count"] > 0
    product = await shopper.expect(200, "GET", f"/products/{found['items'][0]['slug']}")
    assert product["title"] == "Ridge Mug No. 1"
    large = next(variant for variant in product["variants"] if variant["options"] == {"Size": "Large"})
    assert large["price"] == {"amount": 1801, "currency": "EUR"}

    new = {"lines": [{"variant_id": large["id"], "quantity": 2}]}
    async with shopper.http.post("/api/v1/carts", json=new) as answer:
        cart, location, etag = await answer.json(), answer.headers["Location"], answer.headers["ETag"]
    assert (answer.status, location, etag) == (201, f"/api/v1/carts/{cart['id']}", f'"{cart["version"]}"')
    path = location.removeprefix("/api/v1")
    other = product["variants"][0]["id"]
    changes: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/lines", {"variant_id": other, "quantity": 5}),
        ("PATCH", f"{path}/lines/{other}", {"quantity": 1}),
        ("DELETE", f"{path}/lines/{other}", None),
        ("PATCH", path, {"email": "ada@shop.example", "delivery_address": ADDRESS}),
    ]
    for method, target, body in changes:
        async with shopper.http.request(method, f"/api/v1{target}", json=body, headers={"If-Match": etag}) as answer:
            assert answer.status == 200, await answer.text()
            cart, etag = await answer.json(), answer.headers["ETag"]
    option = cart["fulfillment_options"][0]
    cart = await shopper.expect(200, "PATCH", path, json={"fulfillment_option_id": option["id"]}, headers={"If-Match": etag})
    assert [(line["variant_id"], line["quantity"]) for line in cart["lines"]] == [(large["id"], 2)]
    assert cart["subtotal"]["amount"] == 3602
    assert cart["total"]["amount"] == cart["subtotal"]["amount"] - cart["discount"]["amount"] + option["price"]["amount"]

    ready = await shopper.expect(200, "POST", f"{path}/checkout")
    assert {name: value for name, value in ready.items() if name != "expires_at"} == cart
    body = {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": "pm_card_visa"}
    async with shopper.http.post("/api/v1/orders", json=body, headers=key()) as answer:
        order, location = await answer.json(), answer.headers["Location"]
    assert (answer.status, location, order["status"]) == (201, f"/api/v1/orders/{order['id']}", "paid")
    assert (order["total"], order["captured"]) == (cart["total"], cart["total"])

    by_key = await guest.expect(200, "GET", f"/orders/{order['id']}?key={order['key']}")
    later = {"invoice": None}  # it comes with the confirmation
    assert by_key | later == order | later
    if signed_in:
        assert await ada.expect(200, "GET", f"/orders/{order['id']}") | later == order | later
        (listed,) = (await ada.expect(200, "GET", "/orders"))["items"]
        assert (listed["id"], listed["number"], listed["total"]) == (order["id"], order["number"], order["total"])
    assert (await shopper.expect(200, "GET", path))["state"] == "ordered"
    assert await violations(owner) == []


async def test_a_payment_that_needs_the_shopper_says_where_to_go(guest: Shopper) -> None:
    variant = await guest.something_in_stock()
    status, order = await guest.place(await guest.filled_cart(variant["id"]), payment_method="pm_card_threeDSecure2Required")
    assert (status, order["status"], order["next_action"]["type"]) == (202, "pending_payment", "redirect")
    assert order["next_action"]["redirect_url"].startswith("http")
    read = await guest.expect(200, "GET", f"/orders/{order['id']}?key={order['key']}")
    assert read["status"] == "pending_payment"


# --- versions --------------------------------------------------------------------------------------------------------------------


async def test_of_many_changes_to_one_version_one_is_made(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant, code = (await guest.something_in_stock())["id"], await shelves.coupon(owner)
    cart = await guest.expect(201, "POST", "/carts", json={})
    path, current = f"/carts/{cart['id']}", {"If-Match": f'"{cart["version"]}"'}
    add = {"variant_id": variant, "quantity": 1}
    answers = await asyncio.gather(*(guest.call("POST", f"{path}/lines", json=add, headers=current) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200] + [412] * 9
    for _, body in answers:
        assert body.get("type", "/version_mismatch").endswith("/version_mismatch")
    async with guest.http.get(f"/api/v1{path}") as answer:
        read, etag = await answer.json(), answer.headers["ETag"]
    assert (read["lines"][0]["quantity"], etag) == (1, f'"{cart["version"] + 1}"')
    for stale in (f'"{cart["version"]}"', '"999"', '"abc"', "W/" + etag, "nonsense"):
        for method, target, body in (
            ("PATCH", path, {"email": "eve@shop.example"}),
            ("POST", f"{path}/lines", add),
            ("PATCH", f"{path}/lines/{variant}", {"quantity": 9}),
            ("DELETE", f"{path}/lines/{variant}", None),
            ("POST", f"{path}/codes", {"code": code}),
            ("DELETE", f"{path}/codes/{code}", None),
            ("POST", f"{path}/checkout", None),
        ):
            refused = await guest.expect(412, method, target, json=body, headers={"If-Match": stale})
            assert refused["type"].endswith("/version_mismatch"), (stale, target)
    assert await guest.expect(200, "GET", path) == read
    for free in ({}, {"If-Match": "*"}):
        await guest.expect(200, "POST", f"{path}/lines", json=add, headers=free)


CATALOG = [
    *("/products", "/products?category=kitchen", "/products/ridge-mug-1", "/categories", "/categories/kitchen/mugs/products"),
    *("/collections", "/collections/gifts/products", "/search?q=mug", "/search/suggestions?q=mu"),
]


async def test_what_the_client_holds_already_is_not_sent_again(stocked: Client) -> None:
    for path in CATALOG:
        tags = set()
        for encoding in ("identity", "gzip", "br", "zstd"):
            accept = {"Accept-Encoding": encoding}
            status, headers, body = await full(stocked, "GET", path, headers=accept)
            assert (status, bool(body), "Set-Cookie" in headers) == (200, True, False), path
            etag = headers["ETag"]
            tags.add(etag)
            for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
                status, again, nothing = await full(stocked, "GET", path, headers=accept | {"If-None-Match": held})
                assert (status, nothing, again["ETag"]) == (304, b"", etag), (path, held)
                assert again["Cache-Control"] == headers["Cache-Control"], path
            assert (await full(stocked, "GET", path, headers=accept | {"If-None-Match": '"other"'}))[0] == 200, path
            status, head, nothing = await full(stocked, "HEAD", path, headers=accept)
            assert (status, nothing, head["ETag"]) == (200, b"", etag), path
        assert len(tags) in (1, 4), "one tag for each encoding, or one for what is too small to be compressed"


async def test_a_new_price_is_a_new_etag(stocked: Client, owner: asyncpg.Connection) -> None:
    path = "/products/harbour-lamp-1"
    _, headers, body = await full(stocked, "GET", path)
    before, held = json.loads(body), {"If-None-Match": headers["ETag"]}
    assert (await full(stocked, "GET", path, headers=held))[0] == 304
    variant = before["variants"][0]
    await owner.execute("UPDATE variant_price SET amount = amount + 1 WHERE variant_id = $1 AND currency = 'EUR'", variant["id"])

    async def changed() -> bytes:
        status, _, text = await full(stocked, "GET", path, headers=held)
        return text if status == 200 else b""

    after = json.loads(await eventually(changed))
    assert after["variants"][0]["price"]["amount"] == variant["price"]["amount"] + 1


# --- pages of a list -------------------------------------------------------------------------------------------------------------


async def walk(shopper: Shopper, path: str, limit: int, between: Any = None) -> list[Any]:
    """Every item of a list, page by page; `between` happens after the first page."""
    found: list[Any] = []
    cursor, pages = None, 0
    while True:
        mark = "&" if "?" in path else "?"
        page = await shopper.expect(200, "GET", f"{path}{mark}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
        assert len(page["items"]) <= limit
        found += page["items"]
        cursor, pages = page["next_cursor"], pages + 1
        if cursor is None:
            return found
        assert len(page["items"]) == limit
        assert pages < 100, "the cursor leads nowhere"
        if between and pages == 1:
            await between()


async def test_pages_of_products_neither_repeat_nor_lose_one(guest: Shopper, owner: asyncpg.Connection) -> None:
    whole = [item["id"] for item in await walk(guest, "/products", 100)]
    assert len(whole) == len(set(whole)) >= shelves.MUGS + shelves.LAMPS
    for limit in (1, 5, len(whole) - 1, len(whole)):
        assert [item["id"] for item in await walk(guest, "/products", limit)] == whole
    mugs = [item["id"] for item in await walk(guest, "/products?category=kitchen", 3)]
    assert len(mugs) == len(set(mugs)) == shelves.MUGS
    assert {item["id"] for item in await walk(guest, "/products?collection=gifts", 3)} == set(mugs)
    assert [item["slug"] for item in await walk(guest, "/collections", 1)] == ["gifts", "picked"]

    async def one_comes_and_one_goes() -> None:
        await offer(owner)
        await owner.execute("UPDATE product SET status = 'draft' WHERE id = $1", whole[1])

    try:
        through = [item["id"] for item in await walk(guest, "/products", 4, one_comes_and_one_goes)]
    finally:
        await owner.execute("UPDATE product SET status = 'active' WHERE id = $1", whole[1])
    assert through[: len(whole)] == whole, "what stays is listed once, whatever comes and goes meanwhile"
    assert len(through) == len(set(through))


async def test_pages_of_orders_neither_repeat_nor_lose_one(ada: Shopper) -> None:
    placed = [(await ada.buy())["id"] for _ in range(5)]
    for limit in (1, 2, 5, 6):
        assert [item["id"] for item in await walk(ada, "/orders", limit)] == placed[::-1]
    assert [item["id"] for item in await walk(ada, "/orders", 2, ada.buy)] == placed[::-1], "a new order is before the first page"
    cursor = (await ada.expect(200, "GET", "/orders?limit=1"))["next_cursor"]
    for torn in (cursor[:-1], cursor[1:], "AAAA", "-"):
        refused = await ada.expect(422, "GET", f"/orders?cursor={torn}")
        assert refused["errors"][0]["field"] == "cursor", "it does not begin anew unasked"


async def test_pages_of_a_listing_have_every_product_once(guest: Shopper) -> None:
    for sort in ("popular", "newest", "price", "-price", "title"):
        found: list[int] = []
        for page in range(1, 5):
            listing = await guest.expect(200, "GET", f"/search?q=mug&limit=3&sort={sort}&page={page}")
            assert (listing["total"], listing["page_count"], listing["page"]) == (shelves.MUGS, 3, page)
            found += [item["id"] for item in listing["items"]]
        assert len(found) == len(set(found)) == shelves.MUGS, sort


# --- refusals --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """A request that is refused, and how. `{cart}` and `{variant}` are those of a real cart, `{empty}` is one without lines."""

    method: str
    path: str
    status: int
    type: str
    fields: frozenset[str] = frozenset()
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def bad(method: str, path: str, status: int, kind: str, *fields: str, body: Any = None, **headers: str) -> Bad:
    return Bad(method, path, status, kind, frozenset(fields), body, {name.replace("_", "-"): value for name, value in headers.items()})


def line(**more: Any) -> dict[str, Any]:
    return {"lines": [{"variant_id": "{variant}", "quantity": 1} | more]}


ORDER = {"cart_id": "{cart}", "expected_total": {"amount": 1, "currency": "EUR"}}
NEW_ACCOUNT = {"email": "bob@shop.example", "name": "Bob", "password": PASSWORD}
REFUSED = [
    # What is no JSON, or not said to be.
    bad("POST", "/carts", 400, "malformed_body", body=b"{"),
    bad("POST", "/carts", 400, "malformed_body", body=b""),
    bad("POST", "/carts", 400, "malformed_body", body=b'{"lines":[{"variant_id":1,"quantity":NaN}]}'),
    bad("POST", "/carts", 400, "malformed_body", body=b'{"lines":[{"variant_id":1,"quantity":1e}]}'),
    bad("POST", "/carts", 400, "malformed_body", body=b'{"currency":"\xff\xfe"}'),
    bad("POST", "/carts", 422, "invalid_input", "body", body=b"[" * 50_000),
    bad("POST", "/carts", 415, "unsupported_media_type", body=b"{}", Content_Type="text/plain"),
    bad("POST", "/carts", 415, "unsupported_media_type", body=b"lines=1", Content_Type="application/x-www-form-urlencoded"),
    bad("POST", "/orders", 415, "unsupported_media_type", body=b"{}", Content_Type="application/xml", Idempotency_Key="k"),
    bad("POST", "/carts", 413, "body_too_large", body=b'{"lines":[' + b" " * 2**20),
    # What has another shape.
    bad("POST", "/carts", 422, "invalid_input", "body", body=[]),
    bad("POST", "/carts", 422, "invalid_input", "body", body=None),
    bad("POST", "/carts", 422, "invalid_input", "liens", body={"liens": []}),
    bad("POST", "/carts", 422, "invalid_input", "lines", body={"lines": {}}),
    bad("POST", "/carts", 422, "invalid_input", "lines", body={"lines": [{"variant_id": 1}] * 201}),
    bad("POST", "/carts", 422, "invalid_input", "lines[0].variant_id", body={"lines": [{"quantity": 1}]}),
    bad("POST", "/carts", 422, "invalid_input", "lines[0].unit_price", body=line(unit_price={"amount": 1, "currency": "EUR"})),
    bad("POST", "/carts", 422, "invalid_input", "currency", body={"currency": "eur"}),
    bad("POST", "/carts", 422, "invalid_input", "currency", body={"currency": "JPY"}),
    *(
        bad("POST", "/carts", 422, "invalid_input", "lines[0].quantity", body=line(quantity=quantity))
        for quantity in (-1, 0, 10_000, 2**63, 1.5, 1e3, "2", None, True, [1])
    ),
    # What is not for sale.
    bad("POST", "/carts", 422, "invalid_input", "lines[0].variant_id", body=line(variant_id=2**50)),
    bad("POST", "/carts/{cart}/lines", 422, "invalid_input", "variant_id", body={"variant_id": 2**50}),
    bad("POST", "/carts/{cart}/lines", 422, "invalid_input", "variant_id", body={"variant_id": -1}),
    bad("PATCH", "/carts/{cart}/lines/{variant}", 422, "invalid_input", "quantity", body={"quantity": -1}),
    bad("PATCH", "/carts/{cart}/lines/{variant}", 422, "invalid_input", "quantity", body={}),
    bad("PATCH", f"/carts/{{cart}}/lines/{2**50}", 404, "line_not_found", body={"quantity": 1}),
    bad("DELETE", f"/carts/{{cart}}/lines/{2**50}", 404, "line_not_found"),
    bad("DELETE", "/carts/{cart}/lines/none", 404, "line_not_found"),
    bad("POST", "/carts/{cart}/codes", 422, "invalid_input", "code", body={"code": "NO-SUCH-CODE"}),
    bad("POST", "/carts/{cart}/codes", 422, "invalid_input", "code", body={"code": "x" * 65}),
    # Contact, address, delivery.
    bad("PATCH", "/carts/{cart}", 422, "invalid_input", "email", body={"email": "nobody"}),
    bad("PATCH", "/carts/{cart}", 422, "invalid_input", "fulfillment_option_id", body={"fulfillment_option_id": 2**50}),
    bad("PATCH", "/carts/{cart}", 422, "invalid_input", "delivery_address.city", body={"delivery_address": {"name": "Ada", "line1": "1"}}),
    bad(
        *("PATCH", "/carts/{cart}", 422, "invalid_input", "delivery_address.country", "delivery_address.name"),
        body={"delivery_address": ADDRESS | {"country": "XX", "name": " "}},
    ),
    bad("PATCH", "/carts/{cart}", 422, "invalid_input", "delivery_address.region", body={"delivery_address": ADDRESS | {"country": "US"}}),
    bad("POST", "/carts/{empty}/checkout", 422, "invalid_input", "lines"),
    # Orders.
    bad("POST", "/orders", 400, "idempotency_key_missing", body=ORDER),
    bad("POST", "/orders", 400, "idempotency_key_invalid", body=ORDER, Idempotency_Key="k" * 256),
    bad("POST", "/orders", 400, "idempotency_key_invalid", body=ORDER, Idempotency_Key="k" * 256),
    bad("POST", "/orders", 422, "invalid_input", "cart_id", body=ORDER | {"cart_id": "mine"}, Idempotency_Key="k-1"),
    bad("POST", "/orders", 422, "invalid_input", "card", body=ORDER | {"card": "4242"}, Idempotency_Key="k-2"),
    bad(
        *("POST", "/orders", 422, "invalid_input", "expected_total.amount"),
        body=ORDER | {"expected_total": {"amount": -1, "currency": "EUR"}},
        Idempotency_Key="k-3",
    ),
    bad("POST", "/orders", 422, "invalid_input", "email", "delivery_address", body=ORDER, Idempotency_Key="k-4"),
    bad("POST", "/orders", 422, "invalid_input", "payment_method", body=ORDER | {"payment_method": "4242 4242"}, Idempotency_Key="k-5"),
    bad("POST", "/orders", 422, "invalid_input", "return_url", body=ORDER | {"return_url": "javascript:1"}, Idempotency_Key="k-6"),
    # What is nobody's, or not there.
    bad("GET", f"/carts/{uuid.uuid4()}", 404, "cart_not_found"),
    bad("GET", "/carts/1", 404, "cart_not_found"),
    bad("GET", f"/orders/{uuid.uuid4()}", 404, "not_found"),
    bad("GET", "/orders/1?key=x", 404, "not_found"),
    bad("POST", "/orders", 404, "cart_not_found", body=ORDER | {"cart_id": str(uuid.uuid4())}, Idempotency_Key="k-7"),
    bad("GET", "/products/no-such-product", 404, "not_found"),
    bad("GET", "/products/999999999", 404, "not_found"),
    bad("GET", "/categories/no/such/products", 404, "not_found"),
    bad("GET", "/collections/no-such/products", 404, "not_found"),
    bad("GET", "/no-such-thing", 404, "not_found"),
    bad("PUT", "/carts/{cart}", 405, "method_not_allowed", body={}),
    bad("DELETE", "/products", 405, "method_not_allowed"),
    # Parameters.
    bad("GET", "/products?limit=0", 422, "invalid_input", "limit"),
    bad("GET", "/products?limit=101", 422, "invalid_input", "limit"),
    bad("GET", "/products?limit=ten", 422, "invalid_input", "limit"),
    bad("GET", "/products?cursor=-1", 422, "invalid_input", "cursor"),
    bad("GET", "/products?cursor=abc", 422, "invalid_input", "cursor"),
    bad("GET", "/products?currency=JPY", 422, "invalid_input", "currency"),
    bad("GET", "/products?category=kitchen&collection=gifts", 422, "invalid_input", "collection"),
    bad("GET", "/search?sort=null", 422, "invalid_input", "sort"),
    bad("GET", "/search?page=10001", 422, "invalid_input", "page"),
    bad("GET", "/search?availability=soon&availability=in_stock", 422, "invalid_input", "availability[0]"),
    bad("GET", "/search?price_min=-1", 422, "invalid_input", "price_min"),
    # Accounts.
    bad("GET", "/search?" + "brand=Quay&" * 21, 422, "invalid_input", "brand"),
    bad("GET", "/orders", 401, "sign_in_required"),
    bad("GET", "/customers/me", 401, "sign_in_required", Authorization="Bearer nonsense"),
    bad("POST", "/sessions", 401, "wrong_credentials", "email", body={"email": "nobody@shop.example", "password": PASSWORD}),
    bad("POST", "/customers", 422, "invalid_input", "email", "name", "password", body={"email": "bob", "name": "", "password": "short"}),
    bad("POST", "/customers", 422, "invalid_input", "group", body=NEW_ACCOUNT | {"group": "staff"}),
    bad("POST", "/carts", 403, "forbidden", body={}, Origin="https://elsewhere.example"),
]


async def test_every_refusal_says_what_to_mend(stocked: Client, guest: Shopper, settings: Settings) -> None:
    """problem+json with a type that a program can act on, and for each wrong field its path and a sentence."""
    variant = (await guest.something_in_stock())["id"]
    cart = await guest.expect(201, "POST", "/carts", json={"lines": [{"variant_id": variant}]})
    empty = await guest.expect(201, "POST", "/carts", json={})

    def filled(text: str) -> str:
        text = text.replace('"{variant}"', str(variant)).replace("{variant}", str(variant))
        return text.replace("{cart}", cart["id"]).replace("{empty}", empty["id"])

    for ask in REFUSED:
        body = ask.body
        if not isinstance(body, bytes):
            body = None if body is None and ask.path != "/carts" else filled(json.dumps(body)).encode()
        headers = (JSON if body is not None else {}) | ask.headers
        status, got, text = await full(stocked, ask.method, filled(ask.path), data=body, headers=headers)
        told = (ask.method, ask.path, str(ask.body)[:200], text[:500])
        assert (status, got["Content-Type"], got["Cache-Control"]) == (ask.status, "application/problem+json", "private, no-store"), told
        problem = json.loads(text)
        assert problem["type"] == f"{settings.server.public_url}/problems/{ask.type}", told
        assert (problem["status"], problem["instance"]) == (status, got["X-Request-Id"]), told
        assert problem["title"], told
        assert problem["detail"], told
        errors = problem.get("errors", [])
        assert frozenset(error["field"] for error in errors) >= ask.fields, told
        assert bool(errors) == bool(ask.fields), told
        assert all(error["reason"][0].isupper() for error in errors), told
        if status == 405:
            assert ask.method not in got["Allow"], told
    assert await guest.expect(200, "GET", f"/carts/{cart['id']}") == cart, "what was refused changed nothing"


# --- once ------------------------------------------------------------------------------------------------------------------------


async def test_a_repeat_with_the_same_key_is_given_the_same_bytes(stocked: Client, guest: Shopper, owner: asyncpg.Connection) -> None:
    variant = (await guest.something_in_stock())["id"]
    ready = await guest.filled_cart(variant)
    order = {"cart_id": ready["id"], "expected_total": ready["total"], "payment_method": "pm_card_visa"}
    checkout_key, order_key, cancel_key = key(), key(), key()
    held = [await full(stocked, "POST", f"/carts/{ready['id']}/checkout", headers=checkout_key) for _ in range(2)]
    paid = [await full(stocked, "POST", "/orders", json=order, headers=order_key) for _ in range(3)]
    made = json.loads(paid[0][2])
    cancel = f"/orders/{made['id']}/cancel?key={made['key']}"
    cancelled = [await full(stocked, "POST", cancel, headers=cancel_key) for _ in range(2)]
    for answers, status in ((held, 200), (paid, 201), (cancelled, 200)):
        assert [answer[0] for answer in answers] == [status] * len(answers)
        assert len({answer[2] for answer in answers}) == 1
        assert [answer[1].get("Idempotent-Replayed") for answer in answers] == [None] + ["true"] * (len(answers) - 1)
        for name in ("Content-Type", "Location", "ETag"):
            assert len({answer[1].get(name) for answer in answers}) == 1, name
    for other in ({"payment_method": "pm_card_mastercard"}, {"expected_total": {"amount": 1, "currency": "EUR"}}):
        status, _, text = await full(stocked, "POST", "/orders", json=order | other, headers=order_key)
        assert (status, json.loads(text)["type"].rpartition("/")[2]) == (422, "idempotency_mismatch")
    status, _, text = await full(stocked, "POST", "/orders", json=order)
    assert (status, json.loads(text)["type"].rpartition("/")[2]) == (400, "idempotency_key_missing")
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", uuid.UUID(ready["id"])) == 1
    assert await violations(owner) == []


async def test_twenty_at_once_with_one_key_are_one_order(guest: Shopper, owner: asyncpg.Connection) -> None:
    variant = (await guest.something_in_stock())["id"]
    ready, the_key = await guest.filled_cart(variant), uuid.uuid4().hex
    answers = await asyncio.gather(*(guest.place(ready, key=the_key) for _ in range(20)))
    assert {status for status, _ in answers} <= {201, 409}
    assert {body["type"].rpartition("/")[2] for status, body in answers if status == 409} <= {"idempotency_in_flight"}
    status, order = await guest.place(ready, key=the_key)
    assert status == 201
    assert {body["id"] for status, body in answers if status == 201} <= {order["id"]}
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE cart_id = $1", uuid.UUID(ready["id"])) == 1
    assert await violations(owner) == []


# --- too much --------------------------------------------------------------------------------------------------------------------


class TestLimits:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """A shop that lets each client do a thing thrice a minute."""
        seldom = dict.fromkeys(("sign_in", "register", "checkout"), "3/minute")
        return msgspec.structs.replace(settings, limits=msgspec.structs.replace(settings.limits, **seldom))

    async def test_who_asks_too_often_is_told_when_to_come_back(self, stocked: Client) -> None:
        order = {"cart_id": str(uuid.uuid4()), "expected_total": {"amount": 1, "currency": "EUR"}}
        for path, body, usual, often in (
            ("/sessions", {"email": "bob@shop.example", "password": PASSWORD}, 401, 3),
            ("/customers", NEW_ACCOUNT | {"password": "short"}, 422, 3),
            ("/orders", order, 404, 3 + 1),  # the replica's own tenth, which is at least one
            (f"/carts/{uuid.uuid4()}/codes", {"code": "GUESS"}, 422, 3),
        ):
            answers = [await full(stocked, "POST", path, json=body, headers=key()) for _ in range(often + 2)]
            assert [status for status, _, _ in answers] == [usual] * often + [429] * 2, path
            _, headers, text = answers[-1]
            problem = json.loads(text)
            assert (problem["type"].rpartition("/")[2], headers["Content-Type"]) == ("rate_limited", "application/problem+json")
            assert 1 <= int(headers["Retry-After"]) <= 60
        assert (await full(stocked, "GET", "/products"))[0] == 200, "looking around is not limited"

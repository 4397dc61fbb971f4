"""What an operator does with stock: by forms alone, under their name, and felt by the next order."""

import random
import re
import uuid
from collections.abc import AsyncIterator
from html import unescape

import asyncpg
import pytest

from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale
from storefront.platform.database import Database
from tests.buying import buyer_of, offer, stock_of, violations
from tests.forms import Browser, forms_of

OPERATOR = "operator@example.com"


@pytest.fixture
async def main(owner: asyncpg.Connection) -> int:
    """The location that every shop begins with."""
    found: int = await owner.fetchval("SELECT id FROM stock_location WHERE code = 'main'")
    return found


@pytest.fixture
async def variant_id(owner: asyncpg.Connection) -> int:
    """Ten of it lie in the main warehouse."""
    return await offer(owner, amount=1000, on_hand=10)


@pytest.fixture
async def option_id(operator: Browser, owner: asyncpg.Connection) -> int:
    """How the shop delivers to Germany."""
    found: int = await owner.fetchval(
        "SELECT o.id FROM fulfillment_option o JOIN delivery_zone z ON z.id = o.zone_id "
        "WHERE 'DE' = ANY (z.countries) AND o.currency = 'EUR' ORDER BY z.position, o.id LIMIT 1"
    )
    return found


@pytest.fixture(autouse=True)
async def only_main_is_open(owner: asyncpg.Connection, main: int) -> AsyncIterator[None]:
    yield
    await owner.execute("UPDATE stock_location SET active = id = $1", main)


class Desk:
    """The operator at the pages of one variant."""

    def __init__(self, operator: Browser, product_id: int, variant_id: int) -> None:
        self.operator = operator
        self.product = f"/admin/products/{product_id}"
        self.path = f"{self.product}/variants/{variant_id}"
        self.history = f"{self.path}/stock"

    async def form(self) -> dict[str, str]:
        return forms_of(await self.operator.open(self.product))[self.path]

    async def save(self, **fields: str) -> None:
        await self.operator.follow(self.path, await self.form() | {name.replace("_", "-"): value for name, value in fields.items()})

    async def refused(self, field: str, **fields: str) -> str:
        """What is said beside the field; the form comes back as it was sent."""
        sent = await self.form() | {name.replace("_", "-"): value for name, value in fields.items()}
        status, _, page = await self.operator.send(self.path, sent)
        assert status == 422, page[-2000:]
        shown = forms_of(page)[self.path]
        assert {name: shown[name] for name in sent if not name.startswith("seen-")} == {
            name: value for name, value in sent.items() if not name.startswith("seen-")
        }
        return said_of(page, f"{field}-{self.path.rpartition('/')[2]}")

    async def told(self) -> list[list[str]]:
        """The rows of the history, as texts."""
        return rows_of(await self.operator.open(self.history))


def said_of(page: str, field: str) -> str:
    found = re.search(rf'id="{field}-error">(.*?)</p>', page, re.S)
    return _text(found[1]).removeprefix("Error: ") if found else ""


def rows_of(page: str) -> list[list[str]]:
    """The rows of the page's first table, without its head."""
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [[_text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for row in table.split("</tr>")[:-1]]


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.fixture
async def desk(operator: Browser, owner: asyncpg.Connection, variant_id: int) -> Desk:
    product_id = await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", variant_id)
    return Desk(operator, product_id, variant_id)


async def place_at(operator: Browser, code: str = "", **fields: str) -> tuple[str, int]:
    """(path, id) of a location that is made by the form."""
    form = forms_of(await operator.open("/admin/locations/new"))["/admin/locations/new"]
    code = code or f"place-{uuid.uuid4().hex[:8]}"
    location = await operator.follow("/admin/locations/new", form | {"name": code, "code": code} | fields)
    path = location.partition("?")[0]
    return path, int(path.rpartition("/")[2])


async def sold_at(owner: asyncpg.Connection, variant_id: int) -> dict[int, int]:
    """Units that were sold, by location."""
    rows = await owner.fetch(
        "SELECT location_id, -sum(delta) AS units FROM stock_movement WHERE variant_id = $1 AND reason = 'sold' GROUP BY 1", variant_id
    )
    return {row["location_id"]: row["units"] for row in rows}


# --- locations


async def test_a_location_made_by_the_form_sells_by_priority_and_country_until_it_is_closed(
    operator: Browser, desk: Desk, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, main: int, variant_id: int
) -> None:
    near, near_id = await place_at(operator, priority="-5", countries="de; at")
    far, far_id = await place_at(operator, priority="-9", countries="SE")
    await desk.save(**{f"stock-{near_id}": "5", f"stock-{far_id}": "5"}, reason="received")

    async def order() -> None:
        assert (await (await buyer_of(shop, option_id, (variant_id, 1))).place()).status == 201

    await order()
    assert await sold_at(owner, variant_id) == {near_id: 1}, "the first of all does not deliver to Germany"
    form = forms_of(await operator.open(far))[far]
    assert (form["countries"], form["priority"], form["active"]) == ("SE", "-9", "1")
    await operator.follow(far, form | {"countries": ""})
    await order()
    assert await sold_at(owner, variant_id) == {near_id: 1, far_id: 1}, "without countries it delivers everywhere, and is asked first"
    await operator.follow(far, form | {"countries": "", "priority": "3"})
    await order()
    assert await sold_at(owner, variant_id) == {near_id: 2, far_id: 1}, "it is asked last"
    closed = {name: value for name, value in forms_of(await operator.open(near))[near].items() if name != "active"}
    before = await owner.fetchval("SELECT coalesce(max(seq), 0) FROM change_log")
    await operator.follow(near, closed)
    told = "SELECT EXISTS (SELECT FROM change_log WHERE seq > $1 AND topic = 'stock' AND key = $2)"
    assert await owner.fetchval(told, before, desk.product.rpartition("/")[2]), "what lay there is not to be had any more"
    await order()
    assert await sold_at(owner, variant_id) == {near_id: 2, far_id: 1, main: 1}, "a closed one sells nothing"
    trail = "SELECT action, actor FROM operator_change WHERE subject = 'location' AND key = $1 ORDER BY id"
    assert [tuple(row) for row in await owner.fetch(trail, str(near_id))] == [("made", OPERATOR), ("closed", OPERATOR)]
    listed = {row[0]: row[1:] for row in rows_of(await operator.open("/admin/locations"))}
    codes = {row["id"]: row["code"] for row in await owner.fetch("SELECT id, code FROM stock_location")}
    assert listed[codes[near_id]] == [codes[near_id], "closed", "-5", "Germany, Austria", "3", "0"]
    assert listed[codes[far_id]] == [codes[far_id], "open", "3", "everywhere", "4", "0"]
    assert await violations(owner) == []


async def test_what_is_held_where_a_location_closes_is_still_sold_from_there(
    operator: Browser, desk: Desk, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    path, place = await place_at(operator, priority="-5")
    await desk.save(**{f"stock-{place}": "2"})
    buyer = await buyer_of(shop, option_id, (variant_id, 2))
    await buyer.check_out()
    await operator.follow(path, {"name": "Closed", "priority": "-5"})
    assert "Closed (closed) 2 on hand, 2 reserved, 0 available" in _text(await operator.open(desk.product))
    assert (await buyer.place()).status == 201
    assert await sold_at(owner, variant_id) == {place: 2}
    assert await violations(owner) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"code": ""}, "code"),
        ({"code": "two words"}, "code"),
        ({"code": "x" * 41}, "code"),
        ({"code": "main"}, "code"),
        ({"priority": "first"}, "priority"),
        ({"priority": "1001"}, "priority"),
        ({"priority": "²"}, "priority"),
        ({"countries": "DE, Germany"}, "countries"),
        ({"countries": "XX"}, "countries"),
        ({"countries": "ZZ"}, "countries"),
    ],
)
async def test_a_location_that_cannot_be_comes_back_filled_in_with_the_reason_beside_the_field(
    operator: Browser, owner: asyncpg.Connection, fields: dict[str, str], field: str
) -> None:
    before = await owner.fetchval("SELECT count(*) FROM stock_location")
    sent = {"name": "Store", "code": "store", "priority": "1", "countries": "DE", "active": "1"} | fields
    status, _, page = await operator.send("/admin/locations/new", sent)
    assert (status, said_of(page, field) != "") == (422, True)
    assert forms_of(page)["/admin/locations/new"] == sent
    assert await owner.fetchval("SELECT count(*) FROM stock_location") == before
    if field != "code":
        path, _ = await place_at(operator)
        status, _, page = await operator.send(path, sent)
        assert (status, said_of(page, field) != "") == (422, True)
        assert forms_of(page)[path] == {name: value for name, value in sent.items() if name != "code"}


async def test_a_location_keeps_its_code_and_a_repeat_changes_nothing(operator: Browser, owner: asyncpg.Connection) -> None:
    path, place = await place_at(operator)
    row = await owner.fetchrow("SELECT * FROM stock_location WHERE id = $1", place)
    form = forms_of(await operator.open(path))[path]
    for _ in range(2):
        await operator.follow(path, form | {"code": "another", "name": "Renamed"})
    after = await owner.fetchrow("SELECT * FROM stock_location WHERE id = $1", place)
    assert dict(after) == dict(row) | {"name": "Renamed"}
    trail = "SELECT array_agg(action ORDER BY id) FROM operator_change WHERE subject = 'location' AND key = $1"
    assert await owner.fetchval(trail, str(place)) == ["made", "changed"]
    for unknown in ("/admin/locations/0", f"/admin/locations/{'9' * 19}"):
        await operator.open(unknown, status=404)
        assert (await operator.send(unknown, form))[0] == 404


# --- how much there is


async def test_what_is_on_hand_is_set_with_its_reason_and_shown_in_the_history(
    operator: Browser, desk: Desk, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, main: int, variant_id: int
) -> None:
    await (await buyer_of(shop, option_id, (variant_id, 4))).check_out()
    assert "10 on hand, 4 reserved, 6 available" in _text(await operator.open(desk.product))
    await desk.save(**{f"stock-{main}": "15"}, reason="received")
    await desk.save(**{f"stock-{main}": "14"}, reason="damaged")
    await desk.save(amount="12.00", reason="correction")
    assert [row[1:] for row in await desk.told()] == [
        ["Main warehouse", "-1", "14", "Goods are damaged or lost", "–", OPERATOR],
        ["Main warehouse", "+5", "15", "Goods came in", "–", OPERATOR],
        ["Main warehouse", "+10", "10", "It was wrong", "–", await owner.fetchval("SELECT current_user")],
    ]
    assert await desk.refused(f"stock-{main}", **{f"stock-{main}": "3"}) == "Shoppers hold 4, or it was sold ahead: at least 4."
    assert await desk.refused(f"stock-{main}", **{f"stock-{main}": "some"}) == "Enter a whole number."
    assert await desk.refused(f"limit-{main}", **{f"limit-{main}": "-1"}) == "Enter a whole number from 0."
    for field in ("reason", "policy"):
        status, _, page = await operator.send(desk.path, await desk.form() | {field: "sold"})
        assert (status, said_of(page, f"{field}-{variant_id}")) == (422, "Choose one of the list.")
    assert await stock_of(owner, variant_id) == (14, 4)


async def test_what_was_sold_while_the_operator_looked_is_not_counted_back(
    operator: Browser, desk: Desk, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, main: int, variant_id: int
) -> None:
    form = await desk.form()
    await (await buyer_of(shop, option_id, (variant_id, 3))).place()
    await operator.follow(desk.path, form | {"amount": "11.00"})
    assert await stock_of(owner, variant_id) == (7, 0), "who sets a price counts nothing"
    status, _, page = await operator.send(desk.path, form | {f"stock-{main}": "15"})
    assert (status, said_of(page, f"stock-{main}-{variant_id}")) == (422, "It is 7 by now, and was 10 when you looked.")
    again = forms_of(page)[desk.path]
    assert (again[f"stock-{main}"], again[f"seen-{main}"]) == ("15", "7")
    for _ in range(2):  # a double click
        status = (await operator.send(desk.path, again | {f"stock-{main}": "12"}))[0]
    assert (await stock_of(owner, variant_id), (await desk.told())[0][2]) == ((12, 0), "+5")
    wrong_price = form | {f"stock-{main}": "15", "amount": "x"}
    status, _, page = await operator.send(desk.path, wrong_price)
    assert forms_of(page)[desk.path][f"seen-{main}"] == "10", "another mistake does not make the count a new one"


# --- what is sold ahead


async def ordered(shop: CheckoutContext, option_id: int, variant_id: int, quantity: int = 1) -> bool:
    """Whether somebody gets so many."""
    return bool((await (await buyer_of(shop, option_id, (variant_id, quantity))).place()).status == 201)


@pytest.mark.parametrize("policy", ["backorder", "preorder"])
async def test_exactly_as_many_are_sold_ahead_as_the_form_allows(
    operator: Browser,
    desk: Desk,
    shop: CheckoutContext,
    owner: asyncpg.Connection,
    option_id: int,
    main: int,
    variant_id: int,
    policy: str,
) -> None:
    _, other = await place_at(operator, priority="7")
    assert await desk.refused("policy", policy=policy) == "Say below how many may be sold ahead."
    assert await ordered(shop, option_id, variant_id, 10)
    shown = "SELECT availability::text FROM variant_offer WHERE variant_id = $1 AND currency = 'EUR'"
    assert await owner.fetchval(shown, variant_id) == "sold_out"
    await desk.save(**{f"limit-{main}": "3", f"limit-{other}": "2"}, policy=policy)
    assert await owner.fetchval(shown, variant_id) == policy
    early, late = await buyer_of(shop, option_id, (variant_id, 3)), await buyer_of(shop, option_id, (variant_id, 3))
    assert (await early.place()).status == 201
    assert (await late.place()).status == 409
    assert await ordered(shop, option_id, variant_id, 2)
    assert await owner.fetchval(shown, variant_id) == "sold_out"
    rows = dict(await owner.fetch("SELECT location_id, on_hand FROM stock WHERE variant_id = $1", variant_id))
    assert rows == {main: -3, other: -2}
    assert await desk.refused(f"limit-{main}", **{f"limit-{main}": "2"}) == "So many have been sold ahead already: at least 3."
    await desk.save(**{f"stock-{main}": "-1"}, reason="received")
    await desk.save(policy="deny", **{f"limit-{main}": "9"})
    limits = dict(await owner.fetch("SELECT location_id, backorder_limit FROM stock WHERE variant_id = $1", variant_id))
    assert limits == {main: 1, other: 2}, "what is owed already"
    assert await owner.fetchval(shown, variant_id) == "sold_out"
    trail = "SELECT data ->> 'policy', actor FROM operator_change WHERE subject = 'stock' AND key = $1 ORDER BY id"
    assert [tuple(row) for row in await owner.fetch(trail, str(variant_id))] == [(policy, OPERATOR), ("deny", OPERATOR)]
    assert "Policy changed" in await operator.open(desk.history)
    assert await violations(owner) == []


async def test_a_change_that_cannot_be_changes_nothing_of_it(
    operator: Browser, desk: Desk, owner: asyncpg.Connection, main: int, variant_id: int
) -> None:
    _, other = await place_at(operator)
    await desk.refused(f"stock-{other}", amount="99.00", policy="backorder", **{f"limit-{main}": "5", f"stock-{other}": "-1"})
    row = await owner.fetchrow(
        "SELECT stock_policy, amount FROM variant v JOIN variant_price p ON p.variant_id = v.id WHERE v.id = $1", variant_id
    )
    assert tuple(row) == ("deny", 1000)
    assert await owner.fetchval("SELECT sum(backorder_limit) FROM stock WHERE variant_id = $1", variant_id) == 0


# --- who did it


async def test_goods_that_come_back_are_in_the_history_with_the_order_and_who_took_them_back(
    operator: Browser, desk: Desk, shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    async def number(quantity: int) -> str:
        answer = await (await buyer_of(shop, option_id, (variant_id, quantity))).place()
        return str(answer.document()["number"])

    whole, part, own = await number(1), await number(3), await number(1)
    await operator.follow(f"/admin/orders/{whole}/cancel", {})
    own_id = await owner.fetchval("SELECT id FROM orders WHERE number = $1", own)
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, own_id, actor="shopper")
    line = await owner.fetchval("SELECT l.id FROM order_line l JOIN orders o ON o.id = l.order_id WHERE o.number = $1", part)
    path = f"/admin/orders/{part}"
    await operator.follow(f"{path}/fulfill", {f"line-{line}": "2", "key": "k"})
    await operator.follow(f"{path}/cancel-rest", {})
    asked = forms_of(await operator.open(path))[f"{path}/returns"] | {f"quantity-{line}": "2", "reason": "does_not_fit"}
    await operator.follow(f"{path}/returns", asked)
    (found,) = set(re.findall(rf"{path}/returns/([0-9a-f-]+)/", await operator.open(path)))
    await operator.follow(f"{path}/returns/{found}/approve", {"answer": ""})
    await operator.follow(f"{path}/returns/{found}/receive", {f"received-{line}": "2", f"damaged-{line}": "1"})
    told = [row[2:] for row in await desk.told()]
    assert told[:6] == [
        ["+1", "9", "Came back", part, OPERATOR],
        ["+1", "8", "Order cancelled", part, OPERATOR],
        ["+1", "7", "Order cancelled", own, "shopper"],
        ["+1", "6", "Order cancelled", whole, OPERATOR],
        ["-1", "5", "Sold", own, "checkout"],
        ["-3", "6", "Sold", part, "checkout"],
    ]
    assert f'<a href="/admin/orders/{part}">{part}</a>' in await operator.open(desk.history)
    await desk.save(amount="10.00")
    again = await (await buyer_of(shop, option_id, (variant_id, 1))).place()
    assert (again.status, (await desk.told())[0][-1]) == (201, "checkout"), "nobody's name stays for what comes next"
    assert await violations(owner) == []


async def test_what_costs_nothing_is_sold_by_checkout_too(shop: CheckoutContext, owner: asyncpg.Connection) -> None:
    variant_id = await offer(owner, amount=0, requires_delivery=False)
    assert (await (await buyer_of(shop, None, (variant_id, 1))).place(payment_method=None)).status == 201
    sold = "SELECT actor FROM stock_movement WHERE variant_id = $1 AND reason = 'sold'"
    assert await owner.fetchval(sold, variant_id) == "checkout"


async def test_what_the_shop_did_by_itself_is_shown_as_the_shops(desk: Desk, database: Database, variant_id: int) -> None:
    async with database.write() as conn:
        await conn.execute("UPDATE stock SET on_hand = on_hand - 1 WHERE variant_id = $1", variant_id)
    assert (await desk.told())[0][2:] == ["-1", "9", "It was wrong", "–", "the shop"]


async def test_a_history_of_many_pages_tells_each_movement_once_and_what_was_on_hand_then(
    desk: Desk, operator: Browser, database: Database, owner: asyncpg.Connection, main: int, variant_id: int
) -> None:
    _, other = await place_at(operator)
    chance = random.Random(7)
    on_hand, expected = {main: 10, other: 0}, [("Main warehouse", 10, 10)]
    names = dict(await owner.fetch("SELECT id, name FROM stock_location"))
    for _ in range(130):
        place = chance.choice((main, main, main, other))
        delta = chance.choice((1, 2, 5))
        on_hand[place] += delta
        await owner.execute(
            "INSERT INTO stock (variant_id, location_id, on_hand) VALUES ($1, $2, $3) "
            "ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = EXCLUDED.on_hand",
            variant_id,
            place,
            on_hand[place],
        )
        expected.append((names[place], delta, on_hand[place]))
    pages, page = [], await operator.open(desk.history)
    while True:
        pages.append([(row[1], int(row[2]), int(row[3])) for row in rows_of(page)])
        older = re.search(rf'href="({desk.history}\?before=\d+)"', page)
        if older is None:
            break
        page = await operator.open(older[1])
    assert [len(rows) for rows in pages] == [50, 50, 31]
    assert [row for rows in pages for row in rows] == expected[::-1]
    for odd in ("x", "-1", "9" * 30, "%00"):
        await operator.open(f"{desk.history}?before={odd}")


async def test_a_variant_has_its_history_at_its_product_alone(desk: Desk, operator: Browser, owner: asyncpg.Connection) -> None:
    other = await owner.fetchval("SELECT product_id FROM variant WHERE id = $1", await offer(owner))
    variant_id = desk.path.rpartition("/")[2]
    for path in (f"/admin/products/{other}/variants/{variant_id}/stock", f"{desk.product}/variants/0/stock"):
        await operator.open(path, status=404)
    assert (await operator.send(f"/admin/products/{other}/variants/{variant_id}", await desk.form()))[0] == 404

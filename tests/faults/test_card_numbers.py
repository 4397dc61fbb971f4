"""No card number is kept anywhere: not in a table, a log line, a metric, a mail, a cache, or any file of the shop or its provider."""

import asyncio
import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
import redis.asyncio

from storefront.platform.embedded.postgres import reachable_binaries
from storefront.platform.mail_folder import MailFolder
from tests.buying import offer, violations
from tests.forms import forms_of
from tests.live import LiveShop, live_shop
from tests.sandbox import eventually
from tests.shopper import ADDRESS, Shopper

NUMBER = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
WRONG = "4242 4242 4242 4241"
PUBLISHABLE_KEY = "pk_test_sandbox"
EMAIL = "keeps.nothing@shop.example"
# What people and programs put between the groups, and what URLs and JSON make of it.
_GAP = rb"(?:[ +_.-]|%20|%2[bB]|\\u0020)?"
ANY_CARD = re.compile(_GAP.join((rb"4242", rb"4242", rb"4242", rb"424[12]")) + rb"|" + _GAP.join((rb"4000", rb"0000", rb"0000", rb"0002")))


@pytest.fixture(scope="module")
def shop() -> Iterator[LiveShop]:
    """It logs all that it can, about every request."""
    with live_shop(SHOP__DEMO="false", TELEMETRY__LOG_LEVEL="debug", TELEMETRY__ACCESS_LOG_SAMPLE="1", DATABASE__FSYNC="false") as running:
        yield running


def runtime(shop: LiveShop) -> dict[str, Any]:
    """Where the servers of the shop are."""
    return dict(json.loads((shop.folder / "runtime.json").read_text()))


class Buyer:
    """A browser at the shop and at the provider, which is on the next port."""

    def __init__(self, shop: LiveShop, http: aiohttp.ClientSession) -> None:
        self.url = shop.url
        self.http = http
        host, _, port = shop.url.rpartition(":")
        self.provider = f"{host}:{int(port) + 1}"

    async def open(self, url: str, **fields: str) -> tuple[int, str, str]:
        """A page, or a form sent: (status, where it leads, text)."""
        send = self.http.post(url, data=fields, allow_redirects=False) if fields else self.http.get(url, allow_redirects=False)
        async with send as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    async def at_checkout(self, variant_id: int) -> dict[str, str]:
        """The checkout form, all filled in."""
        await self.open(f"{self.url}/cart/lines", variant_id=str(variant_id), quantity="1")
        form = forms_of((await self.open(f"{self.url}/checkout"))[2])["/checkout"]
        address = {f"delivery_address.{name}": value for name, value in ADDRESS.items()}
        await self.open(f"{self.url}/checkout", **(form | address | {"email": EMAIL, "step": "update"}))
        page = (await self.open(f"{self.url}/checkout"))[2]
        option = re.search(r'name="fulfillment_option_id" id="[^"]*" value="(\d+)"', page)
        assert option is not None
        await self.open(f"{self.url}/checkout", **(forms_of(page)["/checkout"] | {"fulfillment_option_id": option[1], "step": "update"}))
        return forms_of((await self.open(f"{self.url}/checkout"))[2])["/checkout"] | {"step": "place"}

    async def token(self, number: str) -> str:
        """What the provider's own card field gives for a card."""
        fields = {"type": "card", "card[number]": number, "card[exp_month]": "12", "card[exp_year]": "40", "card[cvc]": "123"}
        headers = {"Authorization": f"Bearer {PUBLISHABLE_KEY}"}
        fields["billing_details[name]"] = "Ada Byron"
        async with self.http.post(f"{self.provider}/v1/payment_methods", data=fields, headers=headers) as answer:
            body = await answer.json()
            return str(body.get("id", body))


async def buy_by_pages(shop: LiveShop, variant_id: int) -> None:
    """On the provider's page, after a card that it declines and one that there is not; then by its card field."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        buyer = Buyer(shop, http)
        status, page, text = await buyer.open(f"{shop.url}/checkout", **await buyer.at_checkout(variant_id))
        assert status == 303, text[-2000:]
        for number, answer in ((WRONG, 402), (DECLINED, 402), (NUMBER, 303)):
            status, back, text = await buyer.open(page, number=number, expiry="12/40", cvc="123", name="Ada Byron")
            assert status == answer, text[-2000:]
        status, confirmation, _ = await buyer.open(back)
        assert (status, confirmation.endswith("placed=1")) == (303, True)
        form = await buyer.at_checkout(variant_id)
        status, location, text = await buyer.open(f"{shop.url}/checkout", **(form | {"payment_method": await buyer.token(NUMBER)}))
        assert (status, location.endswith("placed=1")) == (303, True), text[-2000:]


async def buy_by_json(shop: LiveShop, variant_id: int) -> None:
    """With the provider's token, after one that is declined."""
    async with aiohttp.ClientSession() as http, Shopper(shop.url) as shopper:
        buyer = Buyer(shop, http)
        cart = await shopper.filled_cart(variant_id, email=EMAIL)
        status, _ = await shopper.place(cart, payment_method=await buyer.token(DECLINED.replace(" ", "")))
        assert status == 402
        status, order = await shopper.place(cart, payment_method=await buyer.token(NUMBER.replace(" ", "")))
        assert (status, order["status"]) == (201, "paid")


async def send_it_where_it_does_not_belong(shop: LiveShop, variant_id: int) -> None:
    """A card's number in place of the token, beside it, in another field, and in an address of the shop."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http, Shopper(shop.url) as shopper:
        buyer = Buyer(shop, http)
        for number in (NUMBER, NUMBER.replace(" ", ""), NUMBER.replace(" ", "-")):
            cart = await shopper.filled_cart(variant_id, email=EMAIL)
            assert (await shopper.place(cart, payment_method=number))[0] == 422
            body = {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": "pm_card_visa", "card": {"number": number}}
            await shopper.call("POST", "/orders", json=body, headers={"Idempotency-Key": uuid.uuid4().hex})
            form = await buyer.at_checkout(variant_id)
            assert (await buyer.open(f"{shop.url}/checkout", **(form | {"payment_method": number})))[0] == 422
            await http.get(f"{shop.url}/checkout", params={"number": number})
            await buyer.open(f"{shop.url}/cart/coupon", code=number)


async def in_the_cache(shop: LiveShop) -> dict[str, bytes]:
    """By name: whatever Valkey holds."""
    kept = {}
    async with redis.asyncio.from_url(runtime(shop)["cache_url"]) as cache:
        async for key in cache.scan_iter():
            kind = await cache.type(key)
            assert kind in (b"string", b"zset", b"none"), f"nobody looks into a {kind!r}"  # none: it has just run out
            value = b" ".join(await cache.zrange(key, 0, -1)) if kind == b"zset" else await cache.get(key) or b""
            kept[f"the cache at {key!r}"] = key + b" " + value
    return kept


async def everything_kept(shop: LiveShop) -> dict[str, bytes]:
    """By name: all tables, the cache, the metrics, what was logged, and every file of the data folder."""
    where = runtime(shop)
    dump = await asyncio.to_thread(
        subprocess.run, [str(reachable_binaries() / "pg_dump"), where["migrate_url"]], capture_output=True, check=True
    )
    kept = {"all tables": dump.stdout, "what was logged": shop.output.read_bytes()}
    async with aiohttp.ClientSession() as http, http.get(f"{shop.url}/metrics") as answer:
        kept["the metrics"] = await answer.read()
    kept |= await in_the_cache(shop)
    for path in shop.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            kept[str(path.relative_to(shop.folder))] = path.read_bytes()
    return kept


def found_in(kept: dict[str, bytes]) -> list[str]:
    """Where a card's number stands."""
    return [name for name, content in kept.items() if ANY_CARD.search(content)]


@pytest.mark.timeout(240)
async def test_no_card_number_is_kept_anywhere(shop: LiveShop) -> None:
    owner = await asyncpg.connect(runtime(shop)["migrate_url"])
    variant_id = await offer(owner, on_hand=100)
    await buy_by_pages(shop, variant_id)
    await buy_by_json(shop, variant_id)
    assert await owner.fetchval("SELECT count(*) FROM orders WHERE status = 'paid'") == 3
    await send_it_where_it_does_not_belong(shop, variant_id)

    async def quiet() -> bool:
        """All mails are sent."""
        return (
            bool(await owner.fetchval("SELECT NOT EXISTS (SELECT FROM job)")) and len(await MailFolder(shop.folder / "mail").recent()) >= 3
        )

    await eventually(quiet, seconds=20)
    await owner.execute("CHECKPOINT")
    kept = await everything_kept(shop)
    # It is looked where things are kept: the buyer is found in each of these.
    for name in ("all tables", *(name for name in kept if name.startswith("mail/"))):
        assert EMAIL.encode() in kept[name]
    assert any(EMAIL.encode() in content for name, content in kept.items() if name.startswith("sandbox/"))
    assert any(EMAIL.encode() in content for name, content in kept.items() if name.startswith("postgresql/"))
    assert b"request" in kept["what was logged"]
    assert found_in(kept) == []
    assert await violations(owner) == []
    # And what is kept can be read, the pages in the cache too: a number that is put there is found.
    slug = await owner.fetchval(
        "UPDATE product SET description_html = $2 WHERE id = (SELECT product_id FROM variant WHERE id = $1) RETURNING slug",
        variant_id,
        f"Pay with {NUMBER}",
    )

    async def on_a_page_in_the_cache() -> bool:
        async with aiohttp.ClientSession() as http, http.get(f"{shop.url}/p/{slug}") as page:
            assert page.status == 200
        return any(":page:/p/" in name for name in found_in(await in_the_cache(shop)))

    await eventually(on_a_page_in_the_cache)
    assert "all tables" in found_in(await everything_kept(shop))
    await owner.close()


def test_the_look_finds_a_number_however_it_is_written(tmp_path: Path) -> None:
    for text in (NUMBER, NUMBER.replace(" ", ""), NUMBER.replace(" ", "-"), NUMBER.replace(" ", "%20"), NUMBER.replace(" ", "+"), DECLINED):
        assert ANY_CARD.search(f'{{"number": "{text}"}}'.encode())

"""An account that somebody opened with an address that is not theirs: whoever proves the address gets it clean, and alone."""

from uuid import UUID

import aiohttp
import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient

from storefront.accounts import service
from storefront.checkout.context import CheckoutContext
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.settings import Settings
from tests.buying import buyer_of, offer, violations
from tests.forms import Browser, forms_of
from tests.shopper import ADDRESS, Shopper

ADA, OTHER = "ada@victims.example", "mallory@elsewhere.example"


async def _reset(database: Database, browser: Browser, customer_id: UUID) -> None:
    """Whoever reads the mail sets a password of their own."""
    async with database.write() as conn:
        token = await service.issue_token(conn, customer_id, "reset_password", utc_now())
    form = forms_of(await browser.open(f"/account/reset-password?token={token}"))["/account/reset-password"]
    assert await browser.follow("/account/reset-password", form | {"password": "a password of her own"}) == "/account"


async def test_who_proves_the_address_gets_the_account_clean_and_alone(
    browser: Browser,
    client: TestClient[web.Request, web.Application],
    settings: Settings,
    shop: CheckoutContext,
    owner: asyncpg.Connection,
) -> None:
    """Mallory opens an account with Ada's address, and leaves things in it. Ada takes it over by a new password."""
    variant_id, database = await offer(owner, requires_delivery=False), shop.database
    async with Shopper(settings.server.public_url) as anybody:
        mallory = Browser(TestClient(client.server, cookie_jar=aiohttp.CookieJar(unsafe=True)))
        given = {"email": ADA, "name": "Mallory", "password": "correct horse battery", "next": "/account"}
        assert await mallory.follow("/account/register", given) == "/account"
        signed_in = await anybody.expect(201, "POST", "/sessions", json={"email": ADA, "password": "correct horse battery"})
        customer_id = UUID(signed_in["customer"]["id"])
        bearer = {"Authorization": f"Bearer {signed_in['token']}"}
        await mallory.follow("/account/addresses/new", ADDRESS | {"line1": "1 Mallory's Lair", "is_default": "1"})
        await mallory.follow("/cart/lines", {"variant_id": str(variant_id), "quantity": "2"})
        for email in (ADA, OTHER):
            buyer = await buyer_of(shop, None, (variant_id, 1), email=email, customer_id=customer_id)
            assert (await buyer.place()).status == 201
        numbers = {row["email"]: row["number"] for row in await owner.fetch("SELECT email, number FROM orders")}

        await _reset(database, browser, customer_id)

        assert (await mallory.client.get("/account", allow_redirects=False)).status == 303, "signed out"
        await anybody.expect(401, "GET", "/customers/me", headers=bearer)
        await anybody.expect(401, "POST", "/sessions", json={"email": ADA, "password": "correct horse battery"})
        me = await browser.open("/account") + await browser.open("/account/addresses") + await browser.open("/account/details")
        assert "Mallory" not in me
        history = await browser.open("/account/orders")
        assert numbers[ADA] in history, "what was ordered with her address is hers"
        assert numbers[OTHER] not in history
        assert browser.cookie("cart") == "", "nothing that she did not choose is in her cart"
        assert "Thing" in await mallory.open("/cart"), "who put it there keeps it, as a guest"

        await browser.follow("/account/addresses/new", ADDRESS | {"line1": "2 Ada's Own Street"})
        await mallory.follow("/account/sign-out", {})
        assert (await mallory.send("/account/sign-in", {"email": ADA, "password": "correct horse battery"}))[0] == 422
        assert "2 Ada&#39;s Own Street" in await browser.open("/account/addresses")
        assert await violations(owner) == []
        await mallory.client.close()


async def test_an_account_whose_address_was_proved_keeps_all_when_its_password_is_forgotten(
    browser: Browser, database: Database, settings: Settings, owner: asyncpg.Connection
) -> None:
    email = "grace@shop.example"
    await browser.follow("/account/register", {"email": email, "name": "Grace", "password": "correct horse battery"})
    await browser.follow("/account/addresses/new", ADDRESS | {"line1": "3 Harbour Street"})
    customer_id = await owner.fetchval("UPDATE customer SET email_verified_at = now() WHERE email = $1 RETURNING id", email)
    await _reset(database, browser, customer_id)
    assert "3 Harbour Street" in await browser.open("/account/addresses")
    assert "Grace" in await browser.open("/account")

"""A JSON client that buys, for tests that need orders made the way clients make them."""

import uuid
from typing import Any

import aiohttp

ADDRESS = {"name": "Ada Byron", "line1": "1 Ridge Way", "city": "Berlin", "postal_code": "10115", "country": "DE"}


class Shopper:
    """One client of the JSON API at `url`. `async with Shopper(url) as shopper:`"""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = aiohttp.ClientSession(url, headers=headers, timeout=aiohttp.ClientTimeout(total=30))

    async def __aenter__(self) -> "Shopper":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> tuple[int, Any]:
        """One request: status and decoded body; of a paper, None."""
        async with self.http.request(method, f"/api/v1{path}", headers=headers, **options) as answer:
            return answer.status, None if answer.content_type == "application/pdf" else await answer.json(content_type=None)

    async def expect(self, status: int, method: str, path: str, **options: Any) -> Any:
        """One request that must answer `status`."""
        found, body = await self.call(method, path, **options)
        assert found == status, (method, path, found, body)
        return body

    async def something_in_stock(self) -> dict[str, Any]:
        """A variant that can be bought, with its product's slug."""
        for product in (await self.expect(200, "GET", "/products?limit=50"))["items"]:
            detail = await self.expect(200, "GET", f"/products/{product['slug']}")
            for variant in detail["variants"]:
                if variant["availability"] == "in_stock":
                    return {"slug": product["slug"], **variant}
        raise AssertionError("nothing is in stock")

    async def filled_cart(self, variant_id: int, quantity: int = 1, email: str = "ada@shop.example") -> dict[str, Any]:
        """A cart with one line, contact, address and the first delivery option, held for checkout."""
        cart = await self.expect(201, "POST", "/carts", json={"lines": [{"variant_id": variant_id, "quantity": quantity}]})
        path = f"/carts/{cart['id']}"
        cart = await self.expect(200, "PATCH", path, json={"email": email, "delivery_address": ADDRESS})
        option = cart["fulfillment_options"][0]["id"]
        await self.expect(200, "PATCH", path, json={"fulfillment_option_id": option})
        return dict(await self.expect(200, "POST", f"{path}/checkout", headers={"Idempotency-Key": uuid.uuid4().hex}))

    async def place(self, cart: dict[str, Any], *, key: str | None = None, payment_method: str = "pm_card_visa") -> tuple[int, Any]:
        """Places the order of a cart that checkout answered."""
        body = {"cart_id": cart["id"], "expected_total": cart["total"], "payment_method": payment_method}
        return await self.call("POST", "/orders", json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})

    async def buy(self, quantity: int = 1) -> dict[str, Any]:
        """From nothing to a paid order."""
        variant = await self.something_in_stock()
        status, order = await self.place(await self.filled_cart(variant["id"], quantity))
        assert status == 201, (status, order)
        return dict(order)

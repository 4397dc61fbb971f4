"""Bare aiohttp + asyncpg + stripe: what an order asks of any shop, without rules, prices, mails or guarantees. The bound of whole orders.

A cart with contact and address whose stock is held is one statement, and the order two with the provider's call between them.
The provider's event is kept. Nothing is repeated, recovered, authorised or checked but the stock.
"""

import json
import sys
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import stripe
import uvloop
from aiohttp import web

VARIANTS = 1000
PRICE = 1500
TABLES = """
CREATE TABLE IF NOT EXISTS bench_basket (id uuid PRIMARY KEY, variant int NOT NULL, quantity int NOT NULL, details jsonb);
CREATE TABLE IF NOT EXISTS bench_shelf (variant int PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL, CHECK (reserved <= on_hand));
CREATE TABLE IF NOT EXISTS bench_order (
    id uuid PRIMARY KEY, basket uuid NOT NULL UNIQUE, key text NOT NULL UNIQUE, total int NOT NULL, status text NOT NULL, payment text
);
CREATE TABLE IF NOT EXISTS bench_event (id text PRIMARY KEY, payload jsonb NOT NULL);
"""
FILL = "INSERT INTO bench_shelf SELECT n, 1000000000, 0 FROM generate_series(0, $1::int - 1) n ON CONFLICT DO NOTHING"
START = """WITH held AS (UPDATE bench_shelf SET reserved = reserved + $3 WHERE variant = $2)
INSERT INTO bench_basket (id, variant, quantity, details) VALUES ($1, $2, $3, $4)"""
PENDING = "INSERT INTO bench_order (id, basket, key, total, status) VALUES ($1, $2, $3, $4, 'pending')"
PAID = """WITH paid AS (UPDATE bench_order SET status = 'paid', payment = $2 WHERE id = $1 RETURNING basket)
UPDATE bench_shelf s SET reserved = reserved - b.quantity, on_hand = on_hand - b.quantity
FROM paid, bench_basket b WHERE b.id = paid.basket AND s.variant = b.variant"""
EVENT = "INSERT INTO bench_event (id, payload) VALUES ($1, $2) ON CONFLICT DO NOTHING"


async def make_app(dsn: str, provider: str, api_key: str) -> web.Application:
    """Tables of its own, and a handler for each step."""
    pool = await asyncpg.create_pool(dsn, min_size=16, max_size=16)
    await pool.execute(TABLES)
    await pool.execute(FILL, VARIANTS)
    http = stripe.AIOHTTPClient()
    calls = stripe.StripeClient(api_key, base_addresses={"api": provider}, http_client=http)

    async def start(request: web.Request) -> web.Response:
        details = await request.json()
        line, cart_id = details.pop("lines")[0], uuid4()
        await pool.execute(START, cart_id, line["variant_id"] % VARIANTS, line["quantity"], json.dumps(details))
        return _answer(201, {"id": str(cart_id), "total": _total(line["quantity"])})

    async def order(request: web.Request) -> web.Response:
        asked = await request.json()
        order_id, amount = uuid4(), asked["expected_total"]["amount"]
        await pool.execute(PENDING, order_id, UUID(asked["cart_id"]), request.headers["Idempotency-Key"], amount)
        params: Any = {
            "amount": amount,
            "currency": "eur",
            "payment_method": asked["payment_method"],
            "payment_method_types": ["card"],
            "confirm": True,
            "metadata": {"order_id": str(order_id)},
        }
        intent = await calls.v1.payment_intents.create_async(params, {"idempotency_key": str(order_id)})
        await pool.execute(PAID, order_id, intent.id)
        return _answer(201, {"id": str(order_id), "status": "paid" if intent.status == "succeeded" else intent.status})

    async def event(request: web.Request) -> web.Response:
        body = await request.text()
        await pool.execute(EVENT, json.loads(body)["id"], body)
        return web.Response()

    async def close(app: web.Application) -> None:
        await http.close_async()  # type: ignore[no-untyped-call]

    async def livez(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.on_cleanup.append(close)
    app.router.add_post("/api/v1/checkout", start)
    app.router.add_post("/api/v1/orders", order)
    app.router.add_post("/webhooks/sandbox", event)
    app.router.add_get("/livez", livez)
    return app


def _total(quantity: int) -> dict[str, Any]:
    return {"amount": PRICE * quantity, "currency": "EUR"}


def _answer(status: int, document: dict[str, Any]) -> web.Response:
    return web.json_response(document, status=status)


def main() -> None:
    """Arguments: port, DSN of an owner, the provider's address, its key."""
    uvloop.install()
    web.run_app(make_app(*sys.argv[2:5]), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


main()

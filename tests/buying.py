"""What the tests of checkout and orders stand on: something for sale, and a checkout made of the real parts."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storefront.cart import service as carts
from storefront.cart.model import Guard
from storefront.checkout import service
from storefront.checkout.context import CheckoutContext
from storefront.checkout.model import Answer, PlaceOrder, Seen
from storefront.checkout.place_order import place_order
from storefront.inventory.gate import StockGate
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, StatementCount
from storefront.platform.money import Money
from storefront.pricing import gift_card_editing
from storefront.pricing import service as pricing
from storefront.pricing.gift_card_editing import NewCard
from storefront.pricing.model import Address, PricedCart

ADDRESS = Address(name="Ada Byron", line1="1 Ridge Way", city="Berlin", postal_code="10115", country="DE")


class MovableClock:
    """A clock that tests push forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **how_far: float) -> None:
        self.ahead += timedelta(**how_far)


async def offer(
    owner: asyncpg.Connection, *, amount: int = 1500, on_hand: int = 10, requires_delivery: bool = True, weight_grams: int = 250
) -> int:
    """A published product with one variant; returns the variant's id."""
    sku = f"T-{uuid.uuid4().hex[:10]}"
    product_id = await owner.fetchval(
        "INSERT INTO product (slug, title, status, published_at) VALUES ($1, $2, 'active', now() - interval '1 day') RETURNING id",
        sku.lower(),
        f"Thing {sku}",
    )
    variant_id: int = await owner.fetchval(
        "INSERT INTO variant (product_id, sku, weight_grams, requires_delivery) VALUES ($1, $2, $3, $4) RETURNING id",
        product_id,
        sku,
        weight_grams,
        requires_delivery,
    )
    await owner.execute("INSERT INTO variant_price (variant_id, currency, amount) VALUES ($1, 'EUR', $2)", variant_id, amount)
    await owner.execute(
        "INSERT INTO stock (variant_id, location_id, on_hand) SELECT $1, id, $2 FROM stock_location WHERE code = 'main'",
        variant_id,
        on_hand,
    )
    return variant_id


async def open_for_delivery(owner: asyncpg.Connection) -> int:
    """A zone with one flat option of 4.90 EUR; returns the option's id."""
    zone_id = await owner.fetchval(
        "INSERT INTO delivery_zone (name, countries) VALUES ('Here', '{DE}') ON CONFLICT (name) DO UPDATE SET name = 'Here' RETURNING id"
    )
    option_id: int = await owner.fetchval(
        "INSERT INTO fulfillment_option (zone_id, code, name, kind, currency, amount) VALUES ($1, 'post', 'Post', 'flat', 'EUR', 490) "
        "ON CONFLICT (zone_id, code, currency) DO UPDATE SET amount = 490 RETURNING id",
        zone_id,
    )
    await owner.execute(
        "INSERT INTO tax_rate (country, name, rate_ppm) VALUES ('DE', 'VAT', 190000) ON CONFLICT (country, region, tax_code) DO NOTHING"
    )
    return option_id


async def gift_card(shop: CheckoutContext, amount: int) -> str:
    """A card in EUR, as an operator issues it; returns its code."""
    card = NewCard(uuid.uuid4().hex, amount, "EUR")

    async def work(conn: Connection) -> str:
        _, code = await gift_card_editing.issue(conn, shop.jobs, shop.settings, card, actor="operator@shop.example", now=shop.clock())
        return code

    return await shop.database.transaction(work)


# What asyncpg asks a connection that meets a type for the first time.
OF_THE_DRIVER = ("WITH RECURSIVE typeinfo_tree", "SELECT current_setting('jit')")


def of_the_shop(count: StatementCount) -> list[str]:
    """The statements that were counted, but for those of the driver itself."""
    return [text for text in count.statements if not " ".join(text.split()).startswith(OF_THE_DRIVER)]


async def stock_of(owner: asyncpg.Connection, variant_id: int) -> tuple[int, int]:
    """(on hand, reserved)."""
    row = await owner.fetchrow(
        "SELECT sum(on_hand)::int AS on_hand, sum(reserved)::int AS reserved FROM stock WHERE variant_id = $1", variant_id
    )
    return row["on_hand"], row["reserved"]


async def violations(owner: asyncpg.Connection) -> list[Any]:
    """What the auditor would say."""
    from storefront.platform.sql import load

    queries = load("audit")
    found = []
    for name in queries.available_queries:
        if not name.endswith("_cursor"):
            found += [(name, row["what"], row["detail"]) for row in await owner.fetch(getattr(queries, name).sql)]
    return found


async def account(owner: asyncpg.Connection, *, email: str = "", name: str = "Ada Byron", group: str = "", confirmed: bool = False) -> UUID:
    """A customer, with an address of their own unless one is given."""
    found: UUID = await owner.fetchval(
        "INSERT INTO customer (email, name, password_hash, customer_group, email_verified_at) "
        "VALUES ($1, $2, '', $3, CASE WHEN $4 THEN now() END) RETURNING id",
        email or f"{uuid.uuid4().hex[:10]}@own.example",
        name,
        group,
        confirmed,
    )
    return found


class Buyer:
    """A guest, or a customer, with a cart that is ready to be ordered. `total` and `to_pay` are what they were shown."""

    def __init__(self, shop: CheckoutContext, cart_id: UUID, total: Money, to_pay: Money, customer_id: UUID | None = None) -> None:
        self.shop = shop
        self.cart_id = cart_id
        self.total = total
        self.to_pay = to_pay
        self.customer_id = customer_id

    async def place(
        self,
        key: str = "",
        *,
        payment_method: str | None = "pm_card_visa",
        total: Money | None = None,
        cart_version: int | msgspec.UnsetType = msgspec.UNSET,
    ) -> Answer:
        request = PlaceOrder(
            cart_id=self.cart_id,
            expected_total=_seen(total or self.total),
            payment_method=payment_method,
            expected_to_pay=None if total else _seen(self.to_pay),
            cart_version=cart_version,
        )
        return await place_order(self.shop, request, key or uuid.uuid4().hex, path="/api/v1/orders", customer_id=self.customer_id)

    async def check_out(self) -> None:
        """Starts checkout: the stock of the cart is held."""
        gate = StockGate(self.shop.database)
        await service.start(self.shop, gate, self.cart_id, Guard(customer_id=self.customer_id))
        await gate.close()

    async def look(self) -> PricedCart:
        """What the cart costs now; the buyer has seen it then."""
        async with self.shop.database.write() as conn:
            cart = await carts.get(conn, self.cart_id, Guard(customer_id=self.customer_id))
            priced = await pricing.price_cart(conn, cart, now=self.shop.clock(), settings=self.shop.settings)
        self.total, self.to_pay = Money(priced.total, priced.currency), Money(priced.to_pay, priced.currency)
        return priced


def _seen(money: Money) -> Seen:
    return Seen(money.amount, money.currency)


async def buyer_of(
    shop: CheckoutContext,
    option_id: int | None,
    *lines: tuple[int, int],
    email: str = "ada@shop.example",
    address: Address = ADDRESS,
    codes: Sequence[str] = (),
    customer_id: UUID | None = None,
) -> Buyer:
    """A buyer whose cart holds (variant, quantity), with contact, address, delivery option and codes."""

    async def work(conn: Connection) -> Buyer:
        cart = await carts.create(conn, currency="EUR", customer_id=customer_id)
        for variant_id, quantity in lines:
            cart = await carts.add_line(conn, cart.id, variant_id, quantity)
        for code in codes:
            cart = await carts.apply_code(conn, cart.id, code, now=shop.clock())
        cart = await carts.set_details(
            conn,
            cart.id,
            cart.version,
            email=email,
            delivery_address=address,
            billing_address=None,
            fulfillment_option_id=option_id,
        )
        priced = await pricing.price_cart(conn, cart, now=shop.clock(), settings=shop.settings)
        return Buyer(shop, cart.id, Money(priced.total, priced.currency), Money(priced.to_pay, priced.currency), customer_id)

    return await shop.database.transaction(work)

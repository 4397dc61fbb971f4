"""The demo shop's promotions: one that runs by itself, and two that a code turns on."""

from collections.abc import Mapping

import msgspec

from storefront.platform.database import Connection
from storefront.platform.sql import load
from storefront.pricing.model import PromotionKind

queries = load("pricing_demo")


class _Offer(msgspec.Struct, frozen=True):
    """`products` are slugs, none for everything; `minimum_subtotal` is minor units of whichever currency the cart is in."""

    name: str
    kind: PromotionKind
    priority: int
    percent_ppm: int | None = None
    buy_quantity: int | None = None
    get_quantity: int | None = None
    products: tuple[str, ...] = ()
    minimum_subtotal: int = 0
    code: str = ""


_OFFERS = (
    _Offer("Three pairs of socks for two", "buy_x_get_y", 10, buy_quantity=2, get_quantity=1, products=("boot-socks", "regatta-socks")),
    _Offer("Welcome: 10 % off", "percentage", 20, percent_ppm=100_000, code="WELCOME10"),
    _Offer("Delivery on the house", "free_delivery", 30, minimum_subtotal=3000, code="FREEPOST"),
)


async def add_promotions(conn: Connection, product_ids: Mapping[str, int]) -> None:
    """Adds the promotions; `product_ids` are the demo shop's products by slug. Each code is for one use by each customer."""
    for offer in _OFFERS:
        promotion_id = await queries.add_promotion(
            conn,
            name=offer.name,
            kind=offer.kind,
            percent_ppm=offer.percent_ppm,
            buy_quantity=offer.buy_quantity,
            get_quantity=offer.get_quantity,
            product_ids=[product_ids[slug] for slug in offer.products],
            minimum_subtotal=offer.minimum_subtotal,
            needs_coupon=bool(offer.code),
            priority=offer.priority,
        )
        if offer.code:
            await queries.add_coupon(conn, code=offer.code, promotion_id=promotion_id, customer_limit=1)

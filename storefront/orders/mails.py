"""Mails about an order: queued with the change they tell of, written when they are sent."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from storefront.orders import invoices, store
from storefront.orders.links import invoice_path, order_url
from storefront.orders.model import Fulfillment, Order
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, Database
from storefront.platform.gathering import Gathering
from storefront.platform.jobs import Jobs
from storefront.platform.money import format_amount
from storefront.pricing.addresses import country_name
from storefront.pricing.model import Address
from storefront.settings import Settings

OrderMail = Literal[
    "order_confirmation",
    "order_cancelled",
    "order_fulfilled",
    "refund",
    "return_requested",
    "return_approved",
    "return_refused",
    "return_received",
    "exchange_ready",
]
JOB = "order_mail"


async def enqueue(
    conn: Connection,
    jobs: Jobs,
    kind: OrderMail,
    order_id: UUID,
    *,
    amount: int | None = None,
    return_id: UUID | None = None,
    fulfillment_id: UUID | None = None,
) -> None:
    """Queues a mail in the caller's transaction; `amount` is what is given back, in minor units, `return_id` what a return's mail is of,
    `fulfillment_id` what was sent.
    """
    about = {name: str(found) for name, found in (("return_id", return_id), ("fulfillment_id", fulfillment_id)) if found is not None}
    await jobs.enqueue(conn, JOB, {"mail": kind, "order_id": str(order_id), "amount": amount} | about)


def confirmation(order_id: UUID) -> tuple[str, dict[str, Any]]:
    """(kind, payload) of the job that confirms an order, for the statement that makes it paid."""
    return JOB, {"mail": "order_confirmation", "order_id": str(order_id), "amount": None}


class Composer:
    """Writes what `Mailer.deliver` needs for a job's mail, of the order as it is then. Mails that are due together read their orders so.

    A paid order has its invoice by then: who is told of the payment can read it.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._order = Gathering(self._orders)

    async def compose(self, payload: dict[str, Any]) -> dict[str, Any] | None:
        """None when there is no such order."""
        order = await self._order((UUID(payload["order_id"]), payload["mail"] == "order_confirmation"))
        if order is None:
            return None
        return {"template": payload["mail"], "to": order.email, "context": _context(self._settings, order, payload)}

    async def _orders(self, asked: Sequence[tuple[UUID, bool]]) -> list[Order | None]:
        """Orders by id; those that are confirmed get their invoices first."""
        confirmed = {order_id for order_id, is_confirmed in asked if is_confirmed}
        async with self._database.write() as conn:
            if confirmed:
                await invoices.issue(conn, *confirmed, now=utc_now())
            found = await store.orders_by_id(conn, list({order_id for order_id, _ in asked}))
        return [found.get(order_id) for order_id, _ in asked]


def _context(settings: Settings, order: Order, payload: dict[str, Any]) -> dict[str, Any]:
    def money(amount: int) -> str:
        return format_amount(amount, order.currency)

    sent = _what_was_sent(order, payload)
    address = order.delivery_address
    return {
        "shop_name": settings.shop.name,
        "number": order.number,
        "url": order_url(settings, order.id, order.number),
        "name": address.name if address else "",
        "lines": [
            {
                "title": line.title,
                "options": ", ".join(value for _, value in line.options),
                "quantity": line.quantity,
                "total": money(line.total),
            }
            for line in order.lines
        ],
        "subtotal": money(order.subtotal),
        "discount": money(order.discount) if order.discount else "",
        "delivery": money(order.delivery),
        "delivery_name": (order.fulfillment_option or {}).get("name", ""),
        "tax": money(order.tax),
        "prices_include_tax": order.prices_include_tax,
        "total": money(order.total),
        "gift_card_amount": money(order.gift_card_amount) if order.gift_card_amount else "",
        "address": _label(address) if address else [],
        "country": country_name(address.country) if address else "",
        "amount": money(payload["amount"]) if payload.get("amount") else "",
        "tracking_number": (sent.tracking_number if sent else None) or "",
        "tracking_url": (sent.tracking_url if sent else None) or "",
        "carrier": (sent.carrier if sent else None) or "",
        "invoice_number": order.invoice.name if order.invoice else "",
        "invoice_url": settings.server.public_url + invoice_path(settings, order.id, order.number),
    } | _about_return(order, payload)


def _what_was_sent(order: Order, payload: dict[str, Any]) -> Fulfillment | None:
    """Of several that were sent meanwhile, the one that the mail tells of."""
    meant = (part for part in order.fulfillments if str(part.id) == payload.get("fulfillment_id"))
    return next(meant, order.fulfillments[-1] if order.fulfillments else None)


def _about_return(order: Order, payload: dict[str, Any]) -> dict[str, Any]:
    """What the mails of a return say of it; `returned` are its lines, as far as they have come."""
    found = next((known for known in order.returns if str(known.id) == payload.get("return_id")), None)
    if found is None:
        return {}
    by_id = {line.id: line for line in order.lines}
    arrived = found.state not in ("requested", "approved", "refused", "withdrawn")
    return {
        "answer": found.answer,
        "exchange": found.resolution == "exchange",
        "credit": format_amount(found.amount, order.currency),
        "returned": [
            {
                "title": by_id[line.order_line_id].title,
                "options": ", ".join(value for _, value in by_id[line.order_line_id].options),
                "quantity": line.received if arrived else line.quantity,
            }
            for line in found.lines
            if not arrived or line.received
        ],
    }


def _label(address: Address) -> list[str]:
    """The address as lines of a label, without the country."""
    town = " ".join(part for part in (address.postal_code, address.city, address.region) if part)
    return [part for part in (address.name, address.company, address.line1, address.line2, town) if part]

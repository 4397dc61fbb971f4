"""Orders for JSON clients: read one by its key or as its owner, list one's own."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from storefront.accounts import service as accounts
from storefront.orders import invoices, service
from storefront.orders.links import key_opens, order_url
from storefront.orders.model import Order, OrderStatus, OrderSummary, OrderView
from storefront.orders.web import pdf_response
from storefront.platform.clock import CLOCK
from storefront.platform.database import DATABASE
from storefront.platform.errors import InvalidInput, NotFound
from storefront.platform.http import json_response
from storefront.platform.money import Money
from storefront.platform.openapi import operation, read_query
from storefront.platform.sessions import current_customer_id, require_customer_id
from storefront.settings import SETTINGS, Settings

routes = web.RouteTableDef()


class OrderQuery(msgspec.Struct, frozen=True):
    """`key` is the one that came with the order; a signed-in owner needs none."""

    key: Annotated[str, Meta(max_length=100)] = ""


class OrderListQuery(msgspec.Struct, frozen=True):
    cursor: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,200}$", description="`next_cursor` of the answer before.")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class OrderListItem(msgspec.Struct, frozen=True):
    id: UUID
    number: str
    status: OrderStatus
    total: Money
    item_count: int
    placed_at: datetime
    url: str


class OrderList(msgspec.Struct, frozen=True):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[OrderListItem]
    next_cursor: str | None


def _item(settings: Settings, order: OrderSummary) -> OrderListItem:
    return OrderListItem(
        id=order.id,
        number=order.number,
        status=order.status,
        total=Money(order.total, order.currency),
        item_count=order.item_count,
        placed_at=order.placed_at,
        url=order_url(settings, order.id, order.number),
    )


async def order_for(request: web.Request) -> Order:
    """The order of the path, for who holds its key or owns it. Raises NotFound for everybody else."""
    try:
        order_id = UUID(request.match_info["order_id"])
    except ValueError as error:
        raise NotFound(service.NO_SUCH_ORDER) from error
    given: OrderQuery = read_query(request, OrderQuery)
    opened = bool(given.key) and key_opens(request.app[SETTINGS], order_id, given.key)
    customer_id = None if opened else await current_customer_id(request)
    if not opened and customer_id is None:
        raise NotFound(service.NO_SUCH_ORDER)  # at no cost
    async with request.app[DATABASE].write() as conn:
        order = await service.order_by_id(conn, order_id)
        if opened or (customer_id is not None and await service.is_theirs(conn, order, customer_id)):
            return order
    raise NotFound(service.NO_SUCH_ORDER)


@routes.get("/api/v1/orders")
@operation(
    summary="Own orders",
    tag="Orders",
    query=OrderListQuery,
    response=OrderList,
    links={"read_order": {"order_id": "/items/0/id"}},
    session="required",
)
async def list_orders(request: web.Request) -> web.Response:
    """Newest first. Guest orders with the same e-mail address are among them once the address is confirmed."""
    customer_id = await require_customer_id(request)
    asked: OrderListQuery = read_query(request, OrderListQuery)
    if asked.cursor and service.read_cursor(asked.cursor) is None:
        raise InvalidInput.of("cursor", "Send the next_cursor of the answer before, as it was.")
    async with request.app[DATABASE].write() as conn:
        customer = await accounts.customer(conn, customer_id)
        verified_email = customer.email if customer.verified else None
        found, following = await service.history(conn, customer_id, verified_email, after=asked.cursor, most=asked.limit)
    return json_response(OrderList([_item(request.app[SETTINGS], order) for order in found], following))


@routes.get("/api/v1/orders/{order_id}")
@operation(
    summary="Read an order",
    tag="Orders",
    query=OrderQuery,
    response=OrderView,
    errors=(NotFound,),
    session="optional",
    path_types={"order_id": UUID},
)
async def read_order(request: web.Request) -> web.Response:
    order = await order_for(request)
    return json_response(service.order_view(request.app[SETTINGS], order))


@routes.get("/api/v1/orders/{order_id}/invoice.pdf")
@operation(
    summary="Read an order's invoice",
    tag="Orders",
    query=OrderQuery,
    media_type="application/pdf",
    errors=(NotFound,),
    session="optional",
    path_types={"order_id": UUID},
)
async def read_invoice(request: web.Request) -> web.Response:
    """The invoice as PDF, for who may read the order. There is none before the order is paid."""
    order = await order_for(request)
    return pdf_response(*await invoices.invoice_pdf(request.app[DATABASE], request.app[SETTINGS], order.id, now=request.app[CLOCK]()))


@routes.get("/api/v1/orders/{order_id}/credit-notes/{name}.pdf")
@operation(
    summary="Read a credit note",
    tag="Orders",
    query=OrderQuery,
    media_type="application/pdf",
    errors=(NotFound,),
    session="optional",
    path_types={"order_id": UUID},
)
async def read_credit_note(request: web.Request) -> web.Response:
    """A credit note as PDF, by the `number` that `credit_notes` of the order has."""
    order = await order_for(request)
    return pdf_response(*await invoices.credit_note_pdf(request.app[SETTINGS], order, request.match_info["name"]))

"""Invoices and credit notes: numbers without gaps, each in its series, and the papers as PDF.

A number is taken in the transaction that writes what it belongs to, from a row that is locked until then; who comes second waits, and who
fails takes none. An order's invoice is issued by the job that confirms the order, not by the payment itself, so that orders are never paid
one after another; it is issued at once when somebody asks for it before. Papers are rendered when they are asked for, from rows that
nobody may change.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from storefront.orders import store
from storefront.orders.model import CreditLine, CreditNote, Order
from storefront.orders.papers import Paper, credit_note_paper, invoice_paper
from storefront.platform.database import Connection, Database
from storefront.platform.errors import NotFound
from storefront.settings import Settings

LOOK_BACK = timedelta(days=7)  # of the sweep for orders whose confirmation never came to issue the invoice
AT_ONCE = 200  # invoices that the sweep issues in one round

_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pdf")


async def issue(conn: Connection, *order_ids: UUID, now: datetime) -> None:
    """The invoices of orders that are paid, in one statement; one that has its invoice, or is not paid, stays as it is."""
    await store.issue_invoices(conn, order_ids, f"INV-{now.year}", now=now)


async def credit(
    conn: Connection,
    order_id: UUID,
    source: UUID,
    *,
    amount: int,
    lines: Sequence[CreditLine] = (),
    delivery_amount: int = 0,
    now: datetime,
) -> None:
    """A credit note for what was just decided to be given back, in the transaction of that decision; once for each `source`.

    What an earlier credit note says already (its refund failed, and is made once more) is not said twice.
    """
    await issue(conn, order_id, now=now)
    await store.issue_credit_note(
        conn, order_id, f"CN-{now.year}", source, amount=amount, lines=lines, delivery_amount=delivery_amount, now=now
    )


async def issue_missing(database: Database, *, now: datetime) -> int:
    """Issues what is missing, in the order of payment; returns how many orders lacked theirs."""
    async with database.write() as conn:
        missing = await store.paid_without_invoice(conn, now - LOOK_BACK, AT_ONCE)
    for order_id in missing:  # one by one, so that an order that somebody holds keeps no other waiting for good
        await database.transaction(partial(_issue_one, order_id=order_id, now=now))
    return len(missing)


async def _issue_one(conn: Connection, *, order_id: UUID, now: datetime) -> None:
    await issue(conn, order_id, now=now)


async def keep_seller(conn: Connection, settings: Settings) -> None:
    """What the settings say of the seller stands on invoices from now on."""
    await store.keep_seller(conn, settings.shop.name, settings.shop.seller_address.strip())


async def invoice_pdf(database: Database, settings: Settings, order_id: UUID, *, now: datetime) -> tuple[str, bytes]:
    """(number, PDF) of the order's invoice, issued now if it has none yet. Raises NotFound while the order is not paid."""

    async def work(conn: Connection) -> Order | None:
        order = await store.order_by_id(conn, order_id)
        if order is not None and order.invoice is None and order.paid_at is not None:
            await issue(conn, order_id, now=now)
            order = await store.order_by_id(conn, order_id)
        return order

    order = await database.transaction(work)
    if order is None or order.invoice is None:
        raise NotFound("There is no invoice for this order before it is paid.")
    paper = invoice_paper(settings, order, order.invoice)
    return order.invoice.name, await _rendered(paper)


async def credit_note_pdf(settings: Settings, order: Order, name: str) -> tuple[str, bytes]:
    """(number, PDF) of one of the order's credit notes. Raises NotFound."""
    note = _credit_note(order, name)
    assert order.invoice is not None
    return note.name, await _rendered(credit_note_paper(settings, order, order.invoice, note))


def _credit_note(order: Order, name: str) -> CreditNote:
    for note in order.credit_notes:
        if note.name == name:
            return note
    raise NotFound("There is no such credit note.")


async def _rendered(paper: Paper) -> bytes:
    """Rendering takes some ten milliseconds of pure Python: it has a thread of its own, one at a time, and pages go on."""
    from storefront.orders import pdf  # loaded when the first paper is asked for: most processes never need it at their start

    return await asyncio.get_running_loop().run_in_executor(_executor, pdf.render, paper)

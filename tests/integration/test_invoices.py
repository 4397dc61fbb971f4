"""Invoices and credit notes: one for each order and each refund, numbers without gaps, the same paper for ever, for its reader alone."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from storefront.checkout import background
from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale, invoices, papers, pdf, service
from storefront.orders.links import credit_note_path, invoice_path, order_key
from storefront.orders.model import CreditLine, CreditNote, Invoice, Order, OrderLine
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection
from storefront.platform.errors import NotFound
from storefront.platform.mail import Mailer
from storefront.pricing.model import Address
from storefront.settings import Settings
from tests.buying import MovableClock, buyer_of, offer, violations
from tests.forms import Browser
from tests.sandbox import Sandbox

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def variant_id(owner: asyncpg.Connection) -> int:
    return await offer(owner, amount=1500, on_hand=100)


async def bought(shop: CheckoutContext, option_id: int, variant_id: int, quantity: int = 2) -> UUID:
    """The id of a paid order."""
    answer = await (await buyer_of(shop, option_id, (variant_id, quantity))).place()
    assert answer.status == 201, answer.body
    return UUID(answer.document()["id"])


async def order_of(shop: CheckoutContext, order_id: UUID) -> Order:
    async with shop.database.write() as conn:
        return await service.order_by_id(conn, order_id)


async def issue(shop: CheckoutContext, order_id: UUID) -> None:
    await shop.database.transaction(lambda conn: invoices.issue(conn, order_id, now=shop.clock()))


async def numbers(owner: asyncpg.Connection, table: str = "invoice") -> list[int]:
    return [row["number"] for row in await owner.fetch(f"SELECT number FROM {table} ORDER BY number")]


# --- numbers ---------------------------------------------------------------------------------------------------------------------


async def test_a_paid_order_is_confirmed_with_its_invoice(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    background.register(shop, Mailer(shop.settings))
    order_id = await bought(shop, option_id, variant_id)
    await shop.jobs.run_due()
    invoice = (await order_of(shop, order_id)).invoice
    assert invoice is not None
    assert invoice.name == f"INV-{utc_now().year}-{invoice.number:06}"
    assert await violations(owner) == []


async def test_many_at_once_are_numbered_without_gaps_and_each_order_once(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    order_ids = [await bought(shop, option_id, variant_id) for _ in range(6)]
    await asyncio.gather(*(issue(shop, order_id) for order_id in order_ids for _ in range(4)))
    found = [(await order_of(shop, order_id)).invoice for order_id in order_ids]
    assert len({invoice.number for invoice in found if invoice}) == 6
    taken = await numbers(owner)
    assert taken == list(range(1, len(taken) + 1))
    assert await violations(owner) == []


async def test_who_fails_after_taking_a_number_takes_none(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    before = await numbers(owner)
    order_id = await bought(shop, option_id, variant_id)

    async def fails(conn: Connection) -> None:
        await invoices.issue(conn, order_id, now=shop.clock())
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        await shop.database.transaction(fails)
    assert await numbers(owner) == before
    await issue(shop, order_id)
    assert await numbers(owner) == [*before, len(before) + 1]
    assert await violations(owner) == []


async def test_what_is_not_paid_has_no_invoice(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int) -> None:
    answer = await (await buyer_of(shop, option_id, (variant_id, 1))).place(payment_method="pm_card_chargeDeclined")
    assert answer.status == 402
    order_id = await owner.fetchval("SELECT id FROM orders WHERE status = 'pending_payment'")
    await issue(shop, order_id)
    assert (await order_of(shop, order_id)).invoice is None
    with pytest.raises(NotFound):
        await invoices.invoice_pdf(shop.database, shop.settings, order_id, now=shop.clock())


async def test_money_that_is_taken_when_something_is_sent_is_invoiced_then(shop: CheckoutContext, option_id: int, variant_id: int) -> None:
    shop.settings.payments.capture = "fulfillment"
    order_id = await bought(shop, option_id, variant_id)
    await issue(shop, order_id)
    assert (await order_of(shop, order_id)).invoice is None
    await after_sale.capture(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    assert (await order_of(shop, order_id)).invoice is not None


async def test_an_order_whose_confirmation_never_came_is_invoiced_by_the_clock(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    order_id = await bought(shop, option_id, variant_id)
    await owner.execute("UPDATE orders SET paid_at = now() - interval '2 hours' WHERE id = $1", order_id)
    assert [name for name, *_ in await violations(owner)] == ["paid_orders_have_an_invoice"]
    assert await invoices.issue_missing(shop.database, now=shop.clock()) >= 1
    assert (await order_of(shop, order_id)).invoice is not None
    assert await invoices.issue_missing(shop.database, now=shop.clock()) == 0
    assert await violations(owner) == []


async def test_a_year_has_a_series_of_its_own(
    shop: CheckoutContext, clock: MovableClock, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    order_id = await bought(shop, option_id, variant_id)
    clock.forward(days=400)
    await issue(shop, order_id)
    invoice = (await order_of(shop, order_id)).invoice
    assert invoice is not None
    assert invoice.name == f"INV-{shop.clock().year}-000001"
    assert await violations(owner) == []


async def test_invoices_are_never_rewritten(shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int) -> None:
    order_id = await bought(shop, option_id, variant_id)
    await after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator")
    for statement in ("UPDATE invoice SET number = 99", "DELETE FROM credit_note", "UPDATE invoice_seller SET name = 'x'"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(statement)
        async with shop.database.write() as conn:
            with pytest.raises(asyncpg.PostgresError):
                await conn.execute(statement)


# --- credit notes ----------------------------------------------------------------------------------------------------------------


async def test_each_refund_has_its_credit_note_and_they_have_no_gaps(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    order_ids = [await bought(shop, option_id, variant_id) for _ in range(3)]

    async def refund(order_id: UUID, key: str) -> None:
        await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=500, key=key, actor="operator")

    await asyncio.gather(*(refund(order_id, key) for order_id in order_ids for key in "aab"))
    for order_id in order_ids:
        assert [note.amount for note in (await order_of(shop, order_id)).credit_notes] == [500, 500]
    taken = await numbers(owner, "credit_note")
    assert taken == list(range(1, len(taken) + 1))
    assert await violations(owner) == []


async def test_a_cancelled_order_is_credited_whole(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    order_id = await bought(shop, option_id, variant_id)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=500, key="part", actor="operator")
    await asyncio.gather(*(after_sale.cancel(shop.database, shop.payments, shop.jobs, order_id, actor="operator") for _ in range(3)))
    order = await order_of(shop, order_id)
    assert [note.amount for note in order.credit_notes] == [500, 2990]
    assert order.invoice is not None
    assert await violations(owner) == []


async def test_a_refund_that_failed_and_is_made_again_is_credited_once(
    shop: CheckoutContext, owner: asyncpg.Connection, sandbox: Sandbox, option_id: int, variant_id: int
) -> None:
    order_id = await bought(shop, option_id, variant_id)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=1000, key="first", actor="operator")
    attempt = uuid.UUID(str(await owner.fetchval("SELECT id FROM payment_attempt WHERE order_id = $1 AND kind = 'refund'", order_id)))
    # The bank sends it back days later.
    await owner.execute("UPDATE payment_attempt SET state = 'declined' WHERE id = $1", attempt)
    await owner.execute("UPDATE orders SET refunded = 0 WHERE id = $1", order_id)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=1000, key="again", actor="operator")
    order = await order_of(shop, order_id)
    assert (order.refunded, [note.amount for note in order.credit_notes]) == (1000, [1000])
    assert await violations(owner) == []


# --- the paper -------------------------------------------------------------------------------------------------------------------


def an_order(**changes: Any) -> Order:
    """An order of two lines at two rates, with delivery, as its snapshot has it."""
    lines = (
        OrderLine(1, 1, 11, 1, "MUG-1", "Mug", (("Size", "Large"),), None, "mug", 2, 1500, 3000, 300, 431, 190000, 2700),
        OrderLine(2, 2, 12, 2, "BOOK-1", "Bücher für Žofia", (), None, "book", 1, 1070, 1070, 0, 70, 70000, 1070),
    )
    order = Order(
        id=UUID(int=7),
        number="SF-1001",
        customer_id=None,
        email="ada@shop.example",
        status="paid",
        currency="EUR",
        subtotal=4070,
        discount=300,
        delivery=490,
        tax=431 + 70 + 78,
        total=4260,
        prices_include_tax=True,
        gift_card_amount=1000,
        captured=3260,
        refunded=0,
        delivery_address=Address(name="Ada Byron", line1="1 Ridge Way", city="Berlin", postal_code="10115", country="DE"),
        billing_address=None,
        fulfillment_option={"name": "Post"},
        coupon_codes=("TEN",),
        placed_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        paid_at=datetime(2026, 1, 31, 12, tzinfo=UTC),
        cart_id=UUID(int=8),
        cart_version=1,
        expires_at=datetime(2026, 2, 1, tzinfo=UTC),
        lines=lines,
    )
    return msgspec.structs.replace(order, **changes)


INVOICE = Invoice("INV-2026", 1, datetime(2026, 1, 31, 12, tzinfo=UTC))


def test_an_invoice_says_what_was_bought_at_which_rates() -> None:
    paper = papers.invoice_paper(Settings(), an_order(), INVOICE)
    assert paper.number == "INV-2026-000001"
    assert dict(paper.totals)["Total"] == "€42.60"
    assert dict(paper.totals)["Discount (TEN)"] == "-€3.00"
    assert paper.taxes == (("19 %", "€26.81", "€5.09", "€31.90"), ("7 %", "€10.00", "€0.70", "€10.70"))
    assert paper.buyer == ("Ada Byron", "1 Ridge Way", "10115 Berlin", "Germany", "ada@shop.example")


def test_a_credit_note_of_returned_units_names_them() -> None:
    note = CreditNote("CN-2026", 1, INVOICE.issued_at, None, amount=1840, lines=(CreditLine(1, 1, 1350, 216),), delivery_amount=490)
    paper = papers.credit_note_paper(Settings(), an_order(), INVOICE, note)
    assert [(line.title, line.quantity, line.amount) for line in paper.lines] == [("Mug", "1", "€13.50"), ("Delivery", "", "€4.90")]
    assert paper.taxes == (("19 %", "€15.46", "€2.94", "€18.40"),)
    assert ("For invoice", "INV-2026-000001 of 2026-01-31") in paper.facts


@given(amount=st.integers(1, 4260))
def test_a_credit_note_of_no_line_takes_its_share_of_every_rate(amount: int) -> None:
    note = CreditNote("CN-2026", 1, INVOICE.issued_at, None, amount=amount)
    parts = papers._shares(an_order(), amount)
    assert sum(part.gross for part in parts) == amount
    assert all(0 <= part.tax <= part.gross for part in parts)
    assert papers.credit_note_paper(Settings(), an_order(), INVOICE, note).totals[0][1].startswith("€")


def test_the_same_paper_is_the_same_bytes() -> None:
    paper = papers.invoice_paper(Settings(), an_order(), INVOICE)
    first = pdf.render(paper)
    assert first == pdf.render(papers.invoice_paper(Settings(), an_order(), INVOICE))
    assert first.startswith(b"%PDF-")
    assert first.count(b"/Type /Page\n") == 1
    assert b"DejaVuSans" in first


def test_a_long_invoice_goes_on_on_further_pages() -> None:
    line = an_order().lines[0]
    many = tuple(msgspec.structs.replace(line, id=number, title=f"{number} " + "long " * 40 + "W" * 200) for number in range(60))
    document = pdf.render(papers.invoice_paper(Settings(), an_order(lines=many), INVOICE))
    assert document.count(b"/Type /Page\n") > 5


def test_other_letters_than_latin_are_printed() -> None:
    assert pdf.printable("Žofia Nguyễn Văn Tố Ελλάδα Кириллица € “ß”") == "Žofia Nguyễn Văn Tố Ελλάδα Кириллица € “ß”"
    assert pdf.printable("東京") == "Dong Jing"
    assert pdf.printable("שלום").isascii()
    assert pdf.printable("a\u0301 \x00\x07 🦆") == "á"


@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(max_size=300))
def test_nothing_that_somebody_is_called_breaks_the_paper(text: str) -> None:
    order = an_order()
    assert order.delivery_address is not None
    address = msgspec.structs.replace(order.delivery_address, name=text, line1=text)
    line = msgspec.structs.replace(order.lines[0], title=text, options=((text, text),))
    paper = papers.invoice_paper(Settings(), an_order(delivery_address=address, lines=(line,)), INVOICE)
    assert pdf.render(paper).endswith(b"%%EOF\n")


async def test_who_sells_is_printed_as_it_was_then(
    shop: CheckoutContext, owner: asyncpg.Connection, option_id: int, variant_id: int
) -> None:
    async with shop.database.write() as conn:
        shop.settings.shop.name, shop.settings.shop.seller_address = "Old Name", "1 Quay\nVAT 123"
        for _ in range(2):
            await invoices.keep_seller(conn, shop.settings)
    order_id = await bought(shop, option_id, variant_id)
    number, first = await invoices.invoice_pdf(shop.database, shop.settings, order_id, now=shop.clock())
    async with shop.database.write() as conn:
        shop.settings.shop.name = "New Name"
        await invoices.keep_seller(conn, shop.settings)
    assert await invoices.invoice_pdf(shop.database, shop.settings, order_id, now=shop.clock()) == (number, first)
    invoice = (await order_of(shop, order_id)).invoice
    assert invoice is not None
    assert papers.invoice_paper(shop.settings, await order_of(shop, order_id), invoice).seller == ("Old Name", "1 Quay", "VAT 123")
    assert await owner.fetchval("SELECT count(*) FROM invoice_seller WHERE name LIKE '% Name'") == 2


async def test_pages_go_on_while_a_paper_is_rendered(shop: CheckoutContext, option_id: int, variant_id: int) -> None:
    order_id = await bought(shop, option_id, variant_id)
    papers_ = await asyncio.gather(
        *(invoices.invoice_pdf(shop.database, shop.settings, order_id, now=shop.clock() + timedelta(days=day)) for day in range(4))
    )
    assert len(set(papers_)) == 1, "asked for at once, there is one invoice, and one paper"


# --- who may read it -------------------------------------------------------------------------------------------------------------


async def test_a_paper_is_for_who_may_read_the_order_and_kept_by_nobody(
    shop: CheckoutContext, client: Client, settings: Settings, option_id: int, variant_id: int
) -> None:
    order_id = await bought(shop, option_id, variant_id)
    await after_sale.refund(shop.database, shop.payments, shop.jobs, order_id, amount=500, key="some", actor="operator")
    order = await order_of(shop, order_id)
    key, (note,) = order_key(settings, order_id), order.credit_notes
    paths = (
        invoice_path(settings, order_id, order.number),
        credit_note_path(settings, order_id, order.number, note.name),
        f"/api/v1/orders/{order_id}/invoice.pdf?key={key}",
        f"/api/v1/orders/{order_id}/credit-notes/{note.name}.pdf?key={key}",
    )
    for path in paths:
        async with client.get(path) as answer:
            assert (answer.status, answer.content_type) == (200, "application/pdf"), path
            assert answer.headers["Cache-Control"] == "private, no-store"
            assert (await answer.read()).startswith(b"%PDF-")
        for wrong in (path.partition("?")[0], path.replace(key, "x" * 32)):
            async with client.get(wrong) as answer:
                assert answer.status == 404, wrong
    other = await order_of(shop, await bought(shop, option_id, variant_id))
    async with client.get(credit_note_path(settings, other.id, other.number, note.name)) as answer:
        assert answer.status == 404


async def test_the_order_page_and_the_back_office_lead_to_the_invoice(
    shop: CheckoutContext, client: Client, settings: Settings, option_id: int, variant_id: int
) -> None:
    order = await order_of(shop, await bought(shop, option_id, variant_id))
    browser = Browser(client)
    page = await browser.open(f"/orders/{order.number}?key={order_key(settings, order.id)}&placed=1")
    assert invoice_path(settings, order.id, order.number) in page.replace("&amp;", "&")
    path = f"/admin/orders/{order.number}/invoice.pdf"
    async with client.get(path, allow_redirects=False) as answer:
        assert answer.status == 303
    sign_in = {"email": settings.shop.operator_email, "password": settings.shop.operator_password}
    await browser.follow("/admin/sign-in", sign_in)
    assert path in await browser.open(f"/admin/orders/{order.number}")
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")

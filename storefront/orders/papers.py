"""What stands on an invoice or a credit note, computed from the order's snapshot alone: the same order is the same paper, for ever."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storefront.orders.model import CreditNote, Invoice, Order, OrderLine, Seller
from storefront.platform.money import format_amount
from storefront.pricing.addresses import country_name
from storefront.pricing.model import Address
from storefront.pricing.rounding import half_up, spread, tax_on_top, tax_within
from storefront.settings import Settings


class PaperLine(msgspec.Struct, frozen=True):
    """A row of the table; amounts are ready to be read."""

    title: str
    detail: str
    quantity: str
    unit: str
    tax_rate: str
    amount: str


class Paper(msgspec.Struct, frozen=True):
    """An invoice or a credit note as text. `totals` are (label, amount); the one at `strong` is what it comes to."""

    kind: str
    number: str
    issued_at: datetime
    seller: tuple[str, ...]
    buyer: tuple[str, ...]
    delivered_to: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    lines: tuple[PaperLine, ...]
    totals: tuple[tuple[str, str], ...]
    strong: int
    taxes: tuple[tuple[str, str, str, str], ...]  # rate, net, tax, gross
    notes: tuple[str, ...]


class _Part(msgspec.Struct, frozen=True):
    """Some money that was taxed at one rate; `gross` has the tax in it."""

    ppm: int
    gross: int
    tax: int


def invoice_paper(settings: Settings, order: Order, invoice: Invoice) -> Paper:
    """The order's invoice."""
    billed = order.billing_address or order.delivery_address
    totals = [("Subtotal", order.subtotal)]
    if order.discount:
        totals.append((f"Discount ({', '.join(order.coupon_codes)})" if order.coupon_codes else "Discount", -order.discount))
    if order.delivery_address is not None or order.delivery:
        totals.append((_delivery_label(order), order.delivery))
    if not order.prices_include_tax:
        totals.append(("Tax", order.tax))
    totals.append(("Total", order.total))
    strong = len(totals) - 1
    if order.gift_card_amount:
        totals.append(("Paid by gift card", -order.gift_card_amount))
    return Paper(
        kind="Invoice",
        number=invoice.name,
        issued_at=invoice.issued_at,
        seller=_seller(settings, invoice),
        buyer=_buyer(billed, order.email),
        delivered_to=_label(order.delivery_address) if order.billing_address and order.delivery_address else (),
        facts=_facts(order),
        lines=tuple(_sold(line, order.currency) for line in order.lines),
        totals=tuple((label, format_amount(amount, order.currency)) for label, amount in totals),
        strong=strong,
        taxes=_tax_table(_parts_of_order(order), order.currency),
        notes=("Prices include tax." if order.prices_include_tax else "Prices do not include tax.", "This invoice has been paid."),
    )


def credit_note_paper(settings: Settings, order: Order, invoice: Invoice, note: CreditNote) -> Paper:
    """A credit note of the order. Of no line in particular, it takes its share of every tax rate of the order."""
    by_id = {line.id: line for line in order.lines}
    rows = [_credited(by_id[credited.order_line_id], credited.quantity, credited.amount, order.currency) for credited in note.lines]
    parts = [_Part(by_id[credited.order_line_id].tax_ppm, credited.amount, credited.tax) for credited in note.lines]
    if note.delivery_amount:
        rows.append(_plain("Delivery", note.delivery_amount, order.currency))
        tax = half_up(order.delivery_tax * note.delivery_amount, order.delivery_paid)
        parts.append(_Part(_delivery_rate(order), note.delivery_amount, tax))
    if sum(part.gross for part in parts) != note.amount:
        rest = note.amount - sum(part.gross for part in parts)
        rows.append(_plain("Given back" if rest > 0 else "Given back before", rest, order.currency))
        parts = _shares(order, note.amount)
    return Paper(
        kind="Credit note",
        number=note.name,
        issued_at=note.issued_at,
        seller=_seller(settings, note),
        buyer=_buyer(order.billing_address or order.delivery_address, order.email),
        delivered_to=(),
        facts=(("For invoice", f"{invoice.name} of {invoice.issued_at:%Y-%m-%d}"), *_facts(order)),
        lines=tuple(rows),
        totals=(("Total credited", format_amount(note.amount, order.currency)),),
        strong=0,
        taxes=_tax_table(parts, order.currency),
        notes=("Amounts include tax.",),
    )


# --- who -------------------------------------------------------------------------------------------------------------------------


def _seller(settings: Settings, invoice: Invoice) -> tuple[str, ...]:
    seller = invoice.seller or Seller(settings.shop.name)
    return (seller.name, *(line.strip() for line in seller.address.splitlines() if line.strip()))


def _buyer(address: Address | None, email: str) -> tuple[str, ...]:
    return (*_label(address), email) if address is not None else (email,)


def _label(address: Address | None) -> tuple[str, ...]:
    if address is None:
        return ()
    town = " ".join(part for part in (address.postal_code, address.city, address.region) if part)
    country = country_name(address.country)
    return tuple(part for part in (address.name, address.company, address.line1, address.line2, town, country) if part)


def _facts(order: Order) -> tuple[tuple[str, str], ...]:
    facts = [("Order", order.number), ("Ordered", f"{order.placed_at:%Y-%m-%d}")]
    if order.paid_at is not None:
        facts.append(("Paid", f"{order.paid_at:%Y-%m-%d}"))
    return tuple(facts)


# --- what ------------------------------------------------------------------------------------------------------------------------


def _sold(line: OrderLine, currency: str) -> PaperLine:
    return PaperLine(
        title=line.title,
        detail=_detail(line),
        quantity=str(line.quantity),
        unit=format_amount(line.unit_amount, currency),
        tax_rate=_rate(line.tax_ppm),
        amount=format_amount(line.subtotal, currency),
    )


def _credited(line: OrderLine, quantity: int, amount: int, currency: str) -> PaperLine:
    return PaperLine(line.title, _detail(line), str(quantity), "", _rate(line.tax_ppm), format_amount(amount, currency))


def _plain(title: str, amount: int, currency: str) -> PaperLine:
    return PaperLine(title, "", "", "", "", format_amount(amount, currency))


def _detail(line: OrderLine) -> str:
    return ", ".join([line.sku, *(f"{name}: {value}" for name, value in line.options)])


def _delivery_label(order: Order) -> str:
    name = (order.fulfillment_option or {}).get("name", "")
    return f"Delivery ({name})" if name else "Delivery"


# --- tax -------------------------------------------------------------------------------------------------------------------------


def _parts_of_order(order: Order) -> list[_Part]:
    parts = [_Part(line.tax_ppm, line.total, line.tax) for line in order.lines]
    if order.delivery_paid:
        parts.append(_Part(_delivery_rate(order), order.delivery_paid, order.delivery_tax))
    return parts


def _delivery_rate(order: Order) -> int:
    """The rate of delivery, which the snapshot keeps as an amount: the line's rate that comes to it, else the nearest whole per mille."""
    if order.delivery_tax == 0:
        return 0
    for ppm in sorted({line.tax_ppm for line in order.lines}, reverse=True):
        expected = tax_within(order.delivery, ppm) if order.prices_include_tax else tax_on_top(order.delivery, ppm)
        if expected == order.delivery_tax:
            return ppm
    return half_up(order.delivery_tax * 1000, order.delivery_paid - order.delivery_tax) * 1000


def _shares(order: Order, amount: int) -> list[_Part]:
    """`amount` over what the order came to, by rate, so that the parts sum to it."""
    whole = _by_rate(_parts_of_order(order))
    amounts = spread(amount, [part.gross for part in whole])
    return [_Part(part.ppm, given, half_up(part.tax * given, part.gross)) for part, given in zip(whole, amounts, strict=True) if part.gross]


def _by_rate(parts: Sequence[_Part]) -> list[_Part]:
    found: dict[int, tuple[int, int]] = {}
    for part in parts:
        gross, tax = found.get(part.ppm, (0, 0))
        found[part.ppm] = gross + part.gross, tax + part.tax
    return [_Part(ppm, gross, tax) for ppm, (gross, tax) in sorted(found.items(), reverse=True)]


def _tax_table(parts: Sequence[_Part], currency: str) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (
            _rate(part.ppm),
            format_amount(part.gross - part.tax, currency),
            format_amount(part.tax, currency),
            format_amount(part.gross, currency),
        )
        for part in _by_rate(parts)
    )


def _rate(ppm: int) -> str:
    """190000 → 19 %; 55000 → 5.5 %."""
    return f"{ppm / 10_000:g} %"

"""The promotion form: its fields as text, read into a draft and filled in from one. What was read and shown again is the same promotion."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args

from storefront.catalog import editing as catalog
from storefront.platform.database import Connection
from storefront.platform.errors import FieldError, InvalidInput
from storefront.platform.money import to_major, to_minor
from storefront.pricing import editing
from storefront.pricing.editing import PromotionDraft
from storefront.pricing.model import PromotionKind

PER_CENT = 10_000  # parts per million
SCOPES: tuple[tuple[catalog.Named, str], ...] = (
    ("products", "product_ids"),
    ("categories", "category_ids"),
    ("collections", "collection_ids"),
)
_GONE = re.compile(r"#(\d{1,18})")  # how something that is no longer in the catalog is shown


class _Reader:
    """Reads fields one by one and goes on after a wrong one, so that all that is wrong is said at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.errors: list[FieldError] = []

    def text(self, field: str) -> str:
        return self._values.get(field, "").strip()

    def wrong(self, field: str, reason: str) -> None:
        self.errors.append(FieldError(field, reason))

    def ticked(self, field: str) -> bool:
        return self.text(field) != ""

    def whole(self, field: str, least: int = 0) -> int | None:
        """None: empty, or wrong."""
        text = self.text(field)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", text) or int(text) < least:
            self.wrong(field, "Enter a whole number." if least < 0 else f"Enter a whole number from {least}.")
            return None
        return int(text)

    def amount(self, field: str, currency: str) -> int | None:
        text = self.text(field)
        if not text:
            return None
        try:
            return to_minor(text, currency)
        except ValueError:
            self.wrong(field, f"Enter an amount in {currency}, such as 12.50.")
            return None

    def percent(self, field: str) -> int | None:
        text = self.text(field)
        if not text:
            return None
        try:
            parts = Decimal(text) * PER_CENT
        except ArithmeticError:  # no number, or one beyond all exponents
            parts = Decimal("NaN")
        if not parts.is_finite() or parts.adjusted() > 9 or parts != parts.to_integral_value():
            self.wrong(field, "Enter a percentage such as 12.5, with up to four decimals.")
            return None
        return int(parts)

    def moment(self, field: str) -> datetime | None:
        """A moment as browsers send it, in UTC."""
        text = self.text(field)
        if not text:
            return None
        try:
            given = datetime.fromisoformat(text)
            return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
        except (ValueError, OverflowError):
            self.wrong(field, "Enter a day and a time, such as 2026-11-28T09:00.")
            return None


async def read(conn: Connection, values: Mapping[str, str], currency: str, currencies: Sequence[str]) -> PromotionDraft:
    """The draft that a form means; `currency` is the shop's. Raises InvalidInput that names every wrong field."""
    reader = _Reader(values)
    kind: Any = reader.text("kind")
    if kind not in get_args(PromotionKind):
        reader.wrong("kind", "Choose what it does.")
        kind = "free_delivery"
    in_money = kind == "fixed" or bool(reader.text("minimum_subtotal"))
    own_currency = reader.text("currency") or ("" if kind == "fixed" else currency)
    if own_currency not in currencies:
        if in_money:
            reader.wrong("currency", "Choose a currency of the shop.")
        own_currency = currency
    draft = PromotionDraft(
        name=reader.text("name"),
        kind=kind,
        percent_ppm=reader.percent("percent") if kind == "percentage" else None,
        amount=reader.amount("amount", own_currency) if kind == "fixed" else None,
        currency=own_currency if in_money else None,
        buy_quantity=reader.whole("buy_quantity", 1) if kind == "buy_x_get_y" else None,
        get_quantity=reader.whole("get_quantity", 1) if kind == "buy_x_get_y" else None,
        customer_group=reader.text("customer_group") or None,
        first_order_only=reader.ticked("first_order_only"),
        minimum_subtotal=reader.amount("minimum_subtotal", own_currency) or 0,
        starts_at=reader.moment("starts_at"),
        ends_at=reader.moment("ends_at"),
        needs_coupon=reader.ticked("needs_coupon"),
        combinable=reader.ticked("combinable"),
        priority=reader.whole("priority", -1000) or 0,
        active=reader.ticked("active"),
        **{field: await _ids(conn, reader, kind_of, reader.text(kind_of)) for kind_of, field in SCOPES},
    )
    said = {error.field for error in reader.errors}
    errors = [*reader.errors, *(error for error in editing.refusals(draft) if error.field not in said)]
    if errors:
        raise InvalidInput(fields=errors)
    return draft


async def _ids(conn: Connection, reader: _Reader, kind: catalog.Named, text: str) -> Any:
    """Names, one a line or with commas between, as ids."""
    names = list(dict.fromkeys(part.strip() for part in re.split(r"[\n,]", text) if part.strip()))
    known = await catalog.ids_of(conn, kind, names)
    found: list[int] = []
    for name in names:
        gone = _GONE.fullmatch(name)
        product_id = int(gone[1]) if gone else known[name]
        if product_id is None:
            reader.wrong(kind, f"There are no {kind} called “{name[:100]}”.")
            break
        found.append(product_id)
    return tuple(dict.fromkeys(found))


async def fill(conn: Connection, draft: PromotionDraft, currency: str) -> dict[str, str]:
    """The form as it shows a promotion."""
    form = {
        "name": draft.name,
        "kind": draft.kind,
        "percent": _plain(Decimal(draft.percent_ppm) / PER_CENT) if draft.percent_ppm is not None else "",
        "amount": _plain(to_major(draft.amount, draft.currency or currency)) if draft.amount is not None else "",
        "currency": draft.currency or currency,
        "buy_quantity": str(draft.buy_quantity or ""),
        "get_quantity": str(draft.get_quantity or ""),
        "customer_group": draft.customer_group or "",
        "minimum_subtotal": _plain(to_major(draft.minimum_subtotal, draft.currency or currency)) if draft.minimum_subtotal else "",
        "starts_at": _moment(draft.starts_at),
        "ends_at": _moment(draft.ends_at),
        "priority": str(draft.priority),
    }
    for kind, field in SCOPES:
        ids: tuple[int, ...] = getattr(draft, field)
        names = await catalog.names_of(conn, kind, ids)
        form[kind] = "\n".join(names.get(found, f"#{found}") for found in ids)
    for field in ("first_order_only", "needs_coupon", "combinable", "active"):
        form[field] = "1" if getattr(draft, field) else ""
    return form


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="minutes" if not at.second else "auto") if at else ""

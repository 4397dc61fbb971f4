"""Forms of stock: what is on hand and sold ahead of a variant, and where stock lies. Text as it is typed, to changes."""

import re
from typing import Any, get_args

from storefront.admin.web import is_id
from storefront.catalog.editing import StockPolicy
from storefront.inventory.editing import ByHand, Count, LocationDraft, StockChange
from storefront.platform.errors import FieldError, InvalidInput
from storefront.pricing.addresses import countries

POLICIES = (
    ("deny", "Sell what is there"),
    ("backorder", "Sell ahead (back-order)"),
    ("preorder", "Sell ahead (pre-order)"),
)
REASONS = (
    ("count", "It was counted"),
    ("received", "Goods came in"),
    ("damaged", "Goods are damaged or lost"),
    ("correction", "It was wrong"),
)
_WHOLE = re.compile(r"-?[0-9]{1,9}")


def read_stock(values: dict[str, str]) -> StockChange:
    """Fields `stock-`, `seen-` and `limit-<location id>`, `policy` and `reason`. Empty ones say nothing. Raises InvalidInput."""
    errors: list[FieldError] = []

    def number(name: str) -> int | None:
        text = values.get(name, "")
        if not text:
            return None
        if _WHOLE.fullmatch(text):
            return int(text)
        errors.append(FieldError(name, "Enter a whole number."))
        return None

    def chosen(name: str, choices: tuple[Any, ...]) -> Any:
        text = values.get(name)
        found = next((choice for choice in choices if choice == text), None)
        if text and found is None:
            errors.append(FieldError(name, "Choose one of the list."))
        return found

    counts: dict[int, Count] = {}
    limits: dict[int, int] = {}
    for name in values:
        kind, _, place = name.partition("-")
        if kind not in ("stock", "limit") or not is_id(place) or (given := number(name)) is None:
            continue
        if kind == "stock":
            counts[int(place)] = Count(given, number(f"seen-{place}"))
        elif given < 0:
            errors.append(FieldError(name, "Enter a whole number from 0."))
        else:
            limits[int(place)] = given
    policy: StockPolicy | None = chosen("policy", get_args(StockPolicy))
    reason: ByHand | None = chosen("reason", get_args(ByHand))
    if errors:
        raise InvalidInput(fields=errors)
    return StockChange(counts, reason or "count", policy, limits)


def read_location(values: dict[str, str]) -> LocationDraft:
    """The form of a location. Raises InvalidInput."""
    errors: list[FieldError] = []
    priority = values.get("priority") or "0"
    if not _WHOLE.fullmatch(priority):
        errors.append(FieldError("priority", "Enter a whole number from -1000 to 1000."))
    codes = tuple(dict.fromkeys(re.findall(r"[^\s,;]+", values.get("countries", "").upper())))
    unknown = [code for code in codes if code not in dict(countries())]
    if unknown:
        errors.append(FieldError("countries", f"{', '.join(unknown)[:100]}: there is no such country. Enter codes such as DE, AT."))
    if errors:
        raise InvalidInput(fields=errors)
    return LocationDraft(values.get("code", ""), values.get("name", ""), int(priority), codes, bool(values.get("active")))


def fill_location(draft: LocationDraft) -> dict[str, str]:
    """The other way round."""
    return {
        "code": draft.code,
        "name": draft.name,
        "priority": str(draft.priority),
        "countries": ", ".join(draft.countries),
        "active": "1" if draft.active else "",
    }

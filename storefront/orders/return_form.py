"""The form by which a return is asked for, by the shopper or for them in the back office.

Its fields: `quantity-<order line id>`, `variant-<order line id>`, `reason`, `resolution`, `note`.
"""

import msgspec

from storefront.orders.model import NewReturn, Order
from storefront.platform.errors import DomainError, InvalidInput


def _asked_lines(order: Order, values: dict[str, str]) -> list[tuple[int, str]]:
    """(order line id, quantity as it was typed) of the lines that are to go back."""
    asked = [(line.id, values.get(f"quantity-{line.id}", "")) for line in order.lines]
    return [(line_id, quantity) for line_id, quantity in asked if quantity not in ("", "0")]


def wanted(order: Order, values: dict[str, str]) -> NewReturn:
    """The form as a wish. Raises InvalidInput (field `lines`)."""
    asked = _asked_lines(order, values)
    if not asked:
        raise InvalidInput.of("lines", "Say how many of what you want to send back.")
    exchange = values.get("resolution") == "exchange"
    lines = [
        {
            "order_line_id": line_id,
            "quantity": quantity,
            "reason": values.get("reason") or "other",
            "variant_id": (values.get(f"variant-{line_id}") or None) if exchange else None,
        }
        for line_id, quantity in asked
    ]
    given = {"lines": lines, "resolution": values.get("resolution") or "refund", "note": values.get("note", "")}
    try:
        return msgspec.convert(given, NewReturn, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput.of("lines", "Please look at the numbers again, and keep the note short.") from error


def beside_the_fields(error: DomainError, values: dict[str, str], order: Order) -> dict[str, str]:
    """What was refused, by the form's field: `lines[0].quantity` stands at the first line that was filled in."""
    asked = [line_id for line_id, _ in _asked_lines(order, values)]
    found: dict[str, str] = {}
    for field, reason in error.messages().items():
        place, _, member = field.removeprefix("lines[").partition("].")
        known = field.startswith("lines[") and place.isdecimal() and int(place) < len(asked)
        found[f"{'variant' if member == 'variant_id' else 'quantity'}-{asked[int(place)]}" if known else field] = reason
    return found or {"": error.detail}

"""What the shopper agrees to by placing an order: what they saw, at its price, to an address that we deliver to; else they are asked."""

import msgspec

from storefront.accounts.service import normalise_email
from storefront.cart import service as carts
from storefront.cart.model import Cart
from storefront.checkout.errors import PriceChanged
from storefront.checkout.model import PlaceOrder
from storefront.inventory.service import OutOfStock
from storefront.platform.errors import FieldError, InvalidInput, VersionMismatch
from storefront.pricing.addresses import checked_address
from storefront.pricing.model import Address, PricedCart


def must_be_agreed(cart: Cart, priced: PricedCart, request: PlaceOrder) -> None:
    """Raises InvalidInput, OutOfStock, VersionMismatch and PriceChanged for what the shopper has not agreed to or cannot have."""
    if not priced.lines:
        raise InvalidInput.of("cart_id", "The cart is empty.")
    short = [(line.variant_id, line.quantity, line.available) for line in priced.lines if line.problem == "insufficient_stock"]
    if short:
        raise OutOfStock(short)
    gone = [line for line in priced.lines if line.problem is not None]
    if gone:
        fields = [FieldError(f"lines.{line.variant_id}", f"{line.title} is no longer on sale. Remove it.") for line in gone]
        raise InvalidInput("The cart holds something that is no longer on sale.", fields=fields)
    errors = contact_errors(cart, priced)
    if errors:
        raise InvalidInput("Something is missing before the order can be placed.", fields=errors)
    must_be_as_seen(cart, request)
    if cart.gift_card_ids and request.expected_to_pay is None:
        raise InvalidInput.of("expected_to_pay", "Say what the gift cards left to pay.")
    if not as_seen(request, priced.total, priced.to_pay, priced.currency):
        raise PriceChanged(cart, priced)


def must_be_as_seen(cart: Cart, request: PlaceOrder) -> None:
    """Other goods may come to the same total. Raises VersionMismatch."""
    if request.cart_version not in (msgspec.UNSET, cart.version):
        raise VersionMismatch("The cart has changed since it was looked at. Read it again.")


def as_seen(request: PlaceOrder, total: int, to_pay: int, currency: str) -> bool:
    """Whether the shopper was shown this total, and this as left to pay."""
    seen, left = request.expected_total, request.expected_to_pay
    return (seen.amount, seen.currency) == (total, currency) and (left is None or (left.amount, left.currency) == (to_pay, currency))


def contact_errors(cart: Cart, priced: PricedCart) -> list[FieldError]:
    """What the cart still lacks to become an order."""
    errors: list[FieldError] = []
    try:
        normalise_email(cart.email or "")
    except InvalidInput as error:
        errors += error.fields
    if cart.billing_address is not None:
        errors += _address_errors(cart.billing_address, "billing_address")
    errors += carts.region_errors(cart, priced)
    if not priced.requires_delivery:
        if cart.billing_address is None and cart.delivery_address is not None:
            errors += _address_errors(cart.delivery_address, "delivery_address")
        return errors
    if cart.delivery_address is None:
        errors.append(FieldError("delivery_address", "Enter a delivery address."))
        return errors
    errors += _address_errors(cart.delivery_address, "delivery_address")
    if not priced.fulfillment_options:
        errors.append(FieldError("delivery_address.country", "We do not deliver this to your address."))
    elif priced.fulfillment_option is None:
        errors.append(FieldError("fulfillment_option_id", "Choose how it should be delivered."))
    return errors


def _address_errors(address: Address, prefix: str) -> list[FieldError]:
    try:
        checked_address(address, prefix)
    except InvalidInput as error:
        return error.fields
    return []

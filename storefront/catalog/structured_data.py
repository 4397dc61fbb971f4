"""What search engines read of a page: schema.org as plain dicts; the template writes them as JSON-LD, escaped."""

from collections.abc import Sequence
from typing import Any

from storefront.catalog.model import Card, Crumb, ProductPage, Variant
from storefront.catalog.sanitise import plain_text
from storefront.platform.money import to_major

_AVAILABILITY = {
    "in_stock": "InStock",
    "few_left": "LimitedAvailability",
    "preorder": "PreOrder",
    "backorder": "BackOrder",
    "sold_out": "OutOfStock",
}


def product_data(page: ProductPage, public_url: str) -> list[dict[str, Any]]:
    """Product with an Offer for each variant, and BreadcrumbList."""
    product: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "@id": public_url + page.url,
        "url": public_url + page.url,
        "name": page.title,
        "description": page.seo_description or plain_text(page.description_html)[:5000],
        "image": [absolute(media.url, public_url) for media in page.media],
        "offers": [_offer(page, variant, public_url) for variant in page.variants],
    }
    if page.brand:
        product["brand"] = {"@type": "Brand", "name": page.brand}
    if len(page.variants) == 1:
        product["sku"] = page.variants[0].sku
    if page.rating_average is not None:
        product["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": page.rating_average,
            "reviewCount": page.rating_count,
        }
    return [product, *breadcrumb_data((*page.breadcrumbs, Crumb(page.title, page.url)), public_url)]


def _offer(page: ProductPage, variant: Variant, public_url: str) -> dict[str, Any]:
    offer = {
        "@type": "Offer",
        "sku": variant.sku,
        "name": " / ".join((page.title, *variant.option_values)),
        "url": f"{public_url}{page.url}?variant={variant.id}" if len(page.variants) > 1 else public_url + page.url,
        "price": str(to_major(variant.price.amount, variant.price.currency)),
        "priceCurrency": variant.price.currency,
        "availability": f"https://schema.org/{_AVAILABILITY[variant.availability]}",
    }
    if variant.barcode and variant.barcode.isdigit() and len(variant.barcode) in (8, 12, 13, 14):
        offer["gtin"] = variant.barcode
    return offer


def listing_data(cards: Sequence[Card], breadcrumbs: Sequence[Crumb], public_url: str) -> list[dict[str, Any]]:
    """ItemList of the products shown, and BreadcrumbList."""
    items = [
        {"@type": "ListItem", "position": place, "url": public_url + card.url, "name": card.title} for place, card in enumerate(cards, 1)
    ]
    found = [{"@context": "https://schema.org", "@type": "ItemList", "itemListElement": items}] if items else []
    return [*found, *breadcrumb_data(breadcrumbs, public_url)]


def breadcrumb_data(breadcrumbs: Sequence[Crumb], public_url: str) -> list[dict[str, Any]]:
    """BreadcrumbList, or nothing when there is no trail."""
    if not breadcrumbs:
        return []
    items = [
        {"@type": "ListItem", "position": place, "name": crumb.name, "item": public_url + crumb.url}
        for place, crumb in enumerate(breadcrumbs, 1)
    ]
    return [{"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}]


def absolute(url: str, public_url: str) -> str:
    """The address of a picture for someone outside."""
    return public_url + url if url.startswith("/") else url

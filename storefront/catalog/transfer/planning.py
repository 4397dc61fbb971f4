"""Which variant of the shop a variant of the file is. Pure: what the shop has comes in, the plan goes out."""

import hashlib
from collections.abc import Iterable

import msgspec

from storefront.catalog.csv_format import FileProduct, FileVariant, Problem
from storefront.catalog.slugs import made_slug

SKU_LENGTH = 255


class KnownVariant(msgspec.Struct, frozen=True):
    """A variant that the shop has."""

    id: int
    sku: str
    option_values: tuple[str, ...]
    position: int = 1
    active: bool = True
    stock_policy: str = "deny"


class KnownProduct(msgspec.Struct):
    """A product that the shop has; `variants` in the order in which it shows them."""

    option_names: tuple[str, ...] = ()
    variants: list[KnownVariant] = []


Match = tuple[FileVariant, KnownVariant | None]
"""A variant of the file, and which of the shop's it is; None: a new one."""


class Plan(msgspec.Struct):
    """`matches` have their SKU, option values and position. `retired`: ids of variants whose number of option values no longer fits the
    product; `parked`: ids of those that hand their option values on to another."""

    matches: list[Match] = []
    retired: list[int] = []
    parked: list[int] = []


class Refusal(msgspec.Struct, frozen=True):
    column: str
    reason: str


def made_sku(slug: str, option_values: Iterable[str]) -> str:
    """The SKU of a variant that came without: handle and option values, upper case: CLAY-PLANT-POT-LARGE."""
    return "-".join([slug, *(made_slug(value) for value in option_values)]).upper()[:SKU_LENGTH]


def plan(product: FileProduct, known: KnownProduct | None, owners: dict[str, str], problems: list[Problem]) -> Plan | None:
    """Matches by SKU first, then by option values; `known` is None where the shop has no such product. None: nothing of it can be taken.

    `owners` says whose each SKU is (SKU to slug) and learns of the new ones. Adds to `product` what the file leaves to the shop.
    """
    shop = known or KnownProduct()
    if product.option_names is None or (known and not product.variants and len(product.option_names) != len(shop.option_names)):
        product.option_names = shop.option_names
    if known is None and not product.variants:
        product.variants.append(FileVariant(product.line, first=True))
    found = _match(product, shop)
    refused = _settle_option_values(product, found)
    _refuse_taken_skus(product, found, owners, refused)
    _refuse_taken_values(product, shop, found, refused)
    problems += [Problem(line, product.slug, refusal.column, refusal.reason) for line, refusal in refused.items()]
    matches = [(variant, found[variant.line]) for variant in product.variants if variant.line not in refused]
    if refused and not matches:
        return None
    _settle_skus(product.slug, matches, owners)
    _settle_positions(matches, shop, len(product.option_names))
    problems += _unpriced(product.slug, matches)
    return _make_room(product, shop, matches, problems)


def _match(product: FileProduct, shop: KnownProduct) -> dict[int, KnownVariant | None]:
    """Line of a variant to the shop's variant."""
    by_sku = {variant.sku: variant for variant in shop.variants}
    by_values = {variant.option_values: variant for variant in shop.variants}
    found = {variant.line: by_sku.get(variant.sku) for variant in product.variants}
    claimed = {match.id for match in found.values() if match}
    for variant in product.variants:
        if variant.option_values is None and not product.option_names:
            variant.option_values = ()
        if found[variant.line] is None and variant.option_values is not None:
            match = by_values.get(variant.option_values)
            if match is not None and match.id not in claimed:
                found[variant.line] = match
                claimed.add(match.id)
    return found


def _settle_option_values(product: FileProduct, found: dict[int, KnownVariant | None]) -> dict[int, Refusal]:
    """The file's, else those of the matching variant. Answers refusals by line."""
    refused: dict[int, Refusal] = {}
    names = product.option_names or ()
    for variant in product.variants:
        match = found[variant.line]
        if variant.option_values is None and match is not None:
            variant.option_values = match.option_values
        values = variant.option_values or ()
        if len(values) != len(names):
            wanted = f"the product has {len(names)}: {', '.join(names)}" if names else "the product has none"
            refused[variant.line] = Refusal("Option1 Value", f"{len(values)} option values are given, {wanted}.")
    return refused


def _refuse_taken_skus(
    product: FileProduct, found: dict[int, KnownVariant | None], owners: dict[str, str], refused: dict[int, Refusal]
) -> None:
    lines: dict[str, int] = {}
    for variant in product.variants:
        if not variant.sku or variant.line in refused:
            continue
        match = found[variant.line]
        owner = owners.get(variant.sku) if match is None or match.sku != variant.sku else None
        if variant.sku in lines:
            refused[variant.line] = Refusal("Variant SKU", f"Line {lines[variant.sku]} has the same SKU.")
        elif owner is not None:
            refused[variant.line] = Refusal("Variant SKU", f"The SKU {variant.sku} is taken by {owner}.")
        else:
            lines[variant.sku] = variant.line


def _refuse_taken_values(
    product: FileProduct, shop: KnownProduct, found: dict[int, KnownVariant | None], refused: dict[int, Refusal]
) -> None:
    """A refused variant keeps the option values that it has in the shop, which may be another's reason; so again until none is."""
    before = -1
    while len(refused) != before:
        before = len(refused)
        taking = [variant for variant in product.variants if variant.line not in refused]
        changing = {match.id for variant in taking if (match := found[variant.line])}
        holders = {variant.option_values: variant for variant in shop.variants if variant.id not in changing}
        lines: dict[tuple[str, ...], int] = {}
        for variant in taking:
            values = variant.option_values or ()
            if values in holders:
                refused[variant.line] = Refusal("Option1 Value", f"The variant {holders[values].sku} has these option values.")
            elif values in lines:
                refused[variant.line] = Refusal("Option1 Value", f"Line {lines[values]} is the same variant.")
            else:
                lines[values] = variant.line


def _settle_skus(slug: str, matches: list[Match], owners: dict[str, str]) -> None:
    """Those that the file gives come first, so that none is made that it gives further down."""
    owners.update({variant.sku: slug for variant, _ in matches if variant.sku})
    for variant, match in matches:
        if variant.sku:
            continue
        values = variant.option_values or ()
        variant.sku = match.sku if match else made_sku(slug, values)
        if match is None and variant.sku in owners:
            mark = hashlib.sha256("\0".join((slug, *values)).encode()).hexdigest()[:8].upper()
            variant.sku = f"{variant.sku[: SKU_LENGTH - 9]}-{mark}"
        owners[variant.sku] = slug


def _settle_positions(matches: list[Match], shop: KnownProduct, options: int) -> None:
    """The order of the file, when it knows all variants and orders them otherwise than the shop; else new ones come last."""
    here = [match.id for _, match in matches if match]
    in_order = here == [known.id for known in shop.variants if known.id in set(here)]
    if in_order and len(here) == len(matches):
        return
    whole = {known.id for known in shop.variants if len(known.option_values) == options} <= set(here)
    last = max((known.position for known in shop.variants), default=0)
    for place, (variant, match) in enumerate(matches, 1):
        if whole:
            variant.position = place
        elif match is None:
            last += 1
            variant.position = last


def _unpriced(slug: str, matches: list[Match]) -> list[Problem]:
    reason = "The variant is new and has no price; it is not offered until it has one."
    return [
        Problem(variant.line, slug, "Variant Price", reason, refused=False)
        for variant, match in matches
        if match is None and not variant.prices
    ]


def _make_room(product: FileProduct, shop: KnownProduct, matches: list[Match], problems: list[Problem]) -> Plan:
    result = Plan(matches)
    wanted = {match.id: variant.option_values for variant, match in matches if match}
    takers = {variant.option_values for variant, _ in matches}
    for known in shop.variants:
        if known.id not in wanted:
            if len(known.option_values) != len(product.option_names or ()) and known.active:
                result.retired.append(known.id)
                reason = f"The variant {known.sku} no longer fits the product's options; it is kept, but no longer offered."
                problems.append(Problem(product.line, product.slug, "Option1 Name", reason, refused=False))
        elif wanted[known.id] != known.option_values and known.option_values in takers:
            result.parked.append(known.id)
    return result

"""Which variant of the shop a variant of the file is. Pure: what the shop has comes in, the plan goes out."""

import hashlib
from collections.abc import Iterable

import msgspec
from slugify import slugify

from storefront.catalog.csv_format import FileProduct, FileVariant, Problem

SKU_LENGTH = 255


class KnownVariant(msgspec.Struct, frozen=True):
    """A variant that the shop has."""

    id: int
    sku: str
    option_values: tuple[str, ...]
    active: bool


class Plan(msgspec.Struct):
    """`matches`: (variant of the file, with its SKU; id of the shop's variant or None for a new one). `retired`: ids of variants whose number
    of option values no longer fits; `parked`: ids of those that swap option values among themselves."""

    matches: list[tuple[FileVariant, int | None]] = []
    retired: list[int] = []
    parked: list[int] = []


def made_sku(slug: str, option_values: Iterable[str]) -> str:
    """The SKU of a variant that came without: handle and option values, upper case: CLAY-PLANT-POT-LARGE."""
    parts = [slug, *(slugify(value) or hashlib.sha256(value.encode()).hexdigest()[:6] for value in option_values)]
    return "-".join(parts).upper()[:SKU_LENGTH]


def plan(product: FileProduct, known: list[KnownVariant], owners: dict[str, str], problems: list[Problem]) -> Plan:
    """Matches by SKU first, then by option values. `owners` says whose each SKU is (SKU to slug) and learns of the new ones."""
    by_sku = {variant.sku: variant for variant in known}
    by_values = {variant.option_values: variant for variant in known}
    claimed: dict[int, FileVariant] = {}
    found: dict[int, KnownVariant | None] = {}
    for variant in product.variants:
        if variant.sku in by_sku:
            found[variant.line] = by_sku[variant.sku]
            claimed[by_sku[variant.sku].id] = variant
    result = Plan()
    for variant in product.variants:
        if variant.line not in found:
            match = by_values.get(variant.option_values)
            if match is not None and match.id not in claimed:
                found[variant.line] = match
                claimed[match.id] = variant
        reason = _refusal(product, variant, found.get(variant.line), by_values, claimed, owners)
        if reason:
            problems.append(Problem(variant.line, product.slug, *reason))
            match = found.get(variant.line)
            if match is not None:
                claimed.pop(match.id, None)
            continue
        result.matches.append((variant, _settle_sku(product, variant, found.get(variant.line), owners)))
    _retire_and_park(product, known, claimed, result, problems)
    return result


def _refusal(
    product: FileProduct,
    variant: FileVariant,
    match: KnownVariant | None,
    by_values: dict[tuple[str, ...], KnownVariant],
    claimed: dict[int, FileVariant],
    owners: dict[str, str],
) -> tuple[str, str] | None:
    owner = owners.get(variant.sku) if variant.sku and (match is None or match.sku != variant.sku) else None
    if owner is not None:
        return "Variant SKU", f"The SKU {variant.sku} is taken by {'this product' if owner == product.slug else owner}."
    holder = by_values.get(variant.option_values)
    if holder is not None and (match is None or holder.id != match.id):
        other = claimed.get(holder.id)
        if other is None or other.option_values == variant.option_values:
            return "Option1 Value", f"The variant {holder.sku} has these option values."
    return None


def _settle_sku(product: FileProduct, variant: FileVariant, match: KnownVariant | None, owners: dict[str, str]) -> int | None:
    if not variant.sku:
        if match is not None:
            variant.sku = match.sku
        else:
            variant.sku = made_sku(product.slug, variant.option_values)
            if variant.sku in owners:
                mark = hashlib.sha256("\0".join((product.slug, *variant.option_values)).encode()).hexdigest()[:8]
                variant.sku = f"{variant.sku[: SKU_LENGTH - 9]}-{mark.upper()}"
    owners[variant.sku] = product.slug
    return None if match is None else match.id


def _retire_and_park(
    product: FileProduct, known: list[KnownVariant], claimed: dict[int, FileVariant], result: Plan, problems: list[Problem]
) -> None:
    kept = {match: variant for variant, match in result.matches if match is not None}
    held = {variant.option_values: variant.id for variant in known}
    for existing in known:
        wanted = kept.get(existing.id)
        if wanted is None:
            if len(existing.option_values) != len(product.option_names) and existing.active:
                result.retired.append(existing.id)
                reason = f"The variant {existing.sku} no longer fits the product's options; it is kept, but no longer offered."
                problems.append(Problem(product.line, product.slug, "Option1 Name", reason, refused=False))
        elif wanted.option_values != existing.option_values and held.get(wanted.option_values) is not None:
            result.parked.append(held[wanted.option_values])

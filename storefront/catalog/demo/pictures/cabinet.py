"""All drawings, fetched into KINDS by importing their files."""

from storefront.catalog.demo.pictures import (
    bath,
    camping,
    cookware,
    cycling,
    footwear,
    furniture,
    garden,
    knitwear,
    lighting,
    outerwear,
    plants,
    stationery,
    tableware,
    textiles,
    toys,
)
from storefront.catalog.demo.pictures.kinds import KINDS

__all__ = [
    "KINDS",
    "bath",
    "camping",
    "cookware",
    "cycling",
    "footwear",
    "furniture",
    "garden",
    "knitwear",
    "lighting",
    "outerwear",
    "plants",
    "stationery",
    "tableware",
    "textiles",
    "toys",
]

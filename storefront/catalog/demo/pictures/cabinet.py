"""All drawings, fetched into KINDS by importing their files."""

from storefront.catalog.demo.pictures import tableware
from storefront.catalog.demo.pictures.kinds import KINDS

__all__ = ["KINDS", "tableware"]

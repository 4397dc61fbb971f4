"""Storefront: a shop server that stays up, stays fast and never charges twice."""

__version__ = "0.1.0"

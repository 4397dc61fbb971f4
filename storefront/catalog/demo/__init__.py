"""The demo shop: a general store for home and outdoors, written and drawn for this project. `fill` puts it into an empty database."""

from storefront.catalog.demo.filling import fill

__all__ = ["fill"]

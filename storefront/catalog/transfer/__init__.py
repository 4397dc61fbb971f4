"""Catalog files: rows to products, products to the database."""

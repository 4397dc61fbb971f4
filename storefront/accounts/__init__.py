"""Customers, their addresses and sessions."""

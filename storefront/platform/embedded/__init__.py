"""The servers that run.py brings along: PostgreSQL, Valkey, the sandbox provider, each under our own supervisor."""

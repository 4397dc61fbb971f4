"""The payment provider, its webhooks, and the sandbox provider."""

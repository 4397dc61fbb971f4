"""Orders and what happens to them after the sale."""

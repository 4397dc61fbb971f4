"""Products, variants, categories, collections and media: what the shop shows."""

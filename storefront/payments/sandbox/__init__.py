"""A payment provider to practise with: its own process and ledger, Stripe's wire format, no real money. It can be told to misbehave."""

"""What checkout works with, as one thing to hand on."""

from datetime import timedelta

import msgspec

from storefront.checkout.together import Together
from storefront.payments.service import Payments
from storefront.platform.clock import Clock
from storefront.platform.database import Database
from storefront.platform.jobs import Jobs
from storefront.settings import Settings


class CheckoutContext(msgspec.Struct, frozen=True):
    """What placing an order works with."""

    database: Database
    together: Together
    payments: Payments
    jobs: Jobs
    settings: Settings
    clock: Clock

    @property
    def hold_time(self) -> timedelta:
        """How long stock is held for a shopper who is checking out."""
        return timedelta(minutes=self.settings.shop.reservation_minutes)

    @property
    def capture_later(self) -> bool:
        """Whether a payment is only authorized with the order, and captured when something is sent."""
        return self.settings.payments.capture == "fulfillment"

    @property
    def stale_after(self) -> timedelta:
        """When whoever works on a key is taken for dead: a charge and a question after it would have run into their deadlines by then.
        Who is only slow ends nothing any more, as the key is another's.
        """
        return timedelta(milliseconds=2 * self.settings.payments.timeout_ms, seconds=5)

"""What checkout and orders do without a shopper waiting: mails, the provider's events, recovery."""

from storefront.checkout import recovery, webhooks
from storefront.checkout.model import CheckoutContext
from storefront.orders import mails
from storefront.platform.jobs import Job

RECOVER_EVERY = 5.0  # seconds


def register(shop: CheckoutContext) -> None:
    """Tells the shop's jobs who does them. Once, before they start."""

    async def write_mail(job: Job) -> None:
        await mails.write(shop.database, shop.settings, shop.jobs, job.payload)

    async def apply_event(job: Job) -> None:
        await webhooks.apply_event(shop, job.payload)

    async def recover() -> None:
        await recovery.recover(shop)

    shop.jobs.register(mails.JOB, write_mail)
    shop.jobs.register(webhooks.JOB, apply_event)
    shop.jobs.every("recovery", RECOVER_EVERY, recover)

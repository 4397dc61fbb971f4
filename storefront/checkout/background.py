"""What checkout and orders do without a shopper waiting: mails, the provider's events, recovery,
comparing books with the provider, ending exchanges, issuing what invoices are missing, and putting away what is past its time.
"""

import msgspec

from storefront.accounts import service as accounts
from storefront.cart import service as carts
from storefront.checkout import idempotency, reconcile, recovery, webhooks
from storefront.checkout.context import CheckoutContext
from storefront.inventory import service as inventory
from storefront.orders import exchanges, invoices, mails
from storefront.platform.database import Connection
from storefront.platform.jobs import Job
from storefront.platform.mail import Mailer

RECOVER_EVERY = 5.0  # seconds
FREE_STOCK_EVERY = 10.0
TIDY_EVERY = 600.0
EXCHANGES_EVERY = 15.0
INVOICES_EVERY = 3600.0
RECONCILE_EVERY = 3600.0
AT_ONCE = 500  # holds that are freed in one transaction


def register(shop: CheckoutContext, mailer: Mailer) -> None:
    """Tells the shop's jobs who does them. Once, before they start."""

    composer = mails.Composer(shop.database, shop.settings)

    async def write_mail(job: Job) -> None:
        mail = await composer.compose(job.payload)
        if mail is not None:
            await mailer.deliver(msgspec.structs.replace(job, payload=mail))

    async def apply_event(job: Job) -> None:
        await webhooks.apply_event(shop, job.payload)

    async def look_at_events() -> None:
        await webhooks.look_at_waiting(shop)

    async def recover() -> None:
        await recovery.recover(shop)

    async def free() -> None:
        await free_stock(shop)

    async def put_away() -> None:
        await tidy(shop)

    async def compare() -> None:
        await reconcile.reconcile(shop, shop.clock() - reconcile.LOOK_BACK)

    async def end_exchanges() -> None:
        await exchanges.settle_all(shop.database, shop.payments, shop.jobs, now=shop.clock())

    async def issue_invoices() -> None:
        await invoices.issue_missing(shop.database, now=shop.clock())

    shop.jobs.register(mails.JOB, write_mail, at_once=mailer.at_once, connects=False)
    shop.jobs.register(webhooks.JOB, apply_event)
    shop.jobs.every("events", webhooks.LOOK_EVERY, look_at_events)
    shop.jobs.every("recovery", RECOVER_EVERY, recover)
    shop.jobs.every("free_stock", FREE_STOCK_EVERY, free)
    shop.jobs.every("tidy", TIDY_EVERY, put_away)
    shop.jobs.every("exchanges", EXCHANGES_EVERY, end_exchanges)
    shop.jobs.every("invoices", INVOICES_EVERY, issue_invoices)
    shop.jobs.every("reconcile", RECONCILE_EVERY, compare, unhurried=True)


async def free_stock(shop: CheckoutContext) -> int:
    """Gives back what carts hold past its time; returns how many holds. An order's holds are freed with the order."""

    async def some(conn: Connection) -> int:
        return await inventory.release_expired(conn, shop.clock(), AT_ONCE)

    freed = last = await shop.database.transaction(some)
    while last == AT_ONCE:
        last = await shop.database.transaction(some)
        freed += last
    return freed


async def tidy(shop: CheckoutContext) -> None:
    """Drops what nobody can use any more: sessions and mailed links that have run out, answers and events that nobody will ask for."""
    now = shop.clock()
    async with shop.database.write() as conn:
        await accounts.forget_expired(conn, now)
        await idempotency.prune(conn, now)
        await webhooks.prune(conn, now)
        await carts.forget_abandoned(conn, now)

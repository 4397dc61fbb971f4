"""Our books beside the provider's: every charge since a moment, compared, healed where the truth is the provider's, reported where not.

What a lost event or a lost answer left behind ends here at the latest.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Gauge

from storefront.checkout import recovery
from storefront.checkout.model import CheckoutContext
from storefront.orders import store
from storefront.orders.model import ChargeBook
from storefront.payments.model import ProviderAnswer, ProviderPayment
from storefront.payments.service import Payments, ProviderUnavailable, ProviderUnknown
from storefront.platform.clock import utc_now
from storefront.platform.database import Database
from storefront.platform.errors import NotFound, Unavailable
from storefront.platform.jobs import Jobs
from storefront.settings import Settings

log = structlog.get_logger("reconcile")
DIFFER = Gauge("storefront_payments_differ", "Payments on which the provider's books and ours did not agree at the last comparison.")

LOOK_BACK = timedelta(days=2)


class Balance(msgspec.Struct, frozen=True):
    """What one side has of a charge, in minor units: taken and not given back, and whether more is only authorized."""

    kept: int
    authorized: bool

    def __str__(self) -> str:
        return f"{self.kept}{' and an authorization' if self.authorized else ''}"


NOTHING = Balance(0, False)


class Difference(msgspec.Struct, frozen=True):
    """A charge on which the books do not agree. `number` is the order's, None when the charge is not known here."""

    attempt_id: UUID
    number: str | None
    provider_ref: str | None
    ours: Balance
    theirs: Balance


async def reconcile(shop: CheckoutContext, since: datetime) -> list[Difference]:
    """Compares all charges since then. Raises ProviderUnknown and ProviderUnavailable."""
    theirs = {found: payment for payment in await shop.payments.list_payments(since) if (found := _attempt_id(payment)) is not None}
    async with shop.database.write() as conn:
        ours = {book.attempt_id: book for book in await store.charges_since(conn, since)}
    suspects = [found for found in ours | theirs if _ours(ours.get(found)) != _theirs(theirs.get(found))]
    looked_at = [await _look_again(shop, attempt_id) for attempt_id in suspects]
    differences = [difference for difference in looked_at if difference is not None]
    DIFFER.set(len(differences))
    for difference in differences:
        log.error("payment_differs", **msgspec.structs.asdict(difference))
    return differences


async def run(settings: Settings, days: int) -> list[Difference]:
    """The command: a shop without doors, for as long as it takes. Raises Unavailable when the provider cannot be asked."""
    database, payments = Database(settings.database.url, [], settings.database), Payments(settings)
    await database.start()
    try:
        shop = CheckoutContext(database=database, payments=payments, jobs=Jobs(settings, database), settings=settings, clock=utc_now)
        return await reconcile(shop, utc_now() - timedelta(days=days))
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable(f"The provider cannot be asked right now ({error}). Try again in a moment.") from error
    finally:
        await payments.close()
        await database.close()


async def _look_again(shop: CheckoutContext, attempt_id: UUID) -> Difference | None:
    """Both sides once more, one charge at a time, after the provider's answer was applied: money under way is no difference."""
    try:
        await recovery.ask_again(shop, attempt_id)
    except NotFound:
        log.warning("charge_not_known_here", attempt=str(attempt_id))
    async with shop.database.write() as conn:
        book = await store.charge_book(conn, attempt_id)
    if book is not None and book.under_way:
        return None
    answer = await shop.payments.lookup(attempt_id=attempt_id, provider_ref=book.provider_ref if book else None)
    ours, theirs = _ours(book), _theirs(answer)
    if ours == theirs:
        return None
    return Difference(attempt_id, book.number if book else None, answer.provider_ref if answer else None, ours, theirs)


def _attempt_id(payment: ProviderPayment) -> UUID | None:
    """None: not of this shop."""
    try:
        return UUID(payment.attempt_id or "")
    except ValueError:
        return None


def _ours(book: ChargeBook | None) -> Balance:
    if book is None:
        return NOTHING
    taken = book.amount if book.state == "succeeded" else 0
    return Balance(taken - book.refunded, book.state == "authorized")


def _theirs(payment: ProviderPayment | ProviderAnswer | None) -> Balance:
    if payment is None:
        return NOTHING
    return Balance(payment.captured - payment.refunded, payment.state == "authorized")

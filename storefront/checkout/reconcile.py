"""Our books beside the provider's: every charge since a moment, compared, healed where the truth is the provider's, reported where not.

What a lost event or a lost answer left behind ends here at the latest.
"""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Gauge

from storefront.checkout import recovery
from storefront.checkout.idempotency import queries
from storefront.checkout.model import CheckoutContext
from storefront.orders import store
from storefront.orders.model import ChargeBook
from storefront.payments.model import ProviderAnswer, ProviderPayment
from storefront.payments.service import Payments, ProviderUnavailable, ProviderUnknown
from storefront.platform.clock import utc_now
from storefront.platform.database import Connection, Database
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


class Comparison(msgspec.Struct, frozen=True):
    """How the last comparison went: `differing` of so many charges since `since`; `unknown` of those belong to no order here."""

    since: datetime
    compared_at: datetime
    charges: int
    differing: int
    unknown: int


class _Look(msgspec.Struct, frozen=True):
    """What a second look came to; `asked_at` is from before it."""

    attempt_id: UUID
    difference: Difference | None
    asked_at: datetime


async def reconcile(shop: CheckoutContext, since: datetime) -> list[Difference]:
    """Compares all charges since then, and keeps the provider's side for the auditor. Raises ProviderUnknown and ProviderUnavailable."""
    began = shop.clock()
    theirs = {found: payment for payment in await shop.payments.list_payments(since) if (found := _attempt_id(payment)) is not None}
    async with shop.database.write() as conn:
        ours = {book.attempt_id: book for book in await store.charges_since(conn, since)}
    suspects = [found for found in ours | theirs if _ours(ours.get(found)) != _theirs(theirs.get(found))]
    looks = [await _look_again(shop, attempt_id) for attempt_id in suspects]
    agreed = {found: _theirs(theirs.get(found)) for found in ours if found not in suspects}
    async with shop.database.write() as conn:
        await _keep(conn, since, began, agreed, looks)
    differences = [look.difference for look in looks if look.difference is not None]
    DIFFER.set(len(differences))
    for difference in differences:
        log.error("payment_differs", **msgspec.structs.asdict(difference))
    return differences


async def last_comparison(conn: Connection) -> Comparison | None:
    """None: the books were never compared."""
    row = await queries.last_comparison(conn)
    return Comparison(**row) if row is not None else None


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


async def _keep(conn: Connection, since: datetime, began: datetime, agreed: dict[UUID, Balance], looks: list[_Look]) -> None:
    """Writes down what the provider has of each charge that is known here, and from when that is. In doubt, nothing: it moved meanwhile."""
    found = [(attempt_id, balance, began) for attempt_id, balance in agreed.items()]
    differing = [(look.difference, look.asked_at) for look in looks if look.difference is not None]
    found += [(difference.attempt_id, difference.theirs, asked_at) for difference, asked_at in differing if difference.number is not None]
    await queries.keep_comparison(
        conn,
        doubtful=[look.attempt_id for look in looks if look.difference is None],
        attempt_ids=[attempt_id for attempt_id, _, _ in found],
        kept=[balance.kept for _, balance, _ in found],
        authorized=[balance.authorized for _, balance, _ in found],
        asked_at=[asked_at for _, _, asked_at in found],
        since=since,
        compared_at=began,
        charges=len(agreed) + len(looks),
        differing=len(differing),
        unknown=sum(difference.number is None for difference, _ in differing),
    )


async def _look_again(shop: CheckoutContext, attempt_id: UUID) -> _Look:
    """Both sides once more, one charge at a time, after the provider's answer was applied: money under way is no difference."""
    try:
        await recovery.ask_again(shop, attempt_id)
    except NotFound:
        log.warning("charge_not_known_here", attempt=str(attempt_id))
    asked_at = shop.clock()
    async with shop.database.write() as conn:
        book = await store.charge_book(conn, attempt_id)
    if book is not None and book.under_way:
        return _Look(attempt_id, None, asked_at)
    answer = await shop.payments.lookup(attempt_id=attempt_id, provider_ref=book.provider_ref if book else None)
    ours, theirs = _ours(book), _theirs(answer)
    if ours == theirs:
        return _Look(attempt_id, None, asked_at)
    number, provider_ref = book.number if book else None, answer.provider_ref if answer else None
    return _Look(attempt_id, Difference(attempt_id, number, provider_ref, ours, theirs), asked_at)


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

"""Our books beside the provider's: every charge since a moment, compared, healed where the truth is the provider's, reported where not.

What a lost event or a lost answer left behind ends here at the latest. Charges that are only authorized are compared however old they are,
as an authorization runs out; any other charge is compared again when the provider says that something happened to it.
"""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from prometheus_client import Gauge

from storefront.checkout import recovery
from storefront.checkout.context import CheckoutContext
from storefront.checkout.idempotency import queries
from storefront.checkout.together import Together
from storefront.orders import after_sale, store
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
    """What one side has of a charge, in minor units: taken and not given back, and what is only authorized."""

    kept: int
    authorized: int

    def __str__(self) -> str:
        return f"{self.kept}{f' and {self.authorized} authorized' if self.authorized else ''}"


NOTHING = Balance(0, 0)


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
    """What a second look came to; `asked_at` is from before it. `theirs` is None where nothing can be said: money is on its way, or the
    charge is not known here.
    """

    attempt_id: UUID
    theirs: Balance | None
    difference: Difference | None
    asked_at: datetime


async def reconcile(shop: CheckoutContext, since: datetime) -> list[Difference]:
    """Compares all charges since then, and keeps the provider's side for the auditor. Raises ProviderUnknown and ProviderUnavailable."""
    began = shop.clock()
    theirs = _by_attempt(await shop.payments.list_payments(since))
    async with shop.database.write() as conn:
        ours = {book.attempt_id: book for book in await store.charges_to_compare(conn, since)}
    suspects = {found for found in ours | theirs if _ours(ours.get(found)) != _theirs(theirs.get(found, ()))}
    looks = [await _look_again(shop, attempt_id, theirs.get(attempt_id, ())) for attempt_id in suspects]
    agreed = {found: _theirs(theirs.get(found, ())) for found in ours if found not in suspects}

    async def keep(conn: Connection) -> None:
        await _keep(conn, {found: (balance, began) for found, balance in agreed.items()}, looks)
        differing = [look.difference for look in looks if look.difference is not None]
        await queries.keep_comparison(
            conn,
            since=since,
            compared_at=began,
            charges=len(ours) + len(theirs.keys() - ours.keys()),
            differing=len(differing),
            unknown=sum(difference.number is None for difference in differing),
        )

    await shop.database.transaction(keep)
    differences = [look.difference for look in looks if look.difference is not None]
    DIFFER.set(len(differences))
    for difference in differences:
        _tell(difference)
    return differences


async def look_at(shop: CheckoutContext, attempt_id: UUID) -> Difference | None:
    """One charge to which something happened at the provider, however long ago it was made: compared and kept as `reconcile` does.

    Raises ProviderUnknown and ProviderUnavailable.
    """
    look = await _look_again(shop, attempt_id)
    await shop.database.transaction(lambda conn: _keep(conn, {}, [look]))
    if look.difference is not None:
        _tell(look.difference)
    return look.difference


async def learn(shop: CheckoutContext, order_id: UUID, *, actor: str) -> None:
    """For operators: all that the provider knows of an order's payment is taken into the books, what was given back there too.

    Raises NotFound, NotPossibleNow, Unavailable.
    """
    await recovery.ask_about_order(shop, order_id)
    try:
        await after_sale.book_refunds(shop.database, shop.payments, order_id, actor=actor)
        async with shop.database.write() as conn:
            charge = await store.live_charge(conn, order_id)
        if charge is not None and not charge.unsettled:
            await look_at(shop, charge.id)
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable("The payment provider cannot be asked right now.") from error


def _tell(difference: Difference) -> None:
    log.error("payment_differs", **msgspec.structs.asdict(difference))


async def last_comparison(conn: Connection) -> Comparison | None:
    """None: the books were never compared."""
    row = await queries.last_comparison(conn)
    return Comparison(**row) if row is not None else None


async def run(settings: Settings, days: int) -> list[Difference]:
    """The command: a shop without doors, for as long as it takes. Raises Unavailable when the provider cannot be asked."""
    database, payments = Database(settings.database.url, [], settings.database), Payments(settings)
    await database.start()
    try:
        shop = CheckoutContext(
            database=database,
            together=Together(database, settings),
            payments=payments,
            jobs=Jobs(settings, database),
            settings=settings,
            clock=utc_now,
        )
        return await reconcile(shop, utc_now() - timedelta(days=days))
    except (ProviderUnknown, ProviderUnavailable) as error:
        raise Unavailable(f"The provider cannot be asked right now ({error}). Try again in a moment.") from error
    finally:
        await payments.close()
        await database.close()


async def _keep(conn: Connection, agreed: dict[UUID, tuple[Balance, datetime]], looks: Sequence[_Look]) -> None:
    """Writes down what the provider has of each charge that is known here, and from when that is. In doubt, nothing: it moved meanwhile."""
    found = agreed | {look.attempt_id: (look.theirs, look.asked_at) for look in looks if look.theirs is not None}
    await queries.keep_charges(
        conn,
        doubtful=[look.attempt_id for look in looks if look.theirs is None],
        attempt_ids=list(found),
        kept=[balance.kept for balance, _ in found.values()],
        authorized=[balance.authorized > 0 for balance, _ in found.values()],
        asked_at=[asked_at for _, asked_at in found.values()],
    )


async def _look_again(shop: CheckoutContext, attempt_id: UUID, listed: Iterable[ProviderPayment] = ()) -> _Look:
    """Both sides once more, one charge at a time, after the provider's answer was applied: money under way is no difference."""
    try:
        await recovery.ask_again(shop, attempt_id)
    except NotFound:
        log.warning("charge_not_known_here", attempt=str(attempt_id))
    asked_at = shop.clock()
    async with shop.database.write() as conn:
        book = await store.charge_book(conn, attempt_id)
    if book is not None and book.under_way:
        return _Look(attempt_id, None, None, asked_at)
    answers = await _asked(shop, attempt_id, book, listed)
    ours, theirs = _ours(book), _theirs(answers)
    known = theirs if book is not None else None
    if ours == theirs:
        return _Look(attempt_id, known, None, asked_at)
    number, provider_ref = book.number if book else None, answers[0].provider_ref if answers else None
    return _Look(attempt_id, known, Difference(attempt_id, number, provider_ref, ours, theirs), asked_at)


async def _asked(
    shop: CheckoutContext, attempt_id: UUID, book: ChargeBook | None, listed: Iterable[ProviderPayment]
) -> list[ProviderAnswer]:
    """What the provider says of the charge: of the payment that we know, and of every other that it has for the same attempt."""
    found: dict[str, ProviderAnswer] = {}
    ref, created_at = (book.provider_ref, book.created_at) if book is not None else (None, None)
    answer = await shop.payments.lookup(attempt_id=attempt_id, provider_ref=ref, created_at=created_at)
    if answer is not None:
        found[answer.provider_ref] = answer
    for payment in listed:
        other = await shop.payments.lookup(provider_ref=payment.provider_ref) if payment.provider_ref not in found else None
        if other is not None:
            found[other.provider_ref] = other
    return list(found.values())


def _by_attempt(payments: Iterable[ProviderPayment]) -> dict[UUID, list[ProviderPayment]]:
    """By the attempt that each is of: one that was charged twice has two. Those of no attempt are not of this shop."""
    found: dict[UUID, list[ProviderPayment]] = {}
    for payment in payments:
        with contextlib.suppress(ValueError):
            found.setdefault(UUID(payment.attempt_id or ""), []).append(payment)
    return found


def _ours(book: ChargeBook | None) -> Balance:
    if book is None:
        return NOTHING
    taken = book.amount if book.state == "succeeded" else 0
    return Balance(taken - book.refunded, book.amount if book.state == "authorized" else 0)


def _theirs(payments: Iterable[ProviderPayment | ProviderAnswer]) -> Balance:
    found = list(payments)
    authorized = sum(payment.amount for payment in found if payment.state == "authorized")
    return Balance(sum(payment.captured - payment.refunded for payment in found), authorized)

"""Adding to carts for whoever asks at the same time: one statement for all of them, each told their own outcome."""

from collections.abc import Sequence

from aiohttp import web

from storefront.cart import service, store
from storefront.cart.model import Addition, Cart
from storefront.platform.database import Connection, Database
from storefront.platform.gathering import Gathering


class Adding:
    """`await adding.add(addition)` as `service.add_line`, in a statement shared with the others that wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathered = Gathering(self._add)

    async def add(self, addition: Addition) -> Cart:
        """Raises what `service.add_line` raises."""
        service.check_addition(addition)
        cart = await self._gathered(addition)
        if cart is not None:
            return cart
        async with self._database.write() as conn:
            await service.not_added(conn, addition)
        raise AssertionError("unreachable")

    async def _add(self, additions: Sequence[Addition]) -> Sequence[Cart | None]:
        """All or none. A statement takes each cart once: where somebody is quick, there are more of them, in a transaction."""
        if len({addition.cart_id for addition in additions}) < len(additions):
            return await self._database.transaction(lambda conn: _one_after_the_other(conn, additions))
        async with self._database.write() as conn:
            carts = await store.add_lines(conn, additions)
        return [carts.get(addition.cart_id) for addition in additions]


async def _one_after_the_other(conn: Connection, additions: Sequence[Addition]) -> list[Cart | None]:
    """In order of arrival."""
    found: list[Cart | None] = [None] * len(additions)
    waiting = dict(enumerate(additions))
    while waiting:
        first = {addition.cart_id: place for place, addition in reversed(waiting.items())}
        carts = await store.add_lines(conn, [waiting[place] for place in first.values()])
        for cart_id, place in first.items():
            found[place] = carts.get(cart_id)
            del waiting[place]
    return found


ADDING = web.AppKey("adding", Adding)

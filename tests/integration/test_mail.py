"""Mail goes out once for what it tells of, says what happened, and nothing that a shopper typed makes it say something else."""

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from storefront.checkout import background
from storefront.checkout.context import CheckoutContext
from storefront.orders import after_sale
from storefront.platform import mail
from storefront.platform.mail import Mailer
from storefront.settings import Settings
from tests.buying import ADDRESS, buyer_of, offer
from tests.conftest import free_port

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Postbox:
    """A mail server's handler that keeps what it is given; it turns away the first `refusals`."""

    def __init__(self) -> None:
        self.refusals = 0
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals > 0:
            self.refusals -= 1
            return "451 Try again later"
        assert isinstance(envelope.content, bytes)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
async def postbox(settings: Settings) -> AsyncIterator[Postbox]:
    """A mail server that the shop sends through."""
    box, mails = Postbox(), settings.mail
    mails.transport, mails.smtp_host, mails.smtp_port, mails.smtp_starttls = "smtp", "127.0.0.1", free_port(), False
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box, hostname="test"), mails.smtp_host, mails.smtp_port)
    yield box
    server.close()
    await server.wait_closed()


@pytest.fixture
def mailing(shop: CheckoutContext, settings: Settings) -> CheckoutContext:
    """A shop whose jobs are all known."""
    background.register(shop, Mailer(settings))
    shop.jobs.register(mail.JOB, Mailer(settings).deliver)
    return shop


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_an_order_is_confirmed_and_its_way_is_told_by_mail(
    mailing: CheckoutContext, postbox: Postbox, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(mailing, option_id, (await offer(owner, amount=1500), 2), email="ada@mail.example")
    order = (await buyer.place()).document()
    await mailing.jobs.run_due()
    (confirmation,) = postbox.mails
    assert (confirmation["To"], confirmation["Subject"]) == ("ada@mail.example", f"Your order {order['number']}")
    for kind in ("plain", "html"):
        text = text_of(confirmation, kind)
        for said in ("€34.90", "2", ADDRESS.line1, "10115 Berlin", "Germany", order["number"]):
            assert said in text, (kind, said)
    assert order["url"] in text_of(confirmation)
    line = await owner.fetchval("SELECT id FROM order_line WHERE order_id = $1", UUID(order["id"]))
    parts = (mailing.database, mailing.payments, mailing.jobs, UUID(order["id"]))
    await after_sale.fulfill(*parts, lines={line: 2}, tracking_number="T-99", carrier="Post", actor="operator")
    await mailing.jobs.run_due()
    await after_sale.refund(*parts, amount=500, key="some", actor="operator")
    await mailing.jobs.run_due()
    _, sent, refund = postbox.mails
    assert "T-99" in text_of(sent)
    assert "€5.00" in text_of(refund)
    assert await mailing.jobs.run_due() == 0
    assert len(postbox.mails) == 3


async def test_a_declined_order_is_confirmed_by_nobody(
    mailing: CheckoutContext, postbox: Postbox, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(mailing, option_id, (await offer(owner), 1))
    await buyer.place(payment_method="pm_card_chargeDeclined")
    await mailing.jobs.run_due()
    assert postbox.mails == []


async def test_a_mail_that_is_turned_away_is_sent_later_as_the_same_mail(
    mailing: CheckoutContext, postbox: Postbox, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(mailing, option_id, (await offer(owner), 1))
    await buyer.place()
    postbox.refusals = 1
    await mailing.jobs.run_due()
    assert postbox.mails == []
    assert "451" in await owner.fetchval("SELECT error FROM job WHERE kind = 'order_mail'")
    await owner.execute("UPDATE job SET run_at = now()")
    await mailing.jobs.run_due()
    assert len(postbox.mails) == 1
    assert await owner.fetchval("SELECT count(*) FROM job") == 0


async def test_a_mail_that_never_goes_is_kept_for_the_operator_and_may_be_sent_again(
    mailing: CheckoutContext, postbox: Postbox, owner: asyncpg.Connection, option_id: int
) -> None:
    buyer = await buyer_of(mailing, option_id, (await offer(owner), 1))
    await buyer.place()
    postbox.refusals = 20
    for _ in range(20):
        await mailing.jobs.run_due()
        await owner.execute("UPDATE job SET run_at = now()")
    async with mailing.database.write() as conn:
        (dead,) = await mailing.jobs.dead_letters(conn)
        assert (dead.kind, dead.attempts) == ("order_mail", 20)
        await mailing.jobs.replay(conn, dead.id)
    await mailing.jobs.run_due()
    assert len(postbox.mails) == 1


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@evil.example", "Ada\nSubject: Free money", "Äda “Byron” <eve@evil.example>"])
def test_what_a_shopper_typed_opens_no_header(settings: Settings, name: str) -> None:
    context = {"name": name, "link": "https://shop.example/verify"}
    message = Mailer(settings).write("welcome", "ada@mail.example", context, number=1, at=NOW)
    parsed = email.message_from_bytes(message.content, policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert (parsed["To"], len(parsed.get_all("Subject", []))) == ("ada@mail.example", 1)
    assert not parsed.defects
    assert "<eve@evil.example>" not in text_of(parsed, "html"), "in the HTML part it is text, not markup"  # type: ignore[arg-type]


@pytest.mark.parametrize("to", ["", "ada", "ada@", "@mail.example", "ada@mail.example\r\nBcc: eve@evil.example", "a da@mail.example"])
def test_what_is_no_address_gets_no_mail(settings: Settings, to: str) -> None:
    with pytest.raises(ValueError):
        Mailer(settings).write("welcome", to, {"name": "Ada", "link": ""}, number=1, at=NOW)

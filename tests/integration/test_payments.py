"""Payments through the real library against the real provider process: whatever is lost on the way, one attempt is one charge."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest
import stripe

from storefront.payments import service
from storefront.payments.errors import BadSignature, ProviderUnavailable, ProviderUnknown
from storefront.payments.model import ProviderAnswer
from storefront.payments.sandbox.events import signature
from storefront.payments.sandbox.faults import FaultKind
from storefront.payments.service import Payments
from storefront.payments.stripe_client import TRIES
from storefront.payments.units import from_provider
from storefront.settings import ROOT, Settings
from tests.conftest import free_port
from tests.sandbox import Sandbox, charge_request, eventually


@pytest.fixture
async def payments(settings: Settings, provider: object) -> AsyncIterator[Payments]:
    settings.payments.timeout_ms = 3000
    made = Payments(settings)
    yield made
    await made.close()


async def test_a_good_card_pays(payments: Payments, sandbox: Sandbox) -> None:
    request = charge_request()
    answer = await payments.charge(request)
    assert (answer.state, answer.amount, answer.captured, answer.currency) == ("succeeded", 1999, 1999, "EUR")
    assert await sandbox.movements(answer.provider_ref) == [("authorize", 1999), ("capture", 1999)]
    assert await payments.lookup(attempt_id=request.attempt_id) == answer
    assert await payments.lookup(provider_ref=answer.provider_ref) == answer


@pytest.mark.parametrize(
    ("token", "code"),
    [("pm_card_chargeDeclined", "generic_decline"), ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds")],
)
async def test_a_declined_card_is_an_answer(payments: Payments, sandbox: Sandbox, token: str, code: str) -> None:
    request = charge_request(token)
    answer = await payments.charge(request)
    assert (answer.state, answer.decline_code) == ("declined", code)
    assert answer.message
    assert await payments.charge(request) == answer
    found = await payments.lookup(attempt_id=request.attempt_id)
    assert found is not None
    assert (found.state, found.decline_code, found.provider_ref) == ("declined", code, answer.provider_ref)
    assert await sandbox.movements(answer.provider_ref) == []


async def test_a_token_that_does_not_exist_is_declined(payments: Payments) -> None:
    answer = await payments.charge(charge_request("pm_nothing"))
    assert (answer.state, answer.decline_code, answer.message) == ("declined", "resource_missing", None)
    assert await payments.lookup(provider_ref=answer.provider_ref) is None


async def test_the_same_attempt_is_one_charge_however_often_it_is_sent(payments: Payments, sandbox: Sandbox) -> None:
    request = charge_request()
    outcomes = await asyncio.gather(*(payments.charge(request) for _ in range(20)), return_exceptions=True)
    known = {outcome for outcome in outcomes if isinstance(outcome, ProviderAnswer)}
    assert len(known) == 1
    assert len(await sandbox.intents_of(request.attempt_id)) == 1


async def test_an_attempt_id_belongs_to_one_request(payments: Payments) -> None:
    request = charge_request()
    await payments.charge(request)
    other = type(request)(**{name: getattr(request, name) for name in request.__struct_fields__} | {"amount": 5})
    with pytest.raises(ProviderUnknown):
        await payments.charge(other)


async def test_the_library_tells_no_log_what_it_sends_and_is_answered(
    payments: Payments, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stripe, "log", "debug")
    with caplog.at_level("DEBUG", logger="stripe"):
        answer = await payments.charge(charge_request())
    told = "".join(capfd.readouterr()) + caplog.text
    assert answer.provider_ref not in told
    assert "client_secret" not in told


# --- lost answers ----------------------------------------------------------------------------------------------------------------


async def test_an_answer_lost_after_the_capture_is_asked_for_again(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "lose_answer", "times": 1, "path": "/v1/payment_intents"}])
    request = charge_request()
    answer = await payments.charge(request)
    assert answer.state == "succeeded"
    assert len(await sandbox.intents_of(request.attempt_id)) == 1
    assert await sandbox.movements(answer.provider_ref) == [("authorize", 1999), ("capture", 1999)]


async def test_the_page_of_the_drills_tells_every_fault_and_how_to_ask_for_it(sandbox: Sandbox) -> None:
    page = (ROOT / "docs" / "drills.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert told == list(get_args(FaultKind))
    example = json.loads(re.findall(r"-d '(.*?)'", page, re.DOTALL)[0])
    await sandbox.misbehave(example["rules"], takes_a_while=example["takes_a_while"])


async def test_when_every_answer_is_lost_the_outcome_is_unknown_and_can_be_looked_up(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "lose_answer", "method": "POST"}])
    request = charge_request()
    with pytest.raises(ProviderUnknown):
        await payments.charge(request)
    await sandbox.misbehave([])
    found = await payments.lookup(attempt_id=request.attempt_id)
    assert found is not None
    assert found.state == "succeeded"
    assert await payments.charge(request) == found
    assert len(await sandbox.intents_of(request.attempt_id)) == 1


async def test_an_error_after_the_effect_is_unknown_not_failed(payments: Payments, sandbox: Sandbox) -> None:
    """As at Stripe, the key answers 500 for good; what became of the attempt is learnt by looking."""
    await sandbox.misbehave([{"fault": "error_after", "times": 1}])
    request = charge_request()
    with pytest.raises(ProviderUnknown):
        await payments.charge(request)
    found = await payments.lookup(attempt_id=request.attempt_id)
    assert found is not None
    assert found.state == "succeeded"


async def test_an_error_before_the_effect_is_overcome_by_a_repeat(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "error_before", "times": TRIES - 1}])
    assert (await payments.charge(charge_request())).state == "succeeded"


async def test_a_provider_that_is_slower_than_the_deadline_is_unknown(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "slow_after", "times": 1, "seconds": 6}])
    request = charge_request()
    with pytest.raises(ProviderUnknown):
        await payments.charge(request)
    found = await payments.lookup(attempt_id=request.attempt_id)
    assert found is not None
    assert found.state == "succeeded"


async def test_a_key_in_use_is_unknown_and_answers_later(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "slow", "times": 1, "seconds": 2.5}])
    request = charge_request()
    first = asyncio.create_task(payments.charge(request))
    await sandbox.until_struck()
    with pytest.raises(ProviderUnknown):
        await payments.charge(request)
    assert (await first).state == "succeeded"


async def test_a_rate_limited_call_surely_did_nothing(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "rate_limit", "times": 1}])
    request = charge_request()
    with pytest.raises(ProviderUnavailable):
        await payments.charge(request)
    assert await payments.lookup(attempt_id=request.attempt_id) is None


async def test_after_a_lost_answer_a_refused_repeat_is_still_unknown(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "lose_answer", "times": 1}, {"fault": "rate_limit", "method": "POST"}])
    # The first rule of a call's beginning strikes first, so the limit is put in force once the answer is lost.
    await sandbox.misbehave([{"fault": "lose_answer", "times": 1, "method": "POST"}])
    request = charge_request()
    charging = asyncio.create_task(payments.charge(request))
    await eventually(lambda: sandbox.intents_of(request.attempt_id))
    await sandbox.misbehave([{"fault": "rate_limit", "method": "POST"}])
    try:
        answer = await charging
    except ProviderUnknown:
        await sandbox.misbehave([])
        found = await payments.lookup(attempt_id=request.attempt_id)
        assert found is not None
        answer = found
    assert answer.state == "succeeded"


async def test_a_provider_that_nobody_can_reach_surely_did_nothing(settings: Settings) -> None:
    settings.payments.api_base = f"http://127.0.0.1:{free_port()}"
    away = Payments(settings)
    try:
        for _ in range(10):
            with pytest.raises(ProviderUnavailable):
                await away.charge(charge_request())
        assert away.breaker_state == "opened"
        with pytest.raises(ProviderUnavailable):
            await away.charge(charge_request())
    finally:
        await away.close()


async def test_a_wrong_api_key_surely_did_nothing(settings: Settings, provider: object) -> None:
    settings.payments.api_key = "sk_test_wrong"
    stranger = Payments(settings)
    with pytest.raises(ProviderUnavailable):
        await stranger.charge(charge_request())
    await stranger.close()


async def test_thirty_percent_lost_answers_charge_nobody_twice(payments: Payments, sandbox: Sandbox) -> None:
    await sandbox.misbehave([{"fault": "lose_answer", "rate": 0.3}])
    requests = [charge_request(amount=100 + number) for number in range(60)]

    async def until_known(request: object) -> ProviderAnswer:
        while True:
            try:
                return await payments.charge(request)  # type: ignore[arg-type]
            except (ProviderUnknown, ProviderUnavailable):
                await asyncio.sleep(0.1)

    answers = await asyncio.gather(*(until_known(request) for request in requests))
    await sandbox.misbehave([])
    assert {answer.state for answer in answers} == {"succeeded"}
    for request, answer in zip(requests, answers, strict=True):
        assert [intent["id"] for intent in await sandbox.intents_of(request.attempt_id)] == [answer.provider_ref]
        assert await sandbox.movements(answer.provider_ref) == [("authorize", request.amount), ("capture", request.amount)]


async def test_what_search_does_not_know_yet_is_found_by_listing(payments: Payments, sandbox: Sandbox) -> None:
    request, hosted = charge_request(), charge_request(None)
    answer, page = await payments.charge(request), await payments.charge(hosted)
    await sandbox.misbehave([{"fault": "search_lag", "seconds": 300}])
    assert await payments.lookup(attempt_id=request.attempt_id) == answer
    assert await payments.lookup(attempt_id=hosted.attempt_id) == page
    assert await payments.lookup(attempt_id=uuid.uuid4()) is None


async def test_where_there_is_too_much_to_list_search_is_believed_of_what_is_older_than_its_lag(
    payments: Payments, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_LISTED", 100)
    requests = [charge_request() for _ in range(101)]
    await asyncio.gather(*(payments.charge(request) for request in requests))
    await sandbox.misbehave([{"fault": "search_lag", "seconds": 300}])
    now, never_made = datetime.now(UTC), uuid.uuid4()
    for young in (None, now, now - service.SEARCH_LAG + timedelta(minutes=1)):
        with pytest.raises(ProviderUnknown):
            await payments.lookup(attempt_id=never_made, created_at=young)
    assert await payments.lookup(attempt_id=never_made, created_at=now - service.SEARCH_LAG) is None
    behind_them_all = now + 2 * service.CLOCKS_DIFFER
    assert await payments.lookup(attempt_id=never_made, created_at=behind_them_all) is None


# --- the shopper acts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("button", "state"), [("approve", "succeeded"), ("deny", "declined")])
async def test_a_card_that_asks_back_waits_for_the_shopper(payments: Payments, sandbox: Sandbox, button: str, state: str) -> None:
    request = charge_request("pm_card_threeDSecure2Required")
    waiting = await payments.charge(request)
    assert waiting.state == "requires_action"
    assert waiting.redirect_url
    assert await sandbox.movements(waiting.provider_ref) == []
    status, page = await sandbox.page(waiting.redirect_url)
    assert status == 200
    assert "€19.99" in page
    status, back, _ = await sandbox.send(waiting.redirect_url, answer=button)
    assert status == 303
    assert back.startswith(request.return_url + "&payment_intent=")
    answer = await payments.lookup(provider_ref=waiting.provider_ref)
    assert answer is not None
    assert answer.state == state
    _, again, _ = await sandbox.send(waiting.redirect_url, answer="approve")
    assert again == back


async def test_a_confirmation_page_is_shown_to_its_shopper_only(payments: Payments, sandbox: Sandbox) -> None:
    waiting = await payments.charge(charge_request("pm_card_authenticationRequired"))
    assert waiting.redirect_url
    url = waiting.redirect_url.partition("?")[0]
    assert (await sandbox.page(url))[0] == 404
    assert (await sandbox.send(f"{url}?key=x", answer="approve"))[0] == 404


async def test_without_a_token_the_shopper_pays_on_the_providers_page(payments: Payments, sandbox: Sandbox) -> None:
    request = charge_request(None)
    waiting = await payments.charge(request)
    assert (waiting.state, waiting.amount, await payments.charge(request)) == ("requires_action", 1999, waiting)
    assert waiting.redirect_url
    status, page = await sandbox.page(waiting.redirect_url)
    assert status == 200
    assert "€19.99" in page
    assert "No real money" in page
    status, back, _ = await sandbox.pay(waiting.redirect_url)
    assert (status, back) == (303, request.return_url)
    for answer in (
        await payments.lookup(provider_ref=waiting.provider_ref),
        await payments.lookup(attempt_id=request.attempt_id),
        await payments.charge(request),
    ):
        assert answer is not None
    answer = await payments.lookup(provider_ref=waiting.provider_ref)
    assert answer is not None
    assert (answer.state, answer.captured) == ("succeeded", 1999)
    assert answer.provider_ref.startswith("pi_")
    assert await payments.lookup(attempt_id=request.attempt_id) == answer


async def test_after_a_declined_card_the_page_lets_the_shopper_try_another(payments: Payments, sandbox: Sandbox) -> None:
    request = charge_request(None)
    waiting = await payments.charge(request)
    assert waiting.redirect_url
    status, _, page = await sandbox.pay(waiting.redirect_url, "4000 0000 0000 9995")
    assert status == 402
    assert "insufficient funds" in page
    for found in (await payments.lookup(attempt_id=request.attempt_id), await payments.lookup(provider_ref=waiting.provider_ref)):
        assert found is not None
        assert (found.state, found.provider_ref, found.redirect_url) == ("requires_action", waiting.provider_ref, waiting.redirect_url)
    assert (await sandbox.pay(waiting.redirect_url))[0] == 303
    answer = await payments.lookup(attempt_id=request.attempt_id)
    assert answer is not None
    assert answer.state == "succeeded"
    assert await sandbox.movements(answer.provider_ref) == [("authorize", 1999), ("capture", 1999)]


async def test_a_page_that_is_cancelled_takes_no_money_any_more(payments: Payments, sandbox: Sandbox) -> None:
    waiting = await payments.charge(charge_request(None))
    assert waiting.redirect_url
    assert (await payments.cancel(waiting.provider_ref, "end-1")).state == "cancelled"
    status, _, page = await sandbox.pay(waiting.redirect_url)
    assert status == 200
    assert "This page is closed" in page
    found = await payments.lookup(provider_ref=waiting.provider_ref)
    assert found is not None
    assert found.state == "cancelled"


async def test_a_page_that_was_paid_cannot_be_cancelled(payments: Payments, sandbox: Sandbox) -> None:
    waiting = await payments.charge(charge_request(None))
    assert waiting.redirect_url
    await sandbox.pay(waiting.redirect_url)
    answer = await payments.cancel(waiting.provider_ref, "end-2")
    assert (answer.state, answer.captured) == ("succeeded", 1999)


async def test_the_hosted_page_can_ask_back_too(payments: Payments, sandbox: Sandbox) -> None:
    request = charge_request(None)
    waiting = await payments.charge(request)
    assert waiting.redirect_url
    status, confirm, _ = await sandbox.pay(waiting.redirect_url, "4000 0025 0000 3155")
    assert status == 303
    _, back, _ = await sandbox.send(confirm, answer="approve")
    assert back == request.return_url
    answer = await payments.lookup(provider_ref=waiting.provider_ref)
    assert answer is not None
    assert answer.state == "succeeded"


# --- after the charge ------------------------------------------------------------------------------------------------------------


async def test_money_can_be_authorized_now_and_captured_later(payments: Payments, sandbox: Sandbox) -> None:
    held = await payments.charge(charge_request(capture_later=True))
    assert (held.state, held.captured) == ("authorized", 0)
    for _ in range(2):
        taken = await payments.capture(held.provider_ref, 1999, "EUR", "capture-" + held.provider_ref)
        assert (taken.state, taken.captured) == ("succeeded", 1999)
    assert (await payments.capture(held.provider_ref, 1999, "EUR", "another key")).state == "succeeded"
    assert await sandbox.movements(held.provider_ref) == [("authorize", 1999), ("capture", 1999)]


async def test_an_authorization_is_released(payments: Payments, sandbox: Sandbox) -> None:
    held = await payments.charge(charge_request(capture_later=True))
    assert (await payments.cancel(held.provider_ref, "void-" + held.provider_ref)).state == "cancelled"
    assert (await payments.cancel(held.provider_ref, "again-" + held.provider_ref)).state == "cancelled"
    assert (await payments.capture(held.provider_ref, 1999, "EUR", "late-" + held.provider_ref)).state == "cancelled"
    assert await sandbox.movements(held.provider_ref) == [("authorize", 1999), ("release", 1999)]


async def test_a_capture_whose_answer_was_lost_is_one_capture(payments: Payments, sandbox: Sandbox) -> None:
    held = await payments.charge(charge_request(capture_later=True))
    await sandbox.misbehave([{"fault": "lose_answer", "times": 1}])
    assert (await payments.capture(held.provider_ref, 1999, "EUR", "lost-" + held.provider_ref)).state == "succeeded"
    assert await sandbox.movements(held.provider_ref) == [("authorize", 1999), ("capture", 1999)]


async def test_refunds_in_parts_never_exceed_the_charge(payments: Payments, sandbox: Sandbox) -> None:
    paid = await payments.charge(charge_request())
    first = await payments.refund(paid.provider_ref, 500, "EUR", "r1-" + paid.provider_ref)
    assert (first.state, first.amount, first.refunded) == ("succeeded", 500, 500)
    assert await payments.refund(paid.provider_ref, 500, "EUR", "r1-" + paid.provider_ref) == first
    refused = await payments.refund(paid.provider_ref, 1500, "EUR", "r2-" + paid.provider_ref)
    assert (refused.state, refused.decline_code) == ("declined", "amount_too_large")
    assert refused.provider_ref == f"none_r2-{paid.provider_ref}"
    await payments.refund(paid.provider_ref, 1499, "EUR", "r3-" + paid.provider_ref)
    now = await payments.lookup(provider_ref=paid.provider_ref)
    assert now is not None
    assert now.refunded == 1999
    assert [entry for entry in await sandbox.movements(paid.provider_ref) if entry[0] == "refund"] == [("refund", 500), ("refund", 1499)]


async def test_a_refund_is_known_by_its_key_even_when_the_provider_has_forgotten_the_key(payments: Payments, sandbox: Sandbox) -> None:
    paid = await payments.charge(charge_request())
    _, made = await sandbox.call(
        "POST", "/v1/refunds", {"payment_intent": paid.provider_ref, "amount": "500", "metadata[key]": "old-" + paid.provider_ref}
    )
    answer = await payments.refund(paid.provider_ref, 500, "EUR", "old-" + paid.provider_ref)
    assert answer.provider_ref == made["id"]
    assert len([entry for entry in await sandbox.movements(paid.provider_ref) if entry[0] == "refund"]) == 1


async def test_a_refund_may_take_a_while(payments: Payments, sandbox: Sandbox) -> None:
    paid = await payments.charge(charge_request("pm_card_pendingRefund"))
    key = "slow-" + paid.provider_ref
    answer = await payments.refund(paid.provider_ref, 1999, "EUR", key)
    assert answer.state == "processing"

    async def done() -> bool:
        return (await payments.refund(paid.provider_ref, 1999, "EUR", key)).state == "succeeded"

    await eventually(done)
    found = await payments.lookup(provider_ref=answer.provider_ref)
    assert found is not None
    assert found.state == "succeeded"


@pytest.mark.parametrize(
    ("token", "state"), [("pm_usBankAccount_success", "succeeded"), ("pm_usBankAccount_insufficientFunds", "declined")]
)
async def test_a_payment_may_take_a_while(payments: Payments, sandbox: Sandbox, token: str, state: str) -> None:
    waiting = await payments.charge(charge_request(token))
    assert waiting.state == "processing"

    async def ended() -> ProviderAnswer | None:
        found = await payments.lookup(provider_ref=waiting.provider_ref)
        return found if found is not None and found.state != "processing" else None

    assert (await eventually(ended)).state == state


@pytest.mark.parametrize(
    ("currency", "amount", "there"),
    [("EUR", 1999, 1999), ("JPY", 1999, 1999), ("KWD", 1990, 1990), ("ISK", 1999, 199900), ("RSD", 1999, 199900), ("UGX", 1999, 199900)],
)
async def test_an_amount_is_the_same_money_at_the_provider_in_whatever_units_it_counts(
    payments: Payments, sandbox: Sandbox, currency: str, amount: int, there: int
) -> None:
    """Stripe gives two decimals to currencies that have none elsewhere."""
    request = msgspec.structs.replace(charge_request(amount=amount, capture_later=True), currency=currency)
    held = await payments.charge(request)
    assert (held.state, held.amount, held.currency) == ("authorized", amount, currency)
    taken = await payments.capture(held.provider_ref, amount, currency, f"capture-{held.provider_ref}")
    assert (taken.state, taken.captured) == ("succeeded", amount)
    given = await payments.refund(held.provider_ref, 500, currency, f"refund-{held.provider_ref}")
    assert (given.state, given.amount, given.currency) == ("succeeded", 500, currency)
    part = 500 * there // amount
    assert await sandbox.movements(held.provider_ref) == [("authorize", there), ("capture", there), ("refund", part)]
    found = await payments.lookup(provider_ref=held.provider_ref)
    assert found is not None
    assert (found.captured, found.refunded) == (amount, 500)
    page = await payments.charge(msgspec.structs.replace(request, attempt_id=uuid.uuid4(), payment_method=None))
    assert (page.state, page.amount) == ("requires_action", amount)
    _, session = await sandbox.call("GET", f"/v1/checkout/sessions/{page.provider_ref}")
    assert session["amount_total"] == there


def test_what_the_shop_has_no_unit_for_is_seen_to_differ() -> None:
    assert from_provider(199950, "ISK") == 2000
    assert from_provider(1, "ISK") == 1


async def test_every_payment_of_the_provider_can_be_listed(payments: Payments) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    requests = [charge_request(amount=700 + number) for number in range(105)]
    await asyncio.gather(*(payments.charge(request) for request in requests))
    listed = {payment.attempt_id: payment for payment in await payments.list_payments(since)}
    for request in requests:
        payment = listed[str(request.attempt_id)]
        assert (payment.state, payment.captured, payment.order_number) == ("succeeded", request.amount, "SF-1")


# --- webhooks --------------------------------------------------------------------------------------------------------------------

BODY = b'{"id":"evt_1","object":"event","type":"payment_intent.succeeded","created":1700000000,"data":{"object":{"id":"pi_1"}}}'


def test_a_signed_event_is_read(settings: Settings) -> None:
    header = signature(settings.payments.webhook_secret, BODY, int(datetime.now(UTC).timestamp()))
    assert stripe.Webhook.construct_event(BODY, header, settings.payments.webhook_secret).id == "evt_1"
    event = Payments(settings).verify_webhook(BODY, header)
    assert (event.id, event.kind, event.object_ref, event.created.year) == ("evt_1", "payment_intent.succeeded", "pi_1", 2023)


@pytest.mark.parametrize(
    ("body", "secret", "age"),
    [
        (BODY.replace(b"pi_1", b"pi_2"), None, 0),
        (BODY, "whsec_other", 0),
        (BODY, None, 301),
        (b"{}", None, 0),
        (b"\xff", None, 0),
        (b"[]", None, 0),
    ],
)
def test_an_event_that_is_forged_old_or_malformed_is_refused(settings: Settings, body: bytes, secret: str | None, age: int) -> None:
    at = int(datetime.now(UTC).timestamp()) - age
    given = BODY if body.startswith(b'{"id"') else body
    header = signature(secret or settings.payments.webhook_secret, given, at)
    with pytest.raises(BadSignature):
        Payments(settings).verify_webhook(body, header)


@pytest.mark.parametrize("header", ["", "t=1", "v1=abc", "t=x,v1=y", "nonsense", "t=99999999999999999999,v1=00"])
def test_a_malformed_signature_is_refused(settings: Settings, header: str) -> None:
    with pytest.raises(BadSignature):
        Payments(settings).verify_webhook(BODY, header)


def test_the_browser_is_sent_to_the_configured_provider(settings: Settings) -> None:
    sandbox = Payments(settings)
    assert sandbox.browser_config()["script_url"] == f"{settings.provider_base}/v3/"
    assert sandbox.browser_origins() == (settings.provider_base,)
    settings.payments.provider = "stripe"
    live = Payments(settings)
    assert live.browser_config()["origin"] == "https://js.stripe.com"
    assert "https://checkout.stripe.com" in live.browser_origins()

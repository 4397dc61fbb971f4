"""The cards that the sandbox knows, named and numbered as Stripe's test cards are. Any other number is refused: no real card is ever used.

Source: Stripe documentation, "Testing".
"""

from typing import Literal

import msgspec

Outcome = Literal["approve", "decline", "authenticate", "authenticate_then_decline", "process", "process_then_fail"]
RefundOutcome = Literal["succeed", "pending", "fail"]


class SandboxCard(msgspec.Struct, frozen=True):
    """How a card behaves. `code` and `decline_code` are what a declined one answers; what a `disputed` one paid its bank asks back."""

    brand: str
    last4: str
    outcome: Outcome = "approve"
    code: str = "card_declined"
    decline_code: str = "generic_decline"
    message: str = "Your card was declined."
    refund: RefundOutcome = "succeed"
    disputed: bool = False


def _declined(last4: str, code: str, decline_code: str, message: str) -> SandboxCard:
    return SandboxCard("visa", last4, "decline", code, decline_code, message)


INSUFFICIENT = "Your card has insufficient funds."

CARDS: dict[str, SandboxCard] = {
    "4242424242424242": SandboxCard("visa", "4242"),
    "4000056655665556": SandboxCard("visa", "5556"),
    "5555555555554444": SandboxCard("mastercard", "4444"),
    "378282246310005": SandboxCard("amex", "0005"),
    "4000000000000002": _declined("0002", "card_declined", "generic_decline", "Your card was declined."),
    "4000000000009995": _declined("9995", "card_declined", "insufficient_funds", INSUFFICIENT),
    "4000000000009987": _declined("9987", "card_declined", "lost_card", "Your card was declined."),
    "4000000000009979": _declined("9979", "card_declined", "stolen_card", "Your card was declined."),
    "4000000000000069": _declined("0069", "expired_card", "expired_card", "Your card has expired."),
    "4000000000000127": _declined("0127", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    "4000000000000119": _declined("0119", "processing_error", "processing_error", "The card could not be processed. Try again."),
    "4000002500003155": SandboxCard("visa", "3155", "authenticate"),
    "4000002760003184": SandboxCard("visa", "3184", "authenticate"),
    "4000000000003220": SandboxCard("visa", "3220", "authenticate"),
    "4000008400001629": SandboxCard("visa", "1629", "authenticate_then_decline"),
    "4000000000007726": SandboxCard("visa", "7726", refund="pending"),
    "4000000000005126": SandboxCard("visa", "5126", refund="fail"),
    "4000000000000259": SandboxCard("visa", "0259", disputed=True),
    # Ours: a payment that takes a while, as bank debits do, and then succeeds or fails.
    "4000000000080004": SandboxCard("visa", "0004", "process"),
    "4000000000080012": SandboxCard("visa", "0012", "process_then_fail", decline_code="insufficient_funds", message=INSUFFICIENT),
}

_NUMBERS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_visa_debit": "4000056655665556",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_visa_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_threeDSecureRequired": "4000000000003220",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_threeDSecureRequiredChargeDeclined": "4000008400001629",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_createDispute": "4000000000000259",
    "pm_usBankAccount_success": "4000000000080004",
    "pm_usBankAccount_insufficientFunds": "4000000000080012",
}
TOKENS: dict[str, SandboxCard] = {token: CARDS[number] for token, number in _NUMBERS.items()}
"""Payment methods that need no browser."""

NOT_A_TEST_CARD = _declined(
    "0000",
    "card_declined",
    "test_mode_live_card",
    "This is a sandbox and no test card. Use 4242 4242 4242 4242; never enter a real card here.",
)

HINTS = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0025 0000 3155", "asks for confirmation first"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0008 0004", "takes a few seconds, then pays"),
)
"""(number, what it does), as the payment page shows them."""

BY_LAST4: dict[str, SandboxCard] = {card.last4: card for card in (*CARDS.values(), NOT_A_TEST_CARD)}
"""How a kept payment method behaves: its last four digits are all that is kept of a number."""


def digits(text: str) -> str:
    """A card number without what people put between the digits."""
    return "".join(character for character in text if character.isdecimal())


def luhn(number: str) -> bool:
    """Whether the check digit fits."""
    total = 0
    for position, character in enumerate(reversed(number)):
        value = int(character)
        if position % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return 12 <= len(number) <= 19 and total % 10 == 0

"""How the provider misbehaves when it is told to. Rules live in memory: a restarted provider is well again."""

import random
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

FaultKind = Literal[
    "lose_answer",  # the effect happens, the connection is closed without an answer
    "error_before",  # 500, nothing happened
    "error_after",  # 500, the effect happened; a repeat with the same key answers 500 again, as Stripe does
    "rate_limit",  # 429, nothing happened
    "refuse",  # 400, nothing happened
    "slow",  # waits `seconds`, then acts and answers
    "slow_after",  # acts, waits `seconds`, then answers
    "search_lag",  # search does not find what is younger than `seconds`
    "webhook_double",  # each event is delivered twice
    "webhook_reorder",  # each delivery is put off by a random part of `seconds`
    "webhook_delay",  # each delivery is put off by `seconds`
    "webhook_drop",  # events are made, but not delivered
    "webhook_forge",  # beside each event comes a forged one, with another amount and a wrong signature
]


class FaultRule(msgspec.Struct, forbid_unknown_fields=True):
    """A fault that befalls calls whose method and path fit (empty: all), at `rate`, at most `times` times.

    For webhooks, `path` is compared with the event's type.
    """

    fault: FaultKind
    rate: Annotated[float, Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    method: str = ""
    path: str = ""
    seconds: Annotated[float, Meta(ge=0, le=86400)] = 1.0


class Faults:
    """The rules in force. The first that fits and strikes counts."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def strike(self, method: str, path: str, kinds: tuple[FaultKind, ...]) -> FaultRule | None:
        """The fault that befalls this call, if any; uses up one of its times."""
        for rule in self.rules:
            if rule.fault not in kinds or rule.times == 0:
                continue
            if (rule.method and rule.method != method) or not path.startswith(rule.path):
                continue
            if random.random() < rule.rate:  # noqa: S311
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

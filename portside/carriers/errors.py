"""The one way in which a carrier's call fails."""

from __future__ import annotations

from typing import Literal

ErrorKind = Literal["auth", "input", "unserviceable", "rate_limited", "timeout_unknown", "carrier_down", "bug"]

RETRYABLE: frozenset[ErrorKind] = frozenset({"rate_limited", "carrier_down"})


class CarrierError(Exception):
    """A carrier's refusal or failure. `text` is fit to be shown in `messages[]`; `trace` is for our log, redacted.

    `timeout_unknown` means that we sent and do not know: a purchase stays QUEUED until `settle` (law 4).
    """

    def __init__(self, kind: ErrorKind, text: str, *, code: str = "", trace: str = "") -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
        self.code = code
        self.trace = trace

    @property
    def retryable(self) -> bool:
        """Whether the same safe call may work later."""
        return self.kind in RETRYABLE

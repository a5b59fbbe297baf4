"""Magic inputs: the words by which a test or a demo asks the simulated world to misbehave or to tell another story.

They are read from free text that reaches a carrier: a shipment's or transaction's `metadata`, `extra.reference_1`, the
recipient's company or second street line. Several may stand in one text; `describe` lists them all.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from portside.simulator.stories import DEFAULT_STORY, STORIES

Operation = Literal["rates", "buy", "void", "track", "pickup", "manifest", "validate"]
Failure = Literal[
    "auth",
    "input",
    "unserviceable",
    "rate_limited",
    "timeout_unknown_bought",
    "timeout_unknown_lost",
    "carrier_down",
    "unreadable",
    "dropped",
]

# A simulated carrier that is slower than this would only block a worker.
LONGEST_SLOWNESS_SECONDS = 60


class MagicCode(msgspec.Struct, frozen=True):
    """One magic word: at which operation it works and what happens there."""

    code: str
    operation: Operation
    failure: Failure
    effect: str


class Wishes(msgspec.Struct, frozen=True):
    """What a shipment's texts ask for. `unknown` holds words that begin like magic and mean nothing: refuse them."""

    faults: tuple[MagicCode, ...] = ()
    slow_seconds: int = 0
    story: str = DEFAULT_STORY
    unknown: tuple[str, ...] = ()

    def failure_at(self, operation: Operation) -> MagicCode | None:
        """The first fault asked for at this operation."""
        return next((fault for fault in self.faults if fault.operation == operation), None)


_CODES = (
    MagicCode("SIM_NO_RATES", "rates", "unserviceable", "The carrier offers nothing for this shipment."),
    MagicCode("SIM_RATES_REFUSE", "rates", "input", "The carrier dislikes the shipment's data when it is rated."),
    MagicCode("SIM_RATES_AUTH", "rates", "auth", "The carrier refuses the account's credentials when it is rated."),
    MagicCode("SIM_RATES_LIMITED", "rates", "rate_limited", "The carrier answers 429 when it is rated."),
    MagicCode("SIM_RATES_DOWN", "rates", "carrier_down", "The carrier answers 503 when it is rated."),
    MagicCode("SIM_REFUSE", "buy", "input", "The carrier refuses to make the label."),
    MagicCode("SIM_AUTH", "buy", "auth", "The carrier refuses the account's credentials when the label is bought."),
    MagicCode("SIM_UNSERVICEABLE", "buy", "unserviceable", "The service of the rate is no longer offered."),
    MagicCode("SIM_LIMITED", "buy", "rate_limited", "The carrier answers 429 and makes no label."),
    MagicCode("SIM_DOWN", "buy", "carrier_down", "The carrier answers 503 and makes no label."),
    MagicCode("SIM_UNREADABLE", "buy", "unreadable", "The carrier answers HTML where JSON is due and makes no label."),
    MagicCode("SIM_DROPPED", "buy", "dropped", "The connection breaks before the carrier has read the request."),
    MagicCode(
        "SIM_TIMEOUT_UNKNOWN_BOUGHT",
        "buy",
        "timeout_unknown_bought",
        "The carrier makes the label but its answer never arrives.",
    ),
    MagicCode(
        "SIM_TIMEOUT_UNKNOWN_LOST",
        "buy",
        "timeout_unknown_lost",
        "The carrier makes no label and never answers.",
    ),
    MagicCode("SIM_VOID_REFUSE", "void", "input", "The carrier refuses to void the label."),
    MagicCode("SIM_VOID_DOWN", "void", "carrier_down", "The carrier answers 503 when the label is voided."),
    MagicCode("SIM_TRACK_DOWN", "track", "carrier_down", "The carrier answers 503 when it is asked for scans."),
    MagicCode("SIM_PICKUP_REFUSE", "pickup", "input", "The carrier refuses to come."),
    MagicCode("SIM_MANIFEST_REFUSE", "manifest", "input", "The carrier refuses the manifest."),
    MagicCode("SIM_ADDRESS_INVALID", "validate", "input", "The carrier says that the address does not exist."),
)  # fmt: skip

CODES: dict[str, MagicCode] = {code.code: code for code in _CODES}
STORY_CODES: dict[str, str] = {f"SIM_STORY_{name.upper()}": name for name in STORIES}
SLOW_PATTERN = "SIM_SLOW_<n>S"

_WORD = re.compile(r"(?<![A-Z0-9_])SIM_[A-Z0-9_]+")
_SLOW = re.compile(r"SIM_SLOW_(\d{1,4})S", re.ASCII)


def read_wishes(*texts: str) -> Wishes:
    """Find the magic words in `texts`, in any case of letters. The last story and the longest slowness win."""
    faults: list[MagicCode] = []
    unknown: list[str] = []
    story, slow = DEFAULT_STORY, 0
    for word in (word for text in texts for word in _WORD.findall(text.upper())):
        slowness = _SLOW.fullmatch(word)
        if word in CODES:
            faults.append(CODES[word])
        elif word in STORY_CODES:
            story = STORY_CODES[word]
        elif slowness is not None:
            slow = max(slow, min(int(slowness.group(1)), LONGEST_SLOWNESS_SECONDS))
        else:
            unknown.append(word)
    return Wishes(tuple(dict.fromkeys(faults)), slow, story, tuple(dict.fromkeys(unknown)))


def describe() -> list[tuple[str, str, str]]:
    """Every magic word as (word, operation, effect), for the documentation and the demo page."""
    faults = [(code.code, code.operation, code.effect) for code in CODES.values()]
    slow = (SLOW_PATTERN, "all", f"Every answer takes n seconds, at most {LONGEST_SLOWNESS_SECONDS}.")
    stories = [(word, "track", STORIES[name].tells) for word, name in STORY_CODES.items()]
    return [*faults, slow, *stories]

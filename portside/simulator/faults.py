"""How a simulated carrier fails when a magic word asks it to."""

from __future__ import annotations

import asyncio

from portside.simulator.magic import MagicCode
from portside.simulator.requests import Refused

# A carrier that never answers is given up by any caller long before.
SILENCE = 300.0

_STATUSES = {"auth": 401, "input": 400, "unserviceable": 422, "rate_limited": 429, "carrier_down": 503}


class Misbehaved(Exception):
    """No answer that could be read: `unreadable` (a page for people), `dropped`, `timeout_unknown_lost`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


async def fail(fault: MagicCode | None) -> None:
    """Do as the magic word says. Raises Refused, Misbehaved."""
    if fault is None:
        return
    if fault.failure in _STATUSES:
        raise Refused(_STATUSES[fault.failure], fault.failure, f"{fault.effect} ({fault.code})")
    if fault.failure == "timeout_unknown_lost":
        await asyncio.sleep(SILENCE)
    raise Misbehaved(fault.failure)

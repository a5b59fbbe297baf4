"""How a simulated carrier tells us of news: a small signed document, as a carrier would post it to our hook."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from portside.simulator.parcels import SimulatedParcel

SIGNATURE_HEADER = "x-simulated-carrier-signature"

# Signs a body: HMAC under a key that the carrier and our adapter share.
Sign = Callable[[bytes], str]
# Takes a push to us: carrier, headers (names in lower case), body.
Deliver = Callable[[str, Mapping[str, str], bytes], Awaitable[None]]


def push_of(parcel: SimulatedParcel, happened: int, sign: Sign) -> tuple[dict[str, str], bytes]:
    """(headers, body) of the push after the first `happened` scans; the same ones whenever it is repeated."""
    body = msgspec.json.encode(
        {
            "event_id": f"{parcel.tracking_number}-{parcel.story}-{happened}",
            "tracking_number": parcel.tracking_number,
        }
    )
    return {"content-type": "application/json", SIGNATURE_HEADER: sign(body)}, body

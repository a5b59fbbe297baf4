"""The simulated UPS. Service tokens are Shippo's (service_levels.py); limits are those of UPS's parcels: 150 lb, 50
pieces."""

from __future__ import annotations

from portside.carriers.contract import Limits
from portside.carriers.simulated.adapter import Profile, SimulatedCarrier, Verify
from portside.carriers.simulated.port import CarrierHost

_PROFILE = Profile(
    token="ups",  # noqa: S106 - a carrier's name, no secret
    name="UPS",
    services={
        "ups_ground": "Ground",
        "ups_3_day_select": "3 Day Select®",
        "ups_second_day_air": "2nd Day Air®",
        "ups_second_day_air_am": "2nd Day Air® A.M.",
        "ups_next_day_air_saver": "Next Day Air Saver®",
        "ups_next_day_air": "Next Day Air®",
        "ups_next_day_air_early_am": "Next Day Air® Early",
        "ups_standard": "Standard℠",
        "ups_expedited": "Expedited®",
        "ups_saver": "Saver®",
        "ups_express": "Express®",
        "ups_express_plus": "Express Plus®",
    },
    limits=Limits(parcel_grams=68_039, parcels=50, address_line_length=35),
    tracking_page="https://www.ups.com/track?tracknum=",
    capabilities=frozenset(
        {
            "rates",
            "labels",
            "find_by_reference",
            "void",
            "track",
            "push",
            "multi_piece",
            "returns",
            "international",
            "insurance",
            "saturday_delivery",
            "signature",
            "cod",
        }
    ),
)


def ups(host: CarrierHost, verify: Verify) -> SimulatedCarrier:
    """The adapter in front of `host`; `verify` checks the signature of pushes."""
    return SimulatedCarrier(_PROFILE, host, verify)

"""The simulated USPS. Service tokens are Shippo's (service_levels.py); weights are the Domestic Mail Manual's 70 lb."""

from __future__ import annotations

from portside.carriers.contract import Limits
from portside.carriers.simulated.adapter import Profile, SimulatedCarrier, Verify
from portside.carriers.simulated.port import CarrierHost

_PROFILE = Profile(
    token="usps",  # noqa: S106 - a carrier's name, no secret
    name="USPS",
    services={
        "usps_ground_advantage": "Ground Advantage",
        "usps_priority": "Priority Mail",
        "usps_priority_express": "Priority Mail Express",
        "usps_first_class_package_international_service": "First Class Package International",
        "usps_priority_mail_international": "Priority Mail International",
        "usps_priority_mail_express_international": "Priority Mail Express International",
    },
    limits=Limits(parcel_grams=31_752, parcels=1, address_line_length=50),
    tracking_page="https://tools.usps.com/go/TrackConfirmAction_input?origTrackNum=",
    capabilities=frozenset(
        {
            "rates",
            "labels",
            "find_by_reference",
            "void",
            "track",
            "push",
            "returns",
            "international",
            "insurance",
            "signature",
            "manifest",
            "pickup",
        }
    ),
)


def usps(host: CarrierHost, verify: Verify) -> SimulatedCarrier:
    """The adapter in front of `host`; `verify` checks the signature of pushes."""
    return SimulatedCarrier(_PROFILE, host, verify)

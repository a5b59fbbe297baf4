"""Every carrier and service level that Shippo's API has a token for: what may be asked for, not what works here.

Which carriers this process can really call is registry.py's. Source: the official Python SDK 4.0.0 of the Shippo API
(OpenAPI document 2018-02-08, read November 2026), carriersenum.py: 59 tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from portside.carriers.registry import adapters
from portside.carriers.service_levels import SHEET

CARRIERS: Mapping[str, str] = {
    "airterra": "Airterra",
    "apc_postal": "APC Postal",
    "apg": "APG",
    "aramex": "Aramex",
    "asendia_us": "Asendia US",
    "australia_post": "Australia Post",
    "axlehire": "Jitsu",
    "better_trucks": "BetterTrucks",
    "borderguru": "BorderGuru",
    "boxberry": "Boxberry",
    "bring": "Bring",
    "canada_post": "Canada Post",
    "cdl": "CDL",
    "chronopost": "Chronopost",
    "collect_plus": "CollectPlus",
    "correios_br": "CorreiosBR",
    "correos_espana": "Correos España",
    "colissimo": "Colissimo",
    "deutsche_post": "Deutsche Post",
    "dhl_benelux": "DHL Benelux",
    "dhl_ecommerce": "DHL eCommerce",
    "dhl_express": "DHL Express",
    "dhl_germany_c2c": "DHL Germany C2C",
    "dhl_germany": "DHL Germany",
    "dpd_de": "DPD GERMANY",
    "dpd_uk": "DPD UK",
    "estafeta": "Estafeta",
    "fastway_australia": "Aramex",
    "fedex": "FedEx",
    "globegistics": "Globegistics",
    "gls_us": "GLS US",
    "gophr": "Gophr",
    "gso": "GSO",
    "hermes_germany_b2c": "Hermes Germany B2C",
    "hermes_uk": "Evri UK",
    "hongkong_post": "Hongkong Post",
    "lasership": "LaserShip",
    "lso": "LSO",
    "mondial_relay": "Mondial Relay",
    "new_zealand_post": "New Zealand Post",
    "nippon_express": "Nippon Express",
    "ontrac": "OnTrac",
    "parcelforce": "Parcelforce",
    "passport": "Passport",
    "pcf": "PCF",
    "poste_italiane": "Poste Italiane",
    "posti": "Posti",
    "purolator": "Purolator",
    "royal_mail": "Royal Mail",
    "rr_donnelley": "ePost Global",
    "russian_post": "Russian Post",
    "sendle": "Sendle",
    "skypostal": "SkyPostal",
    "stuart": "Stuart",
    "swyft": "Swyft",
    "uds": "UDS (United Delivery Service)",
    "ups": "UPS",
    "usps": "USPS",
    "veho": "Veho",
}

# Registration knows this carrier by another token than everything else does.
ALIASES: Mapping[str, str] = {"correos": "correos_espana"}

# Their services are all rated for pay-on-use returns; elsewhere only services that are called returns are.
_RETURNS = frozenset({"usps", "ups", "fedex"})


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One service of a carrier, by its token and its name."""

    token: str
    name: str
    supports_return_labels: bool


def carrier_token(text: str) -> str | None:
    """The carrier a client names, in any case: in the catalogue, or one that this process has an adapter for."""
    token = text.strip().lower()
    token = ALIASES.get(token, token)
    return token if token in CARRIERS or token in adapters() else None


def carrier_name(token: str) -> str:
    """The display name of a carrier token, which is also the `provider` of its rates; the token itself if unknown."""
    adapter = adapters().get(token)
    return adapter.name if adapter is not None else CARRIERS.get(token, token)


def service_levels(token: str) -> tuple[ServiceLevel, ...]:
    """The services of a carrier: the catalogue's, then those that only our adapter knows."""
    known = _catalogue().get(token, ())
    adapter = adapters().get(token)
    if adapter is None:
        return known
    tokens = {service.token for service in known}
    return known + tuple(_service(token, key, name) for key, name in adapter.services.items() if key not in tokens)


@lru_cache(maxsize=1)
def _catalogue() -> Mapping[str, tuple[ServiceLevel, ...]]:
    found: dict[str, tuple[ServiceLevel, ...]] = {}
    carrier = ""
    for line in SHEET.strip().splitlines():
        if not line.startswith(" "):
            carrier = line
            continue
        token, _, name = line.strip().partition("  ")
        found[carrier] = (*found.get(carrier, ()), _service(carrier, token, name))
    return found


def _service(carrier: str, token: str, name: str) -> ServiceLevel:
    returns = carrier in _RETURNS or "return" in token
    return ServiceLevel(token=token, name=name, supports_return_labels=returns)

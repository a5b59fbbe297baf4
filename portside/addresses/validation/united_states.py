"""Addresses that the United States Postal Service delivers to: states, territories, military mail."""

from __future__ import annotations

import re
import unicodedata

import msgspec

from portside.addresses.models import Address
from portside.addresses.validation import streets
from portside.addresses.validation.findings import Checked, error, warning
from portside.addresses.validation.zip_codes import ZipCode, centres_of, city_key, find_zip_code, miles_between

# Countries of their own in ISO 3166 whose mail has ZIP codes.
TERRITORIES = frozenset({"AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"})

# USPS Publication 28, appendix B.
STATES = {
    "ALABAMA": "AL",
    "ALASKA": "AK",
    "AMERICAN SAMOA": "AS",
    "ARIZONA": "AZ",
    "ARKANSAS": "AR",
    "ARMED FORCES AMERICAS": "AA",
    "ARMED FORCES EUROPE": "AE",
    "ARMED FORCES PACIFIC": "AP",
    "CALIFORNIA": "CA",
    "COLORADO": "CO",
    "CONNECTICUT": "CT",
    "DELAWARE": "DE",
    "DISTRICT OF COLUMBIA": "DC",
    "FEDERATED STATES OF MICRONESIA": "FM",
    "FLORIDA": "FL",
    "GEORGIA": "GA",
    "GUAM": "GU",
    "HAWAII": "HI",
    "IDAHO": "ID",
    "ILLINOIS": "IL",
    "INDIANA": "IN",
    "IOWA": "IA",
    "KANSAS": "KS",
    "KENTUCKY": "KY",
    "LOUISIANA": "LA",
    "MAINE": "ME",
    "MARSHALL ISLANDS": "MH",
    "MARYLAND": "MD",
    "MASSACHUSETTS": "MA",
    "MICHIGAN": "MI",
    "MINNESOTA": "MN",
    "MISSISSIPPI": "MS",
    "MISSOURI": "MO",
    "MONTANA": "MT",
    "NEBRASKA": "NE",
    "NEVADA": "NV",
    "NEW HAMPSHIRE": "NH",
    "NEW JERSEY": "NJ",
    "NEW MEXICO": "NM",
    "NEW YORK": "NY",
    "NORTH CAROLINA": "NC",
    "NORTH DAKOTA": "ND",
    "NORTHERN MARIANA ISLANDS": "MP",
    "OHIO": "OH",
    "OKLAHOMA": "OK",
    "OREGON": "OR",
    "PALAU": "PW",
    "PENNSYLVANIA": "PA",
    "PUERTO RICO": "PR",
    "RHODE ISLAND": "RI",
    "SOUTH CAROLINA": "SC",
    "SOUTH DAKOTA": "SD",
    "TENNESSEE": "TN",
    "TEXAS": "TX",
    "UTAH": "UT",
    "VERMONT": "VT",
    "VIRGIN ISLANDS": "VI",
    "US VIRGIN ISLANDS": "VI",
    "VIRGINIA": "VA",
    "WASHINGTON": "WA",
    "WASHINGTON DC": "DC",
    "WEST VIRGINIA": "WV",
    "WISCONSIN": "WI",
    "WYOMING": "WY",
}
_CODES = frozenset(STATES.values())
_MILITARY_CITIES = frozenset({"APO", "DPO", "FPO"})
_ZIP = re.compile(r"(\d{5})(?:[- ]?(\d{4}))?", re.ASCII)

# Beyond this a city named beside a ZIP code is another place than the ZIP code's, not a neighbour or a part of it.
NEIGHBOUR_MILES = 25.0


def check(address: Address) -> Checked:
    """Judge an address of the United States or a territory, in capitals; correct what its ZIP code makes certain."""
    given = _standard(address)
    if not any((given.street1, given.street2, given.street3, given.city, given.state, given.zip)):
        return Checked(given, (error("empty_request", "The address has nothing but a country."),))
    zip_code, placed = _place(given)
    lines = (placed.address.street1, placed.address.street2, placed.address.street3)
    if zip_code is not None and zip_code.is_military:
        found = streets.check_military(lines)
    else:
        found = streets.check_us(lines, is_unique=zip_code is not None and zip_code.is_unique)
    checked = Checked(placed.address, (*found, *placed.messages))
    if zip_code is None or zip_code.centre is None or not checked.is_valid:
        return checked
    centre = zip_code.centre
    located = msgspec.structs.replace(placed.address, latitude=centre.latitude, longitude=centre.longitude)
    return Checked(located, checked.messages)


def _standard(address: Address) -> Address:
    """Publication 28's form of what was given. The house number joins its street, where everybody looks for it."""
    street1 = address.street1
    if address.street_no and not street1.upper().startswith(f"{address.street_no.upper()} "):
        street1 = f"{address.street_no} {street1}"
    state = _state_code(address.state)
    return msgspec.structs.replace(
        address,
        street_no="",
        street1=streets.standard_us_line(street1),
        street2=streets.standard_us_line(address.street2),
        street3=streets.standard_us_line(address.street3),
        city=" ".join(address.city.replace(".", " ").replace(",", " ").upper().split()),
        state=state or " ".join(address.state.upper().split()),
        zip=_standard_zip(address.zip),
    )


def _state_code(state: str) -> str | None:
    plain = "".join(c for c in unicodedata.normalize("NFKD", state.upper()) if c.isalpha() or c.isspace())
    plain = " ".join(plain.split())
    return plain if plain in _CODES else STATES.get(plain)


def _standard_zip(text: str) -> str:
    """`94117` or `94117-1913`; what is neither stays as it is."""
    match = _ZIP.fullmatch(text.strip())
    return "-".join(part for part in match.groups() if part) if match else text.strip().upper()


def _with_lost_zeros(address: Address) -> Checked:
    """A spreadsheet's lost zeros (`2139`) come back if the state confirms the ZIP code that they make."""
    if re.fullmatch(r"\d{3,4}", address.zip, re.ASCII):
        found = find_zip_code(address.zip.zfill(5))
        if found is not None and found.state == address.state:
            text = f"The ZIP code was corrected: {address.zip} is {found.code}."
            return Checked(msgspec.structs.replace(address, zip=found.code), (warning("postal_code_change", text),))
    return Checked(address)


def _place(address: Address) -> tuple[ZipCode | None, Checked]:
    """City, state and ZIP code against each other; the ZIP code leads."""
    padded = _with_lost_zeros(address)
    address, messages = padded.address, list(padded.messages)
    if address.state and address.state not in _CODES and address.country == "US":
        messages.append(error("Invalid State", f"{address.state} is not a state of the United States."))
    match = _ZIP.fullmatch(address.zip)
    if match is None:
        word = f"{address.zip} is not a ZIP code." if address.zip else "The address has no ZIP code."
        messages.append(error("invalid_postal_code", word))
        if not address.city:
            messages.append(error("Invalid City", "The address has no city."))
        return None, Checked(address, tuple(messages))
    zip_code = find_zip_code(match.group(1))
    if zip_code is None:
        messages.append(error("postal_code_not_found", f"There is no ZIP code {match.group(1)}."))
        return None, Checked(address, tuple(messages))
    if not zip_code.is_active:
        messages.append(warning("postal_code_not_found", f"ZIP code {zip_code.code} is no longer in use."))
    placed = Checked(address, tuple(messages))
    for settle in (_settle_state, _settle_city):
        if placed.is_valid:
            settled = settle(placed.address, zip_code)
            placed = Checked(settled.address, (*placed.messages, *settled.messages))
    return zip_code, placed


def _settle_state(address: Address, zip_code: ZipCode) -> Checked:
    named = address.state
    if address.country in TERRITORIES:
        # A territory's addresses often name no state, or a municipality; the country has said enough.
        named = named if named in _CODES else address.country
    if not named:
        changed = msgspec.structs.replace(address, state=zip_code.state)
        text = f"The state was added: ZIP code {zip_code.code} is in {zip_code.state}."
        return Checked(changed, (warning("administrative_area_change", text),))
    if named != zip_code.state:
        text = f"ZIP code {zip_code.code} is in {zip_code.city}, {zip_code.state}, not in {named}."
        return Checked(address, (error("Invalid City/State/Zip", text),))
    return Checked(address)


def _settle_city(address: Address, zip_code: ZipCode) -> Checked:
    key = city_key(address.city)
    if key == city_key(zip_code.city):
        return Checked(msgspec.structs.replace(address, city=zip_code.city))
    if key in zip_code.also or (zip_code.is_military and address.city in _MILITARY_CITIES):
        return Checked(address)
    if address.city and _is_far(address.city, zip_code):
        text = f"ZIP code {zip_code.code} is in {zip_code.city}, {zip_code.state}, far from {address.city}."
        return Checked(address, (error("Invalid City/State/Zip", text),))
    done = "corrected" if address.city else "added"
    text = f"The city was {done}: ZIP code {zip_code.code} is in {zip_code.city}, {zip_code.state}."
    changed = msgspec.structs.replace(address, city=zip_code.city)
    return Checked(changed, (warning("locality_change", text),))


def _is_far(city: str, zip_code: ZipCode) -> bool:
    """Whether the city is a known one of the same state, but not near the ZIP code."""
    if zip_code.centre is None:
        return False
    centre = zip_code.centre
    elsewhere = centres_of(city, zip_code.state)
    return bool(elsewhere) and min(miles_between(centre, other) for other in elsewhere) > NEIGHBOUR_MILES

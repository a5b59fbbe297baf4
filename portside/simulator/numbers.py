"""Tracking numbers with the carriers' real check digits, so that scanners and validators of others accept them.

USPS domestic: Intelligent Mail package barcode, 22 digits (Publication 199). USPS international: UPU S10.
UPS: 1Z number (UPS Tracking Number specification). The mailer and shipper numbers in them belong to nobody.
"""

from __future__ import annotations

import re

from portside.simulator.geography import CarrierToken

# Publication 199's service type codes of tracked parcels, by service.
_SERVICE_TYPE_CODES = {
    "usps_priority": "055",
    "usps_priority_express": "701",
    "usps_ground_advantage": "001",
}
# S10's first letter: C ordinary parcels, E express mail, L tracked letters and small packets.
_S10_FIRST_LETTERS = {
    "usps_priority_mail_international": "C",
    "usps_priority_mail_express_international": "E",
    "usps_first_class_package_international_service": "L",
}
# The two digits after the shipper number. UPS uses these for the services named; where one code has two, they share it.
_UPS_SERVICE_CODES = {
    "ups_ground": "03",
    "ups_3_day_select": "12",
    "ups_second_day_air": "02",
    "ups_second_day_air_am": "A2",
    "ups_next_day_air_saver": "13",
    "ups_next_day_air": "01",
    "ups_next_day_air_early_am": "15",
    "ups_standard": "68",
    "ups_expedited": "67",
    "ups_saver": "04",
    "ups_express": "66",
    "ups_express_plus": "54",
}

_MAILER_ID = "800000"
_SHIPPER_PREFIX = "SIM"
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BASE_36 = "0123456789" + _LETTERS

_IMPB_SERIALS = 10**10
_S10_SERIALS = 10**8
_UPS_SERIALS = 10**7

_IMPB = re.compile(r"(?:420\d{5}(?:\d{4})?)?(9[1-5]\d{18}(?:\d{2}|\d{6})?)", re.ASCII)
_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)([A-Z]{2})", re.ASCII)
_UPS = re.compile(r"1Z([0-9A-Z]{15})(\d)", re.ASCII)


def tracking_number(service: str, serial: int) -> str:
    """The number of parcel `serial` (0, 1, 2, …) sent by `service`; different serials never share one.

    Raises KeyError for an unknown service and ValueError when the serial is negative or its number range is used up.
    """
    if serial < 0:
        raise ValueError("A serial cannot be negative.")
    if service in _SERVICE_TYPE_CODES:
        return _impb(_SERVICE_TYPE_CODES[service], serial)
    if service in _S10_FIRST_LETTERS:
        return _s10(_S10_FIRST_LETTERS[service], serial)
    return _one_z(_UPS_SERVICE_CODES[service], serial)


def form_number(serial: int) -> str:
    """The number of shipment confirmation form `serial`, as Publication 199 makes them: service type code 750."""
    if not 0 <= serial < _IMPB_SERIALS:
        raise ValueError("The mailer's form numbers are used up.")
    body = f"94750{_MAILER_ID}{serial:010d}"
    return body + _mod10_check(body)


def is_valid(carrier: CarrierToken, number: str) -> bool:
    """Whether `number` has the carrier's form and a right check digit. Spaces and lower case are forgiven."""
    text = normalise(number)
    if carrier == "ups":
        match = _UPS.fullmatch(text)
        return match is not None and _one_z_check(match.group(1)) == match.group(2)
    match = _S10.fullmatch(text)
    if match is not None:
        return match.group(3) == "US" and _s10_check(match.group(1)) == match.group(2)
    match = _IMPB.fullmatch(text)
    return match is not None and any(_mod10_check(body[:-1]) == body[-1] for body in _impb_bodies(match.group(1), text))


def normalise(number: str) -> str:
    """Without spaces and in upper case, as numbers are stored and compared."""
    return "".join(number.split()).upper()


def _impb(service_type_code: str, serial: int) -> str:
    if serial >= _IMPB_SERIALS:
        raise ValueError("The mailer's serial numbers are used up.")
    body = f"92{service_type_code}{_MAILER_ID}{serial:010d}"
    return body + _mod10_check(body)


def _s10(first_letter: str, serial: int) -> str:
    letter, digits = divmod(serial, _S10_SERIALS)
    if letter >= len(_LETTERS):
        raise ValueError("The S10 serial numbers are used up.")
    body = f"{digits:08d}"
    return f"{first_letter}{_LETTERS[letter]}{body}{_s10_check(body)}US"


def _one_z(service_code: str, serial: int) -> str:
    shipper, digits = divmod(serial, _UPS_SERIALS)
    suffix = ""
    for _ in range(3):
        shipper, place = divmod(shipper, len(_BASE_36))
        suffix = _BASE_36[place] + suffix
    if shipper:
        raise ValueError("The shipper numbers are used up.")
    body = f"{_SHIPPER_PREFIX}{suffix}{service_code}{digits:07d}"
    return f"1Z{body}{_one_z_check(body)}"


def _impb_bodies(digits: str, text: str) -> list[str]:
    """What the check digit may cover. Old 20-digit numbers are checked with the 91 that was left off in print."""
    return [digits, f"91{digits}"] if len(text) == 20 else [digits]


def _mod10_check(body: str) -> str:
    """GS1's modulo 10: weights 3, 1, 3, … from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _s10_check(digits: str) -> str:
    """UPU S10: 11 minus the weighted sum modulo 11, where 10 is written 0 and 11 is written 5."""
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, _S10_WEIGHTS, strict=True)) % 11
    return {10: "0", 11: "5"}.get(check, str(check))


def _one_z_check(body: str) -> str:
    """UPS: a letter counts (code - 63) modulo 10, so A is 2; every second character counts twice."""
    values = [int(char) if char.isdigit() else (ord(char) - 63) % 10 for char in body]
    return str(-(sum(values[0::2]) + 2 * sum(values[1::2])) % 10)

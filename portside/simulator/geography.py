"""Offline geography: where a ZIP code or country lies, how far apart two places are, and the zone between them."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from types import ModuleType
from typing import Any, Literal

import msgspec

from portside.simulator.countries import FREELY_ASSOCIATED, Region, find_country, is_us_domestic

CarrierToken = Literal["usps", "ups"]

EARTH_RADIUS_MILES = 3958.8

_ZIP = re.compile(r"(\d{5})(?:-?\d{4})?", re.ASCII)

# Military mail is priced and flown from one gateway per region of the world (Domestic Mail Manual 703.2).
_MILITARY_GATEWAYS = {
    "AA": ("Miami", "FL", "33152", 25.8, -80.3),
    "AE": ("New York", "NY", "11430", 40.6, -73.8),
    "AP": ("San Francisco", "CA", "94128", 37.6, -122.4),
}

_OUTSIDE_THE_48 = frozenset({"AK", "HI", "PR", "VI", "GU", "AS", "MP", "UM", "FM", "MH", "PW", "AA", "AE", "AP"})

# Upper bound in miles of each zone: the bands of USPS's zone charts; UPS's domestic zones follow them from 2 on.
USPS_BANDS = ((50, "1"), (150, "2"), (300, "3"), (600, "4"), (1000, "5"), (1400, "6"), (1800, "7"))
UPS_BANDS = ((150, "2"), (300, "3"), (600, "4"), (1000, "5"), (1400, "6"), (1800, "7"))
FARTHEST_ZONE = "8"
USPS_FREELY_ASSOCIATED_ZONE = "9"
UPS_ALASKA_HAWAII_ZONE = "44"
UPS_PUERTO_RICO_ZONE = "45"
UPS_WITHIN_COUNTRY_ZONE = "900"
UPS_WITHIN_EUROPE_ZONE = "910"

_NEIGHBOUR_ZONES = {("usps", "CA"): "1", ("usps", "MX"): "2", ("ups", "CA"): "901", ("ups", "MX"): "902"}
_REGION_ZONES: dict[Region, tuple[str, str]] = {  # region: (USPS price group, UPS worldwide zone)
    "north_america": ("1", "901"),
    "caribbean": ("3", "903"),
    "latin_america": ("4", "904"),
    "western_europe": ("5", "905"),
    "eastern_europe": ("6", "906"),
    "east_asia": ("7", "907"),
    "oceania": ("8", "908"),
    "south_asia": ("9", "909"),
    "middle_east": ("9", "909"),
    "africa": ("9", "909"),
}
_EUROPE: frozenset[Region] = frozenset({"western_europe", "eastern_europe"})


class PlaceUnknown(Exception):
    """The ZIP code or the country is not one we know; the message names it."""


class Place(msgspec.Struct, frozen=True):
    """The part of an address that prices and scans look at. `country` is ISO alpha-2."""

    country: str
    postal_code: str = ""
    city: str = ""
    state: str = ""


class City(msgspec.Struct, frozen=True):
    """A located place, degrees north and east. For tracking scans and distances."""

    city: str
    state: str
    postal_code: str
    country: str
    latitude: float
    longitude: float


class Lane(msgspec.Struct, frozen=True):
    """Two located places and the miles between them."""

    origin: City
    destination: City
    miles: float

    @property
    def is_us_domestic(self) -> bool:
        """Both ends have a ZIP code: the states, the territories, military mail."""
        return is_us_domestic(self.origin.country) and is_us_domestic(self.destination.country)

    @property
    def is_contiguous(self) -> bool:
        """Both ends lie in the 48 states that share the mainland (and the District of Columbia)."""
        return self.is_us_domestic and not {self.origin.state, self.destination.state} & _OUTSIDE_THE_48

    @property
    def is_within_country(self) -> bool:
        return self.is_us_domestic or self.origin.country == self.destination.country


def _zipcodes() -> ModuleType:
    # The import alone reads the whole table (0.3 s, 55 MB), so a process that never rates a parcel must not pay for it.
    import zipcodes

    return zipcodes  # type: ignore[no-any-return, unused-ignore]


@lru_cache(maxsize=16_384)
def find_city(postal_code: str) -> City | None:
    """The city of a US ZIP or ZIP+4 code; None when its form is wrong or nothing with its first three digits exists.

    A ZIP code missing in the table stands where its three-digit neighbours do: new codes appear every month.
    """
    match = _ZIP.fullmatch(postal_code.strip())
    if match is None:
        return None
    zip5 = match.group(1)
    rows = _zipcodes().matching(zip5) or _zipcodes().similar_to(zip5[:3])
    located = [city for row in rows if (city := _city_of_row(row, zip5)) is not None]
    return located[len(located) // 2] if located else None


def _city_of_row(row: dict[str, Any], zip5: str) -> City | None:
    state = str(row["state"])
    if state in _MILITARY_GATEWAYS:
        _, _, _, latitude, longitude = _MILITARY_GATEWAYS[state]
        return City(str(row["city"]).upper(), state, zip5, "US", latitude, longitude)
    latitude, longitude = float(row["lat"]), float(row["long"])
    if not latitude:
        # The table leaves the Pacific islands at 0, 0; their own country row knows better.
        country = find_country(state)
        if country is None:
            return None
        latitude, longitude = country.latitude, country.longitude
    return City(str(row["city"]), state, zip5, "US", latitude, longitude)


def locate(place: Place) -> City:
    """Where `place` is: by ZIP code where the United States deliver, by the country's gateway elsewhere.

    Raises PlaceUnknown. The city's own name is kept, so scans say what the address says.
    """
    code = place.country.strip().upper()
    country = find_country(code)
    if country is None:
        raise PlaceUnknown(f"Unknown country {place.country!r}.")
    if not is_us_domestic(code):
        name = place.city.strip() or country.gateway
        return City(name, place.state.strip(), place.postal_code.strip(), code, country.latitude, country.longitude)
    found = find_city(place.postal_code)
    if found is None:
        raise PlaceUnknown(f"Unknown ZIP code {place.postal_code!r}.")
    return msgspec.structs.replace(found, city=place.city.strip() or found.city, country=code)


def miles_between(one: City, other: City) -> float:
    """Great-circle distance in statute miles (haversine)."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_MILES * math.asin(min(1.0, math.sqrt(chord)))


def find_lane(origin: Place, destination: Place) -> Lane:
    """Locate both ends. Raises PlaceUnknown."""
    start, end = locate(origin), locate(destination)
    return Lane(start, end, miles_between(start, end))


def zone(carrier: CarrierToken, lane: Lane) -> str:
    """The zone as the carrier's table spells it: `"1"`..`"9"` for USPS; `"2"`..`"8"`, `"44"`, `"45"`, `"9xx"` for UPS.

    USPS's international price groups share their digits with its domestic zones; the service tells them apart.
    """
    if carrier == "usps":
        return _usps_zone(lane)
    return _ups_zone(lane)


def _usps_zone(lane: Lane) -> str:
    ends = (lane.origin, lane.destination)
    if not lane.is_us_domestic:
        return _international_zone("usps", lane)
    if any(end.country in FREELY_ASSOCIATED or end.state in FREELY_ASSOCIATED for end in ends):
        return USPS_FREELY_ASSOCIATED_ZONE
    return _band(USPS_BANDS, lane.miles)


def _ups_zone(lane: Lane) -> str:
    if not lane.is_us_domestic:
        return _international_zone("ups", lane)
    states = {lane.origin.state, lane.destination.state}
    if states & {"AK", "HI"}:
        return UPS_ALASKA_HAWAII_ZONE
    if states & _OUTSIDE_THE_48:
        return UPS_PUERTO_RICO_ZONE
    return _band(UPS_BANDS, lane.miles)


def _band(bands: tuple[tuple[int, str], ...], miles: float) -> str:
    return next((name for upper, name in bands if miles <= upper), FARTHEST_ZONE)


def _international_zone(carrier: CarrierToken, lane: Lane) -> str:
    origin, destination = find_country(lane.origin.country), find_country(lane.destination.country)
    if origin is None or destination is None:
        raise PlaceUnknown(f"No zone from {lane.origin.country} to {lane.destination.country}.")
    if carrier == "ups" and origin.code == destination.code:
        return UPS_WITHIN_COUNTRY_ZONE
    if carrier == "ups" and origin.region in _EUROPE and destination.region in _EUROPE:
        return UPS_WITHIN_EUROPE_ZONE
    # A lane into the United States costs what the same lane out of them does: the far end decides.
    far = origin if is_us_domestic(destination.code) else destination
    neighbour = _NEIGHBOUR_ZONES.get((carrier, far.code))
    return neighbour or _REGION_ZONES[far.region][0 if carrier == "usps" else 1]

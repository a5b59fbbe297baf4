"""The way a parcel takes: from its origin over sorting hubs and, across a border, over gateways to its destination."""

from __future__ import annotations

import msgspec

from portside.simulator.countries import find_country, is_us_domestic
from portside.simulator.geography import City, Lane, miles_between

# Above so many miles a domestic parcel is sorted once, or twice, between the two end hubs.
ONE_STOP_MILES = 800
TWO_STOP_MILES = 1800

# Cities where a large sorting centre is plausible; none stands for a carrier's real building.
_HUBS = """
    Albuquerque NM 87101 35.1 -106.6|Atlanta GA 30303 33.7 -84.4|Baltimore MD 21201 39.3 -76.6
    Billings MT 59101 45.8 -108.5|Boston MA 02108 42.4 -71.1|Charlotte NC 28202 35.2 -80.8
    Chicago IL 60606 41.9 -87.6|Cincinnati OH 45202 39.1 -84.5|Columbus OH 43215 40.0 -83.0
    Dallas TX 75201 32.8 -96.8|Denver CO 80202 39.7 -105.0|Des Moines IA 50309 41.6 -93.6
    Detroit MI 48226 42.3 -83.0|Fargo ND 58102 46.9 -96.8|Houston TX 77002 29.8 -95.4
    Indianapolis IN 46204 39.8 -86.2|Jacksonville FL 32202 30.3 -81.7|Kansas City MO 64106 39.1 -94.6
    Los Angeles CA 90012 34.1 -118.2|Louisville KY 40202 38.3 -85.8|Memphis TN 38103 35.1 -90.0
    Miami FL 33101 25.8 -80.2|Minneapolis MN 55401 45.0 -93.3|Nashville TN 37203 36.2 -86.8
    New Orleans LA 70112 30.0 -90.1|New York NY 10001 40.7 -74.0|Oklahoma City OK 73102 35.5 -97.5
    Philadelphia PA 19103 40.0 -75.2|Phoenix AZ 85004 33.4 -112.1|Pittsburgh PA 15222 40.4 -80.0
    Portland OR 97204 45.5 -122.7|Reno NV 89501 39.5 -119.8|Richmond VA 23219 37.5 -77.4
    Sacramento CA 95814 38.6 -121.5|Salt Lake City UT 84101 40.8 -111.9|San Antonio TX 78205 29.4 -98.5
    San Francisco CA 94103 37.8 -122.4|Seattle WA 98101 47.6 -122.3|St. Louis MO 63101 38.6 -90.2
    Anchorage AK 99501 61.2 -149.9|Honolulu HI 96813 21.3 -157.9|San Juan PR 00901 18.5 -66.1
    """
_EXPORT_GATEWAYS = frozenset({"Chicago", "Los Angeles", "Miami", "New York", "San Francisco"})


class Route(msgspec.Struct, frozen=True):
    """Where a parcel is scanned, in order. `gateways` is empty within a country, else (leaving, entering)."""

    origin: City
    first_hub: City
    stops: tuple[City, ...]
    gateways: tuple[City, ...]
    last_hub: City
    destination: City

    @property
    def is_international(self) -> bool:
        return bool(self.gateways)


def _hub(cell: str) -> City:
    *name, state, postal_code, latitude, longitude = cell.split()
    return City(" ".join(name), state, postal_code, "US", float(latitude), float(longitude))


HUBS: tuple[City, ...] = tuple(_hub(cell) for line in _HUBS.strip().splitlines() for cell in line.strip().split("|"))


def plan_route(lane: Lane) -> Route:
    """The deterministic route of a lane. Hubs may equal the end cities: a parcel from Chicago is sorted in Chicago."""
    start, end = lane.origin, lane.destination
    first, last = _hub_of(start), _hub_of(end)
    if lane.is_within_country:
        return Route(start, first, _stops(lane, first, last), (), last, end)
    gateways = (_gateway(start, end), _gateway(end, start))
    return Route(start, first, (), gateways, last, end)


def _hub_of(city: City) -> City:
    if is_us_domestic(city.country):
        return min(HUBS, key=lambda hub: miles_between(hub, city))
    return _country_gateway(city)


def _country_gateway(city: City) -> City:
    country = find_country(city.country)
    name = country.gateway if country is not None else city.city
    return City(name, "", "", city.country, city.latitude, city.longitude)


def _gateway(city: City, far_end: City) -> City:
    """The port on `city`'s side of the border that makes the whole way shortest."""
    if not is_us_domestic(city.country):
        return _country_gateway(city)
    ports = [hub for hub in HUBS if hub.city in _EXPORT_GATEWAYS]
    return min(ports, key=lambda port: miles_between(city, port) + miles_between(port, far_end))


def _stops(lane: Lane, first: City, last: City) -> tuple[City, ...]:
    """Hubs about the middle (or the thirds) of a long domestic way, never one of its own ends."""
    count = (lane.miles > ONE_STOP_MILES) + (lane.miles > TWO_STOP_MILES)
    if not lane.is_us_domestic:
        return ()
    stops: list[City] = []
    for number in range(1, count + 1):
        share = number / (count + 1)
        between = City(
            "", "", "", "US",
            first.latitude + (last.latitude - first.latitude) * share,
            first.longitude + (last.longitude - first.longitude) * share,
        )  # fmt: skip
        hub = min(HUBS, key=lambda hub: miles_between(hub, between))
        if hub not in (first, last, *stops):
            stops.append(hub)
    return tuple(stops)

from __future__ import annotations

import pytest

from portside.simulator.countries import find_country, is_us_domestic
from portside.simulator.geography import Lane, Place, PlaceUnknown, find_city, find_lane, locate, zone
from portside.simulator.routes import HUBS, Route, plan_route


def us(postal_code: str, country: str = "US") -> Place:
    return Place(country, postal_code)


def cities(route: Route) -> list[str]:
    stations = (route.first_hub, *route.stops, *route.gateways, route.last_hub)
    return [city.city for city in (route.origin, *stations, route.destination)]


def test_zip_codes_are_found_with_and_without_the_last_four() -> None:
    city = find_city("94103-1234")
    assert city is not None
    assert (city.city, city.state, city.postal_code) == ("San Francisco", "CA", "94103")
    assert find_city("94103") == city


def test_a_new_zip_code_stands_where_its_neighbours_do() -> None:
    known, new = find_city("94110"), find_city("94100")
    assert known is not None
    assert new is not None
    assert new.state == "CA"
    assert Lane(known, new, 0).is_contiguous


@pytest.mark.parametrize("postal_code", ["", "1", "9410", "941033", "SW1A 1AA", "00000", "٩٤١٠٣"])
def test_a_zip_code_that_cannot_be_is_refused(postal_code: str) -> None:
    with pytest.raises(PlaceUnknown, match="ZIP code"):
        locate(us(postal_code))


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(PlaceUnknown, match="QQ"):
        locate(Place("QQ", "10000"))


@pytest.mark.parametrize(
    ("origin", "destination", "miles"),
    [("94103", "10001", 2566), ("60606", "90012", 1742), ("10001", "19103", 83)],
)
def test_distances_are_great_circles(origin: str, destination: str, miles: int) -> None:
    assert find_lane(us(origin), us(destination)).miles == pytest.approx(miles, rel=0.02)
    assert find_lane(us(destination), us(origin)).miles == pytest.approx(miles, rel=0.02)


@pytest.mark.parametrize(
    ("origin", "destination", "usps", "ups"),
    [
        (us("94103"), us("94110"), "1", "2"),
        (us("10001"), us("19103"), "2", "2"),
        (us("94103"), us("90012"), "4", "4"),
        (us("60606"), us("10001"), "5", "5"),
        (us("60606"), us("90012"), "7", "7"),
        (us("94103"), us("10001"), "8", "8"),
        (us("94103"), us("96813"), "8", "44"),
        (us("10001"), us("00901", "PR"), "7", "45"),
        (us("96813"), us("96941", "FM"), "9", "44"),
        (us("94103"), Place("CA", "M5V 2T6"), "1", "901"),
        (us("94103"), Place("MX", "06000"), "2", "902"),
        (us("94103"), Place("DE", "10115"), "5", "905"),
        (Place("DE", "10115"), us("94103"), "5", "905"),
        (us("94103"), Place("PL", "00-001"), "6", "906"),
        (us("94103"), Place("JP", "100-0001"), "7", "907"),
        (us("94103"), Place("ZA", "2000"), "9", "909"),
    ],
)
def test_zones(origin: Place, destination: Place, usps: str, ups: str) -> None:
    lane = find_lane(origin, destination)
    assert (zone("usps", lane), zone("ups", lane)) == (usps, ups)


def test_ups_zones_within_a_country_and_within_europe() -> None:
    assert zone("ups", find_lane(Place("DE"), Place("DE"))) == "900"
    assert zone("ups", find_lane(Place("DE"), Place("PL"))) == "910"


def test_military_mail_goes_by_its_gateway() -> None:
    tokyo = locate(us("96201"))
    assert tokyo.state == "AP"
    assert find_lane(us("94103"), us("96201")).miles < 50


def test_every_iso_country_is_known() -> None:
    for code in ("US", "CA", "PL", "CN", "GR", "UA", "ZW", "TV", "AQ", "XK", "gb"):
        assert find_country(code) is not None, code
    assert find_country("ZZ") is None
    assert is_us_domestic("pr")
    assert not is_us_domestic("CA")


def test_a_long_way_passes_two_hubs_and_a_short_one_none() -> None:
    assert cities(plan_route(find_lane(us("94103"), us("10001")))) == [
        "San Francisco", "San Francisco", "Denver", "St. Louis", "New York", "New York",
    ]  # fmt: skip
    assert not plan_route(find_lane(us("94103"), us("94110"))).stops


def test_a_parcel_to_another_country_leaves_and_enters_by_gateways() -> None:
    route = plan_route(find_lane(us("60606"), Place("DE", "10115", "Berlin")))
    assert route.is_international
    assert [city.country for city in route.gateways] == ["US", "DE"]
    assert cities(route)[-1] == "Berlin"
    assert route.last_hub.city == "Frankfurt"
    assert not plan_route(find_lane(Place("DE", "10115"), Place("DE", "80331"))).is_international


def test_hubs_stand_where_their_zip_codes_are() -> None:
    for hub in HUBS:
        city = find_city(hub.postal_code)
        assert city is not None, hub
        assert city.state == hub.state
        assert abs(city.latitude - hub.latitude) < 0.4, hub
        assert abs(city.longitude - hub.longitude) < 0.4, hub

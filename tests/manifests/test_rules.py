"""Days and places, as the people at the dock see them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from portside.addresses.models import Address
from portside.kit.ids import new_id
from portside.kit.timezones import local_day, zone_of
from portside.manifests.models import Candidate
from portside.manifests.rules import in_forms, is_of_day, is_same_area, is_same_place

CALIFORNIA = zone_of("US", "94111")


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("country", "code", "zone"),
    [
        ("US", "94111", "America/Los_Angeles"),
        ("us", "10001-1234", "America/New_York"),
        ("US", "96701", "Pacific/Honolulu"),
        ("US", "85001", "America/Phoenix"),
        ("US", "00000", "UTC"),
        ("US", "", "UTC"),
        ("US", "٩٤١١١", "UTC"),
        ("DE", "10115", "UTC"),
    ],
)
def test_the_zone_of_a_zip_code(country: str, code: str, zone: str) -> None:
    assert zone_of(country, code).key == zone


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-23T01:00:00+00:00", "2026-11-22"),
        ("2026-11-22T23:59:59+00:00", "2026-11-22"),
        ("2026-11-22T00:00:00+00:00", "2026-11-22"),
        ("2026-11-22T00:00:00-08:00", "2026-11-22"),
        ("2026-11-22T07:59:00+00:00", "2026-11-21"),
    ],
)
def test_the_day_is_that_of_the_place_and_a_mere_date_is_that_date(text: str, day: str) -> None:
    assert local_day(moment(text), CALIFORNIA).isoformat() == day


def address(**changes: str) -> Address:
    given: dict[str, Any] = {
        "country": "US",
        "street1": "1 Demo Wharf",
        "city": "San Francisco",
        "zip": "94111",
        **changes,
    }
    return Address(id=new_id(), **given)


def candidate(shipped: str, bought: str) -> Candidate:
    return Candidate(
        id=new_id(),
        status="SUCCESS",
        carrier_account_id=new_id(),
        tracking_number="1",
        origin=address(),
        is_return=False,
        shipment_date=moment(shipped),
        bought_at=moment(bought),
        manifest_id=None,
    )


def test_a_label_bought_after_its_day_is_of_both_days() -> None:
    late = candidate("2026-11-20T18:00:00+00:00", "2026-11-23T01:00:00+00:00")
    days = [dt.date(2026, 11, day) for day in (19, 20, 21, 22, 23)]
    assert [day.day for day in days if is_of_day(late, day, CALIFORNIA)] == [20, 22]


def test_a_label_bought_before_its_day_is_of_that_day_only() -> None:
    early = candidate("2026-11-25T00:00:00+00:00", "2026-11-22T18:00:00+00:00")
    assert is_of_day(early, dt.date(2026, 11, 25), CALIFORNIA)
    assert not is_of_day(early, dt.date(2026, 11, 22), CALIFORNIA)


@pytest.mark.parametrize(
    ("changes", "place", "area"),
    [
        ({}, True, True),
        ({"street1": "1 DEMO  WHARF.", "zip": "94111-1234", "name": "Bob"}, True, True),
        ({"street1": "Demo Wharf", "street_no": "1"}, False, True),
        ({"street2": "Suite 5"}, False, True),
        ({"zip": "94112"}, False, False),
        ({"country": "CA"}, False, False),
    ],
)
def test_what_one_driver_finds_at_one_door(changes: dict[str, str], place: bool, area: bool) -> None:
    other = address(**changes)
    assert (is_same_place(address(), other), is_same_area(address(), other)) == (place, area)


def test_a_thousand_and_one_labels_make_three_forms() -> None:
    assert [len(form) for form in in_forms(range(1001), 500)] == [500, 500, 1]

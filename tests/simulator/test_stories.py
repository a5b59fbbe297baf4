from __future__ import annotations

import datetime as dt

import pytest

from portside.simulator.geography import Place, find_lane
from portside.simulator.routes import Route, plan_route
from portside.simulator.stories import STORIES, SUBSTATUSES, Scan, next_scan_at, scans_until

SHIPPED = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
FOREVER = SHIPPED + dt.timedelta(days=60)
ACTION = {
    "address_issue", "contact_carrier", "delivery_attempted", "location_inaccessible", "notice_left", "package_damaged",
    "package_held", "pickup_available", "reschedule_delivery", "package_unclaimed", "package_undeliverable",
    "package_lost",
}  # fmt: skip


NEW_YORK = Place("US", "10001")


def route(destination: Place = NEW_YORK) -> Route:
    return plan_route(find_lane(Place("US", "94103"), destination))


def told(name: str, until: dt.datetime = FOREVER, days: int = 3) -> list[Scan]:
    return scans_until(STORIES[name], SHIPPED, until, route(), days)


def test_all_substatuses_of_the_wire_are_there_and_each_is_told_somewhere() -> None:
    assert len(SUBSTATUSES) == 27
    assert {code for code, substatus in SUBSTATUSES.items() if substatus.action_required} == ACTION
    assert {step.code for story in STORIES.values() for step in story.steps} == set(SUBSTATUSES)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("delivered", "DELIVERED", "delivered"),
        ("attempt_failed", "DELIVERED", "delivered"),
        ("address_issue", "DELIVERED", "delivered"),
        ("delayed", "DELIVERED", "delivered"),
        ("held", "DELIVERED", "delivered"),
        ("pickup_available", "DELIVERED", "delivered"),
        ("inaccessible", "DELIVERED", "delivered"),
        ("forwarded", "DELIVERED", "delivered"),
        ("returned", "RETURNED", "return_to_sender"),
        ("unclaimed", "RETURNED", "package_unclaimed"),
        ("lost", "FAILURE", "package_lost"),
        ("damaged", "FAILURE", "package_disposed"),
        ("undeliverable", "FAILURE", "package_undeliverable"),
        ("pre_transit", "PRE_TRANSIT", "information_received"),
        ("stuck", "TRANSIT", "package_departed"),
        ("unknown", "UNKNOWN", "other"),
    ],
)
def test_how_each_story_ends(name: str, status: str, code: str) -> None:
    last = told(name)[-1]
    assert (last.status, last.code) == (status, code)


def test_every_story_is_covered_by_the_test_above() -> None:
    covered = next(mark for mark in test_how_each_story_ends.pytestmark if mark.name == "parametrize")  # type: ignore[attr-defined]
    assert {case[0] for case in covered.args[1]} == set(STORIES)


@pytest.mark.parametrize("name", list(STORIES))
@pytest.mark.parametrize("destination", [Place("US", "10001"), Place("US", "94110"), Place("DE", "10115", "Berlin")])
@pytest.mark.parametrize("days", [1, 3, 9])
def test_asking_later_only_adds_to_the_end(name: str, destination: Place, days: int) -> None:
    story, way = STORIES[name], route(destination)
    whole = scans_until(story, SHIPPED, FOREVER, way, days)
    assert [scan.index for scan in whole] == list(range(len(whole)))
    assert [scan.at for scan in whole] == sorted(scan.at for scan in whole)
    for hours in range(0, 30 * 24, 7):
        now = SHIPPED + dt.timedelta(hours=hours)
        seen = scans_until(story, SHIPPED, now, way, days)
        assert seen == whole[: len(seen)]
        assert all(scan.at <= now for scan in seen)
        following = next_scan_at(story, SHIPPED, now, way, days)
        assert following == (whole[len(seen)].at if len(seen) < len(whole) else None)


def test_nothing_is_told_before_the_label_was_made() -> None:
    assert told("delivered", SHIPPED - dt.timedelta(seconds=1)) == []
    assert [scan.code for scan in told("delivered", SHIPPED)] == ["information_received"]


@pytest.mark.parametrize("days", [1, 2, 5])
def test_the_delivery_happens_when_the_quote_said(days: int) -> None:
    assert told("delivered", days=days)[-1].at == SHIPPED + dt.timedelta(days=days)
    assert told("attempt_failed", days=days)[-1].at == SHIPPED + dt.timedelta(days=days + 1)


def test_a_parcel_is_scanned_along_its_way() -> None:
    seen = [scan.location.city for scan in told("delivered") if scan.location is not None]
    assert list(dict.fromkeys(seen)) == ["San Francisco", "Denver", "St. Louis", "New York"]
    assert [scan.code for scan in told("delivered")][:2] == ["information_received", "package_accepted"]
    assert [scan.code for scan in told("delivered")][-2:] == ["out_for_delivery", "delivered"]


def test_customs_is_passed_only_on_the_way_abroad() -> None:
    abroad = scans_until(STORIES["delivered"], SHIPPED, FOREVER, route(Place("DE", "10115", "Berlin")))
    assert any("customs" in scan.text for scan in abroad)
    assert {scan.location.country for scan in abroad if scan.location} == {"US", "DE"}
    assert not any("customs" in scan.text for scan in told("delivered"))


def test_what_needs_somebody_says_so() -> None:
    attempt = next(scan for scan in told("attempt_failed") if scan.code == "delivery_attempted")
    assert attempt.action_required
    assert not told("delivered")[-1].action_required

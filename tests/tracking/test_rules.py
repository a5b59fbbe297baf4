"""How news is merged into a history."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import msgspec
import pytest

from portside.carriers.contract import Scan
from portside.kit.clock import UTC
from portside.kit.ids import new_id
from portside.tracking import rules
from portside.tracking.models import SUBSTATUSES, TrackScan
from tests.support.labelling import scan

NOW = dt.datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def kept(*scans: Scan) -> list[TrackScan]:
    return [
        TrackScan(
            id=new_id(),
            fingerprint=rules.fingerprint(one),
            status=one.status,
            substatus=one.substatus,
            text=one.text,
            at=one.at,
            location=one.location,
            created_at=NOW,
        )
        for one in scans
    ]


def status_of(*scans: Scan) -> str | None:
    latest = rules.current(kept(*scans))
    return latest.status if latest else None


ACCEPTED = scan("TRANSIT", "package_accepted", 1)
DEPARTED = scan("TRANSIT", "package_departed", 5)
DELIVERED = scan("DELIVERED", "delivered", 30)


def test_a_scan_told_again_is_not_new() -> None:
    reworded = msgspec.structs.replace(ACCEPTED, text="Picked up by the carrier")
    later = msgspec.structs.replace(ACCEPTED, at=ACCEPTED.at + dt.timedelta(hours=1))
    fresh = rules.unknown_scans(kept(ACCEPTED), [ACCEPTED, reworded, later, later, DEPARTED])
    assert [one for _, one in fresh] == [later, DEPARTED]


def test_without_a_code_the_words_tell_scans_apart() -> None:
    one = msgspec.structs.replace(ACCEPTED, raw_code="")
    other = msgspec.structs.replace(one, text="Something else at the same minute")
    assert [told for _, told in rules.unknown_scans(kept(one), [one, other])] == [other]


def test_a_late_scan_goes_to_its_place_and_changes_no_status() -> None:
    history = rules.in_order(kept(DELIVERED, ACCEPTED, DEPARTED))
    assert [one.at for one in history] == [ACCEPTED.at, DEPARTED.at, DELIVERED.at]
    assert rules.current(history) is history[-1]


@pytest.mark.parametrize("order", list(itertools.permutations([ACCEPTED, DEPARTED, DELIVERED])))
def test_the_order_of_telling_does_not_matter(order: tuple[Scan, ...]) -> None:
    assert status_of(*order) == "DELIVERED"


@pytest.mark.parametrize(
    ("scans", "status"),
    [
        ((), None),
        ((scan("UNKNOWN", "other", 0),), "UNKNOWN"),
        ((ACCEPTED, scan("PRE_TRANSIT", "information_received", 9)), "TRANSIT"),
        ((DELIVERED, scan("TRANSIT", "package_processed", 40)), "DELIVERED"),
        ((DELIVERED, scan("UNKNOWN", "other", 40)), "DELIVERED"),
        ((DELIVERED, scan("RETURNED", "return_to_sender", 40)), "RETURNED"),
        ((scan("RETURNED", "return_to_sender", 20), scan("TRANSIT", "package_departed", 40)), "RETURNED"),
        ((scan("FAILURE", "package_lost", 20), ACCEPTED), "FAILURE"),
        ((scan("FAILURE", "package_lost", 20), scan("TRANSIT", "package_arrived", 40)), "TRANSIT"),
    ],
)
def test_a_parcel_does_not_go_back_to_an_earlier_stage(scans: tuple[Scan, ...], status: str | None) -> None:
    assert status_of(*scans) == status


def test_the_first_estimate_is_kept_and_our_own_facts_win() -> None:
    from portside.carriers.contract import Location, TrackSnapshot
    from portside.tracking.models import TrackDetails

    ours = TrackDetails(service_token="usps_priority", origin=Location(city="Reno"))
    first, second = NOW, NOW + dt.timedelta(days=2)
    told = TrackSnapshot(carrier="usps", tracking_number="1", scans=(), eta=first, origin=Location(city="Elsewhere"))
    once = rules.details_after(ours, told)
    twice = rules.details_after(once, msgspec.structs.replace(told, eta=second))
    assert (twice.eta, twice.original_eta, twice.origin) == (second, first, Location(city="Reno"))
    assert rules.details_after(twice, msgspec.structs.replace(told, eta=None)) == twice


def test_every_substatus_of_the_closed_list_is_known() -> None:
    required = {code for code, entry in SUBSTATUSES.items() if entry.action_required}
    assert len(SUBSTATUSES) == 27
    assert required == {
        "address_issue",
        "contact_carrier",
        "delivery_attempted",
        "location_inaccessible",
        "notice_left",
        "package_damaged",
        "package_held",
        "pickup_available",
        "reschedule_delivery",
        "package_unclaimed",
        "package_undeliverable",
        "package_lost",
    }


@pytest.mark.parametrize(
    ("last", "age_days", "waits"),
    [
        (None, 0.0, dt.timedelta(minutes=5)),
        (None, 3.0, dt.timedelta(hours=6)),
        (None, 31.0, None),
        (ACCEPTED, 3.0, dt.timedelta(hours=2)),
        (scan("TRANSIT", "out_for_delivery", 1), 3.0, dt.timedelta(minutes=30)),
        (DELIVERED, 3.0, None),
        (scan("RETURNED", "return_to_sender", 1), 3.0, dt.timedelta(hours=12)),
        (ACCEPTED, 121.0, None),
    ],
)
def test_polls_slow_down_and_end(last: Any, age_days: float, waits: dt.timedelta | None) -> None:
    current = kept(last)[0] if last else None
    created = NOW - dt.timedelta(days=age_days)
    found = rules.next_poll_at(current, created_at=created, now=NOW, is_registered=True)
    assert found == (None if waits is None else NOW + waits)
    assert rules.next_poll_at(current, created_at=created, now=NOW, is_registered=False) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [(" 9400 1000 0000 ", "940010000000"), ("1Z999AA10123456784", "1Z999AA10123456784"), ("", None), ("a/b?c=", None)],
)
def test_numbers_are_cleaned_of_spaces(text: str, number: str | None) -> None:
    assert rules.clean_number(text) == number

"""The pure rules of delivery, as tables."""

from __future__ import annotations

import datetime as dt

import pytest

from portside.kit.ids import new_id
from portside.webhooks.models import Due, Health, Sent
from portside.webhooks.rules import (
    after_round,
    events_of,
    is_apart,
    is_paused,
    next_attempt,
    read_retry_after,
    reason_to_disable,
    result_of,
    sendable,
)

NOW = dt.datetime(2026, 11, 21, 12, 0, tzinfo=dt.UTC)
SCHEDULE = (1, 5, 30, 300, 1800)


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def sent(status: int | None, *, retry_after: float | None = None, timeout: bool = False, ms: int = 5) -> Sent:
    return Sent(
        status=status,
        error=None,
        is_timeout=timeout,
        request_headers={},
        response_headers=None,
        response_body=None,
        duration_ms=ms,
        retry_after=retry_after,
    )


def due(seq: int = 1, *, at: float = 0, keeps: bool = True, tries: int = 0) -> Due:
    return Due(
        event_id=new_id(),
        object_id=new_id(),
        seq=seq,
        due_at=later(at),
        keeps_order=keeps,
        event_created_at=NOW,
        payload="{}",
        tries=tries,
        attempts=tries,
    )


@pytest.mark.parametrize(
    ("status", "tries", "retry_after", "roll", "seconds"),
    [
        (500, 1, None, 0.5, 1),
        (500, 1, None, 0.0, 0.8),
        (503, 2, None, 0.5, 5),
        (503, 2, None, 1.0, 6),
        (None, 3, None, 0.5, 30),
        (408, 4, None, 0.5, 300),
        (409, 1, None, 0.5, 1),
        (425, 1, None, 0.5, 1),
        (429, 1, 20, 0.5, 20),
        (429, 4, 20, 0.5, 300),
        (429, 1, 10**9, 0.5, 3600),
        (429, 1, -5, 0.5, 1),
        (599, 5, None, 0.5, 1800),
        (500, 6, None, 0.5, None),
        (None, 6, None, 0.5, None),
        (301, 1, None, 0.5, None),
        (302, 1, None, 0.5, None),
        (400, 1, None, 0.5, None),
        (401, 1, None, 0.5, None),
        (404, 1, 5, 0.5, None),
        (410, 1, None, 0.5, None),
        (422, 1, None, 0.5, None),
    ],
)
def test_next_attempt(
    status: int | None, tries: int, retry_after: float | None, roll: float, seconds: float | None
) -> None:
    when = next_attempt(status, tries, SCHEDULE, NOW, retry_after, roll)
    assert when == (None if seconds is None else later(seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120),
        (" 7 ", 7),
        ("-3", None),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("2026-11-21T12:00:10Z", 10),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert read_retry_after(text, NOW) == seconds


def test_all_means_shippos_five() -> None:
    assert events_of("order_created") == ["order_created"]
    assert events_of("all") == [
        "transaction_created",
        "transaction_updated",
        "track_updated",
        "batch_created",
        "batch_purchased",
    ]


@pytest.mark.parametrize(
    ("tries", "status", "state", "keeps"),
    [
        (0, 204, "delivered", False),
        (0, 500, "pending", True),
        (2, 500, "pending", True),
        (3, 500, "pending", False),
        (5, 500, "failed", False),
        (0, 404, "failed", False),
    ],
)
def test_a_delivery_keeps_its_place_through_the_fast_retries(tries: int, status: int, state: str, keeps: bool) -> None:
    result = result_of(due(tries=tries), sent(status), SCHEDULE, NOW, 0.5)
    assert (result.state, result.keeps_order) == (state, keeps)
    assert (result.next_attempt_at is not None) == (state == "pending")


def test_what_waits_for_what() -> None:
    assert [each.seq for each in sendable([due(2), due(1), due(3)], NOW)] == [1, 2, 3]
    assert [each.seq for each in sendable([due(1, at=5), due(2)], NOW)] == []
    assert [each.seq for each in sendable([due(1), due(2, at=5), due(3)], NOW)] == [1]
    assert [each.seq for each in sendable([due(1, at=5, keeps=False), due(2)], NOW)] == [2]


def test_one_failure_pauses_nothing_and_a_success_ends_all() -> None:
    failing = after_round(Health(), [sent(500)], NOW)
    assert failing.failing_since == NOW and not is_paused(failing, NOW) and not is_apart(failing, NOW)
    assert after_round(failing, [sent(500), sent(200)], later(1)) == Health()
    assert after_round(Health(), [sent(200)] * 3, NOW) == Health()
    assert after_round(failing, [], later(1)) == failing


def test_pauses_double_up_to_five_minutes() -> None:
    health, moment, pauses = after_round(Health(), [sent(None)] * 5, NOW), NOW, []
    for _ in range(14):
        assert health.paused_until is not None
        pauses.append((health.paused_until - moment).total_seconds())
        moment = health.paused_until
        health = after_round(health, [sent(None)], moment)
    assert pauses == [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    assert is_apart(health, moment)


def test_a_receiver_that_asks_for_time_gets_it_even_after_a_success() -> None:
    health = after_round(Health(), [sent(200), sent(429, retry_after=40)], NOW)
    assert health == Health(paused_until=later(40))
    assert after_round(Health(), [sent(503, retry_after=9999)], NOW).paused_until == later(300)


@pytest.mark.parametrize("one", [sent(200, ms=3500), sent(None, timeout=True, ms=3000)])
def test_the_slow_are_served_apart_for_a_while(one: Sent) -> None:
    health = after_round(Health(), [sent(200), one], NOW)
    assert is_apart(health, later(599)) and not is_apart(health, later(601))


def test_failures_days_apart_are_not_one_trouble() -> None:
    health = Health(failing_since=later(-200 * 3600), last_failure_at=later(-50 * 3600))
    assert after_round(health, [sent(500)], NOW).failing_since == NOW
    health = Health(failing_since=later(-200 * 3600), last_failure_at=later(-24 * 3600))
    assert after_round(health, [sent(500)], NOW).failing_since == later(-200 * 3600)


def test_reasons_to_disable() -> None:
    assert reason_to_disable(Health(), [sent(200), sent(410)], NOW, 120) == "gone"
    assert reason_to_disable(Health(failing_since=later(-120 * 3600)), [sent(500)], NOW, 120) == "failing"
    assert reason_to_disable(Health(failing_since=later(-119 * 3600)), [sent(500)], NOW, 120) is None
    assert reason_to_disable(Health(), [sent(404)], NOW, 120) is None

"""What becomes an alert and what ends it: the simulator's stories, lived to their end."""

from __future__ import annotations

import asyncio
import datetime as dt

import httpx
import pytest

from portside.alerts import actions, jobs, rules
from portside.alerts.models import Settings, Thresholds
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.clock import now
from portside.labels import errands
from tests.alerts.conftest import alerts_of, follow, kinds_of, pass_days, ship, ship_order
from tests.support.cast import Person
from tests.support.labelling import (
    bought,
    carriers_installed,
    flagged_of,
    scan,
    settle_time_comes,
    with_carrier_accounts,
)

SWEEP = Run(job_id=1, attempt=1, payload={})


@pytest.mark.parametrize(
    ("story", "kind"),
    [
        ("SIM_STORY_UNDELIVERABLE", "not_delivered"),
        ("SIM_STORY_RETURNED", "returned"),
        ("SIM_STORY_LOST", "not_delivered"),
        ("SIM_STORY_DAMAGED", "not_delivered"),
        ("SIM_STORY_PRE_TRANSIT", "not_scanned"),
        ("SIM_STORY_STUCK", "silent"),
    ],
)
async def test_stories_that_end_badly_leave_an_alert(
    api: httpx.AsyncClient, alice: Person, story: str, kind: str
) -> None:
    label = await ship(api, story)
    assert await alerts_of(alice) == []
    await pass_days(api, 40)
    found = {alert.kind: alert for alert in await alerts_of(alice)}
    assert kind in found, found
    assert found[kind].tracking_number == label["tracking_number"]
    assert rules.reason(found[kind]) and rules.advice(found[kind])


@pytest.mark.parametrize("story", ["SIM_STORY_ATTEMPT_FAILED", "SIM_STORY_ADDRESS_ISSUE", "SIM_STORY_HELD"])
async def test_trouble_on_the_way_is_an_alert_until_the_parcel_arrives(
    api: httpx.AsyncClient, alice: Person, story: str
) -> None:
    label = await ship(api, story)
    seen: set[str] = set()
    for _ in range(20):
        track = (await api.get(f"/tracks/usps/{label['tracking_number']}")).json()
        if (track["tracking_status"] or {}).get("status") == "DELIVERED":
            break
        await follow(api, label, 1)
        seen |= await kinds_of(alice)
    assert "needs_action" in seen
    assert await alerts_of(alice) == []
    assert {alert.resolution for alert in await alerts_of(alice, "resolved")} <= {"delivered", "passed"}


async def test_a_parcel_that_arrives_in_time_is_no_alert(api: httpx.AsyncClient, alice: Person) -> None:
    await ship(api)
    await pass_days(api, 15)
    assert [*await alerts_of(alice), *await alerts_of(alice, "resolved")] == []


async def test_what_happens_twice_is_one_alert(api: httpx.AsyncClient, alice: Person) -> None:
    label = await ship(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    for _ in range(2):
        async with begin() as tx:
            assert await actions.look(tx, alice.scope, label_id=label["object_id"]) == []
    assert len(await alerts_of(alice)) == 1


async def test_what_somebody_resolved_is_not_raised_again_for_the_same_reason(
    api: httpx.AsyncClient, alice: Person
) -> None:
    label = await ship(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    (alert,) = await alerts_of(alice)
    async with begin() as tx:
        assert await actions.resolve_alerts(tx, alice.scope, [alert.id]) == 1
        assert await actions.look(tx, alice.scope, label_id=label["object_id"]) == []
    assert await alerts_of(alice) == []


async def test_a_refused_purchase_is_an_alert_until_a_label_is_bought_for_the_order(
    api: httpx.AsyncClient, alice: Person
) -> None:
    failed = await ship_order(api, "SIM_REFUSE")
    (alert,) = await alerts_of(alice)
    assert (alert.kind, alert.order_id) == ("not_bought", failed["order"])
    await ship(api, order=failed["order"])
    assert await alerts_of(alice) == []


async def test_a_refund_that_is_rejected_is_an_alert(api: httpx.AsyncClient, alice: Person) -> None:
    label = await ship(api, "SIM_VOID_REFUSE")
    await api.post("/refunds", json={"transaction": label["object_id"], "async": False})
    await drain()
    assert await kinds_of(alice) == {"refund_rejected"}


async def test_a_label_that_is_refunded_is_not_waited_for(api: httpx.AsyncClient, alice: Person) -> None:
    label = await ship(api, "SIM_STORY_PRE_TRANSIT")
    await api.post("/refunds", json={"transaction": label["object_id"], "async": False})
    await pass_days(api, 10)
    assert await alerts_of(alice) == []


async def test_a_purchase_that_waits_for_a_person_is_found_by_the_sweep_and_ends_when_it_settles(
    api: httpx.AsyncClient, alice: Person
) -> None:
    with carriers_installed() as usps:
        await with_carrier_accounts(alice)
        usps.is_mute, usps.fails_to_tell = True, CarrierError("auth", "The key was revoked.")
        await bought(api)
        await settle_time_comes(alice)
        await jobs.sweep(SWEEP)
        (alert,) = await alerts_of(alice)
        assert alert.kind == "purchase_waits" and "The key was revoked." in rules.reason(alert)
        usps.fails_to_tell = None
        (flagged,) = await flagged_of(alice)
        await errands.settle(alice.scope, flagged.id)
        await drain()
    assert await alerts_of(alice) == []


async def test_the_time_alone_makes_alerts_and_the_next_scan_ends_them(api: httpx.AsyncClient, alice: Person) -> None:
    with carriers_installed() as usps:
        await with_carrier_accounts(alice)
        label = await bought(api)
        number = label["tracking_number"]
        usps.tells(number, scan("TRANSIT", "package_accepted", 0), eta=scan("TRANSIT", None, 48).at)
        await api.get(f"/tracks/usps/{number}")
        await drain()
        assert await kinds_of(alice) == {"silent", "late"}
        usps.tells(number, scan("TRANSIT", "package_accepted", 0), scan("DELIVERED", "delivered", 900))
        await api.get(f"/tracks/usps/{number}")
        await drain()
    assert await alerts_of(alice) == []
    assert {alert.resolution for alert in await alerts_of(alice, "resolved")} == {"delivered"}


async def test_a_parcel_that_is_only_followed_raises_alerts_too(api: httpx.AsyncClient, alice: Person) -> None:
    answer = await api.post("/tracks", json={"carrier": "shippo", "tracking_number": "SHIPPO_FAILURE"})
    assert answer.status_code in (200, 201), answer.text
    await drain()
    (alert,) = await alerts_of(alice)
    assert (alert.kind, alert.label_id, alert.tracking_number) == ("not_delivered", None, "SHIPPO_FAILURE")


async def test_the_sweep_finds_what_nobody_handed_over(api: httpx.AsyncClient, alice: Person) -> None:
    await ship(api)
    async with begin() as tx:
        past = "created_at = now() - interval '47 hours'"
        await tx.execute(f"UPDATE labels SET {past} WHERE account_id = $1", alice.account_id)
        await actions.change_alert_settings(tx, alice.scope, Settings())
    await jobs.sweep(SWEEP)
    assert await alerts_of(alice) == []
    async with begin() as tx:
        await actions.change_alert_settings(tx, alice.scope, Settings(thresholds=Thresholds(first_scan_hours=24)))
    await jobs.sweep(SWEEP)
    (alert,) = await alerts_of(alice)
    assert alert.kind == "not_scanned" and alert.details.since is not None
    assert alert.details.since < now() - dt.timedelta(hours=46)


async def test_many_looks_at_once_raise_one_alert(api: httpx.AsyncClient, alice: Person) -> None:
    label = await ship(api, "SIM_STORY_RETURNED")
    await pass_days(api, 40)
    async with begin() as tx:
        await tx.execute("DELETE FROM alert_watches WHERE account_id = $1", alice.account_id)
        await tx.execute("DELETE FROM alerts WHERE account_id = $1", alice.account_id)

    async def look() -> int:
        async with begin() as tx:
            return len(await actions.look(tx, alice.scope, label_id=label["object_id"]))

    assert sum(await asyncio.gather(*[look() for _ in range(5)])) == 1
    assert len(await alerts_of(alice)) == 1

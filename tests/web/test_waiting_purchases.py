"""A purchase that nobody knows the outcome of, settled by an owner on the page of its alert."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

import httpx
import pytest

from portside.alerts import jobs
from portside.carriers.errors import CarrierError
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.clock import now
from tests.alerts.conftest import alerts_of
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, bought, carriers_installed, settle_time_comes, with_carrier_accounts
from tests.web.conftest import Browser

SWEEP = Run(job_id=1, attempt=1, payload={})
ASK, RELEASE = "Ask the carrier again", "The carrier has no such label"


@pytest.fixture
async def usps(alice: Person) -> AsyncIterator[LabelCarrier]:
    await with_carrier_accounts(alice)
    with carriers_installed() as carrier:
        yield carrier


async def unclear(at_desk: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> tuple[str, str]:
    """The pages of an alert and of its order: nobody knows whether the label was bought."""
    usps.fails_to_tell = CarrierError("auth", "The key was revoked.")
    order = (await api.post("/orders", json=order_body())).json()["object_id"]
    await bought(api, order=order)
    await settle_time_comes(alice)
    await jobs.sweep(SWEEP)
    (alert,) = await alerts_of(alice)
    usps.fails_to_tell = None
    await at_desk.get("/app/alerts")
    return f"/app/alerts/{alert.id}", f"/app/orders/{order}"


async def test_an_owner_asks_again_and_the_label_is_there(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    alert, order = await unclear(at_desk, api, alice, usps)
    page = (await at_desk.get(alert)).text
    assert ASK in page and RELEASE in page and "data-confirm" in page
    assert "The key was revoked." in (await at_desk.get(order)).text
    usps.fails_to_tell = CarrierError("auth", "The key is unknown.")
    assert (await at_desk.post(f"{alert}/ask")).headers["location"] == alert
    assert (await at_desk.get(alert)).text.count("The key is unknown.") >= 2
    usps.fails_to_tell = None
    await at_desk.post(f"{alert}/ask")
    page = (await at_desk.get(alert)).text
    assert "USPS sold the label." in page and "Asked USPS again." in page and RELEASE not in page
    assert await alerts_of(alice) == [] and len(usps.purchases) == 1
    assert "Carrier asked about a purchase" in (await at_desk.get("/app/settings/activity")).text
    await at_desk.post(f"{alert}/release")
    assert "waits for nobody any more" in (await at_desk.get(alert)).text and usps.voided == []


async def test_an_owner_releases_it_once_and_the_order_can_be_shipped(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    alert, order = await unclear(at_desk, api, alice, usps)
    assert f"{order}/cancel" not in (await at_desk.get(order)).text
    await at_desk.get(alert)
    await at_desk.post(f"{alert}/release")
    page = (await at_desk.get(alert)).text
    assert "Settled." in page and "USPS has no such label." in page and RELEASE not in page
    for deed in ("release", "ask"):
        await at_desk.post(f"{alert}/{deed}")
        assert "waits for nobody any more" in (await at_desk.get(alert)).text
    (left,) = await alerts_of(alice)
    assert left.kind == "not_bought" and "says that USPS has no such label" in left.details.text
    page = (await at_desk.get(order)).text
    assert "says that USPS has no such label" in page and f"{order}/cancel" in page
    assert (await at_desk.get("/app/settings/activity")).text.count("Purchase released</") >= 1
    # They were wrong: the carrier had sold it, and is told that nobody wants it.
    await drain(until=now() + dt.timedelta(minutes=3), lanes=["fast"])
    assert len(usps.voided) == 1


async def test_a_label_that_the_carrier_does_not_void_waits_anew_until_it_is_settled(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    alert, _ = await unclear(at_desk, api, alice, usps)
    usps.capabilities = usps.capabilities - {"void"}
    await at_desk.post(f"{alert}/release")
    await drain(until=now() + dt.timedelta(minutes=3), lanes=["fast"])
    for _ in range(2):
        await jobs.sweep(SWEEP)
    (again,) = [each for each in await alerts_of(alice) if each.kind == "purchase_waits"]
    alert = f"/app/alerts/{again.id}"
    page = (await at_desk.get(alert)).text
    assert "cannot void it" in page and "It is settled" in page and ASK not in page
    await at_desk.post(f"{alert}/release")
    await jobs.sweep(SWEEP)
    assert {each.kind for each in await alerts_of(alice)} == {"not_bought"}


async def test_a_member_sees_it_and_decides_nothing(
    at_desk: Browser, teammate: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.forgets = True
    alert, _ = await unclear(at_desk, api, alice, usps)
    page = (await teammate.get(alert)).text
    assert "Only an owner of this account can settle it." in page and RELEASE not in page
    for deed in ("ask", "release"):
        assert (await teammate.post(f"{alert}/{deed}")).status_code == 403
    assert [each.kind for each in await alerts_of(alice)] == ["purchase_waits"]


async def test_an_alert_of_another_kind_has_nothing_to_settle(
    at_desk: Browser, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.refuses = CarrierError("input", "The postal code does not exist.")
    order = (await api.post("/orders", json=order_body())).json()["object_id"]
    await bought(api, order=order)
    await drain()
    (alert,) = await alerts_of(alice)
    page = await at_desk.get(f"/app/alerts/{alert.id}")
    assert "Label not bought" in page.text and RELEASE not in page.text
    for deed in ("ask", "release"):
        assert (await at_desk.post(f"/app/alerts/{alert.id}/{deed}")).status_code == 404

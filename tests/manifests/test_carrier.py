"""What becomes of a manifest, whatever its carrier does and whoever dies on the way."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import httpx
import msgspec

from portside.carriers.contract import CallContext, ManifestForm, ManifestRequest
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.kit.ids import Id
from portside.manifests import actions
from portside.settings import Settings
from tests.manifests.test_api import label_from, manifest
from tests.support.cast import Person
from tests.support.dispatch import DispatchCarrier, next_try_comes


async def shown(api: httpx.AsyncClient, made: dict[str, Any]) -> dict[str, Any]:
    return dict((await api.get(f"/manifests/{made['object_id']}")).json())


async def test_the_carrier_is_told_what_is_handed_over(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    label = await label_from(api)
    made = await manifest(api, shipment_date="2020-01-02")
    assert made["transactions"] == [] and usps.manifests == []
    made = await manifest(api)
    (request,) = usps.manifests
    tracked = (await api.get(f"/transactions/{label}")).json()["tracking_number"]
    assert (request.tracking_numbers, request.reference) == ((tracked,), f"{made['object_id']}-0")
    assert (request.ship_from.street1, request.ship_from.zip) == ("1 Demo Wharf", "94111")


async def test_a_refusal_lets_the_labels_go(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    label = await label_from(api)
    usps.unwilling = CarrierError("input", "The account is closed.")
    refused = await manifest(api)
    assert (refused["status"], refused["errors"]) == ("ERROR", ["USPS: The account is closed."])
    assert refused["transactions"] == [label]
    usps.unwilling = None
    made = await manifest(api, transactions=[label])
    assert made["status"] == "SUCCESS"


async def test_a_carrier_that_is_down_is_asked_again_by_the_same_reference(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    await label_from(api)
    usps.unwilling = CarrierError("rate_limited", "Too many calls.")
    made = await manifest(api)
    assert (made["status"], made["errors"]) == ("QUEUED", [])
    usps.unwilling = None
    await next_try_comes(alice, "manifests")
    after = await shown(api, made)
    assert after["status"] == "SUCCESS" and len(after["documents"]) == 1
    assert set(usps.asked_for("manifest")) == {f"{made['object_id']}-0"}


async def test_a_carrier_that_is_down_all_day_has_refused(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    label = await label_from(api)
    usps.unwilling = CarrierError("rate_limited", "Too many calls.")
    made = await manifest(api)
    async with begin() as tx:
        await tx.execute(
            "UPDATE manifests SET created_at = created_at - interval '2 days' WHERE account_id = $1", alice.account_id
        )
    await next_try_comes(alice, "manifests")
    assert (await shown(api, made))["status"] == "ERROR"
    usps.unwilling = None
    assert (await manifest(api))["transactions"] == [label]


async def test_more_labels_than_a_form_lists_make_more_documents(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    usps.limits = msgspec.structs.replace(usps.limits, manifest_labels=2)
    labels = [await label_from(api) for _ in range(3)]
    made = await manifest(api)
    assert made["transactions"] == labels[::-1] and len(made["documents"]) == 2
    assert [len(request.tracking_numbers) for request in usps.manifests] == [2, 1]
    assert all([(await api.get(link)).content.startswith(b"%PDF") for link in made["documents"]])


class HalfWilling(DispatchCarrier):
    """Makes one form only."""

    async def manifest(self, request: ManifestRequest, context: CallContext) -> ManifestForm:
        if self.manifests:
            self.unwilling = CarrierError("input", "The truck is full.")
        return await super().manifest(request, context)


async def test_half_a_refusal_keeps_the_form_that_was_made(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    usps.__class__ = HalfWilling
    usps.limits = msgspec.structs.replace(usps.limits, manifest_labels=1)
    labels = [await label_from(api) for _ in range(2)]
    made = await manifest(api)
    assert made["status"] == "ERROR" and len(made["documents"]) == 1
    assert made["errors"] == ["USPS: The truck is full.", "1 of 2 transactions are on no document."]
    usps.unwilling, usps.manifests = None, []
    rest = await manifest(api)
    assert (rest["status"], rest["transactions"]) == ("SUCCESS", [labels[0]])


async def test_who_dies_with_the_permission_is_followed_by_the_job(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    await label_from(api)
    made = await manifest(api, **{"async": True})
    async with begin() as tx:
        assert await actions.claim_manifest(tx, alice.scope, Id(made["object_id"]), 60)
    await drain(lanes=["fast"])
    assert (await shown(api, made))["status"] == "QUEUED" and usps.manifests == []
    await next_try_comes(alice, "manifests")
    assert (await shown(api, made))["status"] == "SUCCESS"
    await next_try_comes(alice, "manifests")
    assert len(usps.manifests) == 1


async def test_a_form_that_cannot_be_stored_is_fetched_later(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier, settings: Settings
) -> None:
    await label_from(api)
    in_the_way = Path(settings.data_dir) / "files" / "manifests" / alice.account_id
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("a file where a folder is needed")
    made = await manifest(api)
    assert (made["status"], made["documents"]) == ("QUEUED", [])
    in_the_way.unlink()
    await next_try_comes(alice, "manifests")
    after = await shown(api, made)
    assert after["status"] == "SUCCESS" and len(usps.manifests) == 2
    assert (await api.get(after["documents"][0])).content.startswith(b"%PDF")


async def test_a_manifest_whose_job_was_lost_is_found(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    await label_from(api)
    made = await manifest(api, **{"async": True})
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE payload->>'manifest' = $1", made["object_id"])
        await tx.execute(
            "UPDATE manifests SET next_try_at = now() - interval '2 hours' WHERE id = $1", made["object_id"]
        )
        await actions.requeue_forgotten(tx, dt.timedelta(hours=1), limit=1000)
    await drain(lanes=["fast"])
    assert (await shown(api, made))["status"] == "SUCCESS"

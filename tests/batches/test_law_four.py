"""Law 4 for batches: each row is bought at most once and never lost, whatever breaks between us and the carrier."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from portside.batches import flows, jobs
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.clock import now
from portside.kit.ids import Id
from tests.batches.conftest import Batches
from tests.batches.test_lifecycle import counts, rows
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, events_of

LOST = CarrierError("timeout_unknown", "No answer.", code="carrier_timeout")


async def ask_again(person: Person) -> None:
    """Let the time pass after which carriers are asked what became of purchases, and run the jobs."""
    async with begin() as tx:
        await tx.execute(
            "UPDATE purchases SET settle_after = now() - interval '1 second' WHERE account_id = $1", person.account_id
        )
        await tx.execute("UPDATE jobs SET run_at = now() WHERE kind = 'batches.work'")
    await drain(lanes=["bulk"])


async def sold_to(carrier: LabelCarrier) -> list[str]:
    """The references of what the carrier sold and did not take back."""
    return [bought.reference for bought in carrier.purchases if bought.reference in carrier.sold]


async def test_answers_that_never_came_are_asked_for(batches: Batches, alice: Person, usps: LabelCarrier) -> None:
    batch = await batches.validated(3)
    usps.is_mute = True
    await batches.post(batch, "purchase")
    waiting = await batches.settled(batch["object_id"])
    assert (waiting["status"], counts(waiting)) == ("PURCHASING", (3, 0, 0, 0))
    assert all(row["transaction"] for row in rows(waiting))
    usps.is_mute = False
    await ask_again(alice)
    done = await batches.settled(batch["object_id"])
    assert (done["status"], counts(done), len(done["label_url"])) == ("PURCHASED", (3, 0, 3, 0), 1)
    assert len(usps.purchases) == 3


async def test_a_purchase_that_the_carrier_never_received_is_made_again(
    batches: Batches, alice: Person, usps: LabelCarrier
) -> None:
    batch = await batches.validated(2)
    usps.forgets = True
    await batches.post(batch, "purchase")
    await batches.settled(batch["object_id"])
    usps.forgets = False
    await ask_again(alice)
    done = await batches.settled(batch["object_id"])
    assert (done["status"], counts(done)) == ("PURCHASED", (2, 0, 2, 0))
    assert len(usps.purchases) == 4 and len(await sold_to(usps)) == 2
    labels = [(await batches.api.get(f"/transactions/{row['transaction']}")).json() for row in rows(done)]
    assert {label["status"] for label in labels} == {"SUCCESS"}


async def test_a_carrier_that_receives_nothing_is_not_asked_for_ever(
    batches: Batches, alice: Person, usps: LabelCarrier
) -> None:
    batch = await batches.validated(1)
    usps.forgets = True
    await batches.post(batch, "purchase")
    for _ in range(13):
        await ask_again(alice)
    done = await batches.settled(batch["object_id"])
    assert (done["status"], counts(done)) == ("PURCHASED", (1, 0, 0, 1))
    assert "nothing was bought" in rows(done)[0]["messages"][0]["text"]
    assert len(usps.purchases) == 11


async def test_what_only_a_person_can_find_out_holds_nobody_up(
    batches: Batches, alice: Person, usps: LabelCarrier
) -> None:
    batch = await batches.validated(2)
    usps.is_mute = True
    usps.fails_to_tell = CarrierError("auth", "The key was revoked.")
    await batches.post(batch, "purchase")
    await batches.settled(batch["object_id"])
    await ask_again(alice)
    done = await batches.settled(batch["object_id"])
    assert (done["status"], counts(done), done["label_url"]) == ("PURCHASED", (2, 0, 0, 0), [])
    assert "The key was revoked." in rows(done)[0]["messages"][0]["detail"]
    # One day the carrier tells after all; the sweep asks it, and the labels are printed.
    usps.fails_to_tell, usps.is_mute = None, False
    async with begin() as tx:
        await tx.execute("UPDATE batch_shipments SET updated_at = now() - interval '2 hours' WHERE state = 'open'")
    await jobs.sweep(Run(job_id=0, attempt=1, payload={}))
    later = await batches.settled(batch["object_id"])
    assert (later["status"], counts(later), len(later["label_url"])) == ("PURCHASED", (2, 0, 2, 0), 1)
    assert [event["event"] for event in await events_of(alice, batch["object_id"])] == [
        "batch_created",
        "batch_purchased",
    ]
    assert len(usps.purchases) == 2


async def test_a_rate_that_somebody_has_bought_already_gives_that_label(batches: Batches, usps: LabelCarrier) -> None:
    batch = await batches.validated(1)
    shipment = (await batches.api.get(f"/shipments/{rows(batch)[0]['shipment']}")).json()
    rate = shipment["rates"][0]["object_id"]
    label = (await batches.api.post("/transactions", json={"rate": rate, "async": False})).json()
    await batches.post(batch, "purchase")
    done = await batches.settled(batch["object_id"])
    assert [row["transaction"] for row in rows(done)] == [label["object_id"]]
    assert len(usps.purchases) == 1


async def test_a_rate_that_has_expired_fails_its_row(batches: Batches, alice: Person, usps: LabelCarrier) -> None:
    batch = await batches.validated(2)
    async with begin() as tx:
        await tx.execute(
            "UPDATE rates SET created_at = $2 WHERE account_id = $1 AND shipment_id = $3",
            alice.account_id,
            now() - dt.timedelta(days=8),
            rows(batch)[0]["shipment"],
        )
    await batches.post(batch, "purchase")
    done = await batches.settled(batch["object_id"])
    assert counts(done) == (2, 0, 1, 1)
    assert "expired" in rows(done)[0]["messages"][0]["rate"][0]


async def test_one_batch_worked_on_twice_at_once_is_bought_once(
    batches: Batches, alice: Person, usps: LabelCarrier
) -> None:
    batch = await batches.validated(25)
    await batches.post(batch, "purchase")
    await asyncio.gather(*(flows.work(alice.scope, Id(batch["object_id"])) for _ in range(3)))
    done = await batches.settled(batch["object_id"])
    assert (done["status"], counts(done)) == ("PURCHASED", (25, 0, 25, 0))
    assert len(usps.purchases) == len({row["transaction"] for row in rows(done)}) == 25


@pytest.mark.parametrize("status", ["VALIDATING", "PURCHASING"])
async def test_a_batch_whose_job_is_lost_is_found_again(
    batches: Batches, alice: Person, usps: LabelCarrier, status: str
) -> None:
    batch = await (batches.create(2) if status == "VALIDATING" else batches.validated(2))
    if status == "PURCHASING":
        await batches.post(batch, "purchase")
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE kind = 'batches.work' AND payload->>'batch' = $1", batch["object_id"])
    assert (await batches.settled(batch["object_id"]))["status"] == status
    async with begin() as tx:
        await tx.execute("UPDATE batches SET updated_at = now() - interval '1 hour' WHERE id = $1", batch["object_id"])
    await jobs.sweep(Run(job_id=0, attempt=1, payload={}))
    found = await batches.settled(batch["object_id"])
    assert found["status"] == ("VALID" if status == "VALIDATING" else "PURCHASED")


async def test_a_label_is_told_once_and_says_who_bought_it(batches: Batches, alice: Person, usps: LabelCarrier) -> None:
    done = await batches.purchased(2)
    for row in rows(done):
        told = await events_of(alice, row["transaction"])
        assert [event["event"] for event in told] == ["transaction_created"]
        assert told[0]["data"]["status"] == "SUCCESS"
    async with reading() as tx:
        buyers = await tx.fetch("SELECT created_by FROM purchases WHERE account_id = $1", alice.account_id)
    assert {buyer["created_by"]["actor"] for buyer in buyers} == {str(alice.scope.actor)}


async def test_a_row_removed_while_its_carrier_is_asked_stays_removed(
    batches: Batches, api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    batch = await batches.create(2)
    usps.waits_for, usps.on_asked = asyncio.Event(), asyncio.Event()
    working: asyncio.Task[Any] = asyncio.create_task(flows.work(alice.scope, Id(batch["object_id"])))
    await usps.on_asked.wait()
    removed = await batches.post(batch, "remove_shipments", [rows(batch)[0]["object_id"]])
    assert removed.status_code == 200
    usps.waits_for.set()
    await working
    valid = await batches.settled(batch["object_id"])
    assert (valid["status"], counts(valid)) == ("VALID", (1, 0, 0, 0))

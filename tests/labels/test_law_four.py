"""Law 4: a label is bought at most once and never lost, whatever breaks between us and the carrier."""

from __future__ import annotations

import asyncio

import httpx

from portside.alerts.flows import release
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.ids import Id
from portside.labels import actions, errands, flows, queries, reservations
from portside.labels.models import LabelRequest, StoredPurchase
from portside.settings import Settings
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, bought, events_of, flagged_of, rated, settle_time_comes


async def purchase_of(person: Person, rate: str) -> StoredPurchase:
    async with reading() as tx:
        found = await queries.find_purchase_of_rate(tx, person.scope, Id(rate))
    assert found is not None
    return found


async def test_an_answer_that_never_came_is_asked_for_and_the_label_found(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label = await bought(api)
    assert label["status"] == "QUEUED" and await events_of(alice, label["object_id"]) == []
    usps.is_mute = False
    await settle_time_comes(alice)
    settled = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert settled["status"] == "SUCCESS" and settled["tracking_number"]
    assert (await api.get(settled["label_url"])).content.startswith(b"%PDF")
    assert len(usps.purchases) == 1
    names = [event["event"] for event in await events_of(alice, label["object_id"])]
    assert names == ["transaction_created", "transaction_updated"]


async def test_a_purchase_the_carrier_never_got_is_refused_and_the_rate_free(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.forgets = True
    label = await bought(api)
    assert label["status"] == "QUEUED"
    await settle_time_comes(alice)
    refused = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert refused["status"] == "ERROR" and "nothing was bought" in refused["messages"][0]["text"]
    usps.forgets = False
    again = (await api.post("/transactions", json={"rate": label["rate"], "async": False})).json()
    assert again["status"] == "SUCCESS"


async def test_an_open_purchase_is_not_asked_about_before_its_time_and_never_bought_again(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.forgets = True
    label = await bought(api)
    async with begin() as tx:
        await tx.execute("UPDATE jobs SET run_at = now() WHERE kind = 'labels.buy'")
    await drain(lanes=["fast"])
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["status"] == "QUEUED"
    assert len(usps.purchases) == 1


async def test_a_carrier_that_cannot_be_asked_leaves_it_open_for_a_person(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    usps.capabilities = usps.capabilities - {"find_by_reference"}
    label = await bought(api)
    for _ in range(2):
        await settle_time_comes(alice)
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["status"] == "QUEUED"
    (flagged,) = await flagged_of(alice)
    assert flagged.label_id == label["object_id"] and "cannot be asked" in flagged.flag_reason
    again = await api.post("/transactions", json={"rate": label["rate"], "async": False})
    assert again.json()["object_id"] == label["object_id"] and again.json()["status"] == "QUEUED"
    assert len(usps.purchases) == 1


async def test_a_carrier_that_will_not_tell_is_flagged_and_one_that_is_down_is_asked_again(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label = await bought(api)
    usps.fails_to_tell = CarrierError("carrier_down", "503")
    await settle_time_comes(alice)
    assert await flagged_of(alice) == []
    usps.fails_to_tell = CarrierError("auth", "The key was revoked.")
    await settle_time_comes(alice)
    purchase = await purchase_of(alice, label["rate"])
    assert purchase.state == "reserved" and "The key was revoked." in (purchase.flag_reason or "")
    usps.fails_to_tell = None
    await errands.settle(alice.scope, purchase.id)
    settled = await purchase_of(alice, label["rate"])
    assert (settled.state, settled.flagged_at) == ("bought", None)


async def test_a_success_after_a_release_is_voided_at_the_carrier(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    rate = await rated(api)
    usps.holds = asyncio.Event()
    buying = asyncio.create_task(flows.buy_label(alice.scope, Id(rate), LabelRequest()))
    while not usps.purchases:
        await asyncio.sleep(0.01)
    purchase = await purchase_of(alice, rate)
    async with begin() as tx:
        await actions.flag_purchase(tx, alice.scope, purchase.id, "Its outcome is open for too long.", is_open=True)
    assert await release(alice.scope, purchase.id)
    usps.holds.set()
    (label,) = await buying
    assert label.status == "ERROR" and label.tracking_number is None
    await drain(lanes=["fast"])
    assert usps.voided == [f"C-{purchase.id}"]
    assert [event["data"]["status"] for event in await events_of(alice, label.id)] == ["ERROR"]


async def test_a_crash_after_reserving_is_carried_on_by_the_job(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    """What a process leaves that dies right after its first commit."""
    rate = await rated(api)
    await flows._reserve(alice.scope, Id(rate), LabelRequest())
    waiting = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert [label["status"] for label in waiting] == ["QUEUED"] and usps.purchases == []
    await settle_time_comes(alice)
    (label,) = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert label["status"] == "SUCCESS" and len(usps.purchases) == 1


async def test_a_crash_after_the_permission_never_buys_again(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    """What a process leaves that dies between its permission and the carrier."""
    rate = await rated(api)
    reservation = await flows._reserve(alice.scope, Id(rate), LabelRequest())
    async with begin() as tx:
        purchase_id = reservation.purchase.id
        assert await reservations.mark_all_sent(tx, alice.scope, [purchase_id], 0) == {purchase_id}
        assert await reservations.mark_all_sent(tx, alice.scope, [purchase_id], 0) == set()
    await errands.carry_out(alice.scope, reservation.purchase.id)
    assert usps.purchases == []
    await settle_time_comes(alice)
    (label,) = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert label["status"] == "ERROR" and usps.purchases == []


async def test_a_hundred_purchases_of_one_rate_are_one(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    rate = await rated(api)
    answers = await asyncio.gather(
        *(api.post("/transactions", json={"rate": rate, "async": number % 10 == 9}) for number in range(100))
    )
    assert {answer.status_code for answer in answers} == {201}
    (name,) = {answer.json()["object_id"] for answer in answers}
    assert {a.json()["status"] for number, a in enumerate(answers) if number % 10 != 9} == {"SUCCESS"}
    await drain(lanes=["fast"])
    assert len(usps.purchases) == 1
    assert (await api.get(f"/transactions?rate={rate}")).json()["results"][0]["object_id"] == name


async def test_a_file_that_cannot_be_stored_is_fetched_later(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier, settings: Settings
) -> None:
    rate = await rated(api)
    folder = settings.data_dir / "files" / "labels" / alice.account_id
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in the way")
    label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    assert label["status"] == "QUEUED"
    folder.unlink()
    await settle_time_comes(alice)
    settled = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert settled["status"] == "SUCCESS" and (await api.get(settled["label_url"])).status_code == 200
    assert len(usps.purchases) == 1


async def test_a_purchase_whose_job_is_lost_is_flagged_and_carried_on(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label = await bought(api)
    usps.is_mute, usps.fails_to_tell = False, CarrierError("carrier_down", "503")
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE kind = 'labels.buy'")
        past = "updated_at = now() - interval '2 hours', settle_after = now() - interval '1 hour'"
        await tx.execute(f"UPDATE purchases SET {past} WHERE account_id = $1", alice.account_id)
        assert await actions.requeue_forgotten(tx) == 1
    await drain(lanes=["bulk"])
    assert (await purchase_of(alice, label["rate"])).flagged_at is not None
    usps.fails_to_tell = None
    async with begin() as tx:
        await tx.execute(f"UPDATE purchases SET {past} WHERE account_id = $1", alice.account_id)
        assert await actions.requeue_forgotten(tx) == 1
    await drain(lanes=["bulk"])
    settled = await purchase_of(alice, label["rate"])
    assert (settled.state, settled.flagged_at) == ("bought", None) and len(usps.purchases) == 1

"""Purchases that wait for a person: asked about again or released, in whatever order, with one outcome each."""

from __future__ import annotations

import asyncio
import datetime as dt

import httpx
import pytest

from portside.accounts.queries import get_scope
from portside.alerts.flows import ask_again, release
from portside.carriers.errors import CarrierError
from portside.db.begin import begin, reading
from portside.errors import NotFound
from portside.jobs.drain import drain
from portside.kit.clock import now
from portside.kit.ids import Id
from portside.labels import errands
from portside.labels.models import StoredPurchase
from portside.labels.queries import get_label, get_purchase
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier, bought, events_of, flagged_of, settle_time_comes

REVOKED = CarrierError("auth", "The key was revoked.")


async def waiting(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier, **given: str) -> tuple[str, Id]:
    """A label whose purchase waits for a person, and that purchase."""
    usps.fails_to_tell = REVOKED
    label = await bought(api, **given)
    assert label["status"] == "QUEUED"
    await settle_time_comes(alice)
    (flagged,) = await flagged_of(alice)
    usps.fails_to_tell = None
    return label["object_id"], flagged.id


async def stands(alice: Person, purchase: Id) -> StoredPurchase:
    async with reading() as tx:
        return await get_purchase(tx, alice.scope, purchase)


async def audited(alice: Person) -> list[str]:
    async with reading() as tx:
        rows = await tx.fetch(
            "SELECT action FROM audit_entries WHERE account_id = $1 AND action LIKE 'purchase.%' ORDER BY id",
            alice.account_id,
        )
    return [row["action"] for row in rows]


async def a_while_later() -> None:
    await drain(until=now() + dt.timedelta(minutes=3), lanes=["fast"])


async def test_asking_again_finds_the_label_and_buys_nothing(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label, purchase = await waiting(api, alice, usps)
    assert (await ask_again(alice.scope, purchase)).state == "bought"
    assert (await api.get(f"/transactions/{label}")).json()["status"] == "SUCCESS"
    assert len(usps.purchases) == 1 and await audited(alice) == ["purchase.asked"]


async def test_asking_a_carrier_that_still_does_not_tell_changes_nothing(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    _, purchase = await waiting(api, alice, usps)
    usps.fails_to_tell = CarrierError("auth", "The key is unknown.")
    after = await ask_again(alice.scope, purchase)
    assert after.state == "reserved" and "The key is unknown." in (after.flag_reason or "")


async def test_asking_never_sends_what_was_not_sent(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.forgets = True
    _, purchase = await waiting(api, alice, usps)
    async with begin() as tx:
        await tx.execute("UPDATE purchases SET sent_at = NULL, settle_after = NULL WHERE id = $1", purchase)
    assert (await ask_again(alice.scope, purchase)).state == "reserved"
    assert len(usps.purchases) == 1 and await audited(alice) == []
    assert await release(alice.scope, purchase)
    await errands.resume(alice.scope, purchase)
    assert len(usps.purchases) == 1


async def test_what_is_released_can_be_bought_anew(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.forgets = True
    order = (await api.post("/orders", json=order_body())).json()["object_id"]
    label, purchase = await waiting(api, alice, usps, order=order)
    assert await release(alice.scope, purchase)
    assert (await stands(alice, purchase)).state == "voided" and await flagged_of(alice) == []
    given_up = (await api.get(f"/transactions/{label}")).json()
    assert given_up["status"] == "ERROR" and "USPS has no such label" in given_up["messages"][0]["text"]
    usps.forgets = False
    again = (await api.post("/transactions", json={"rate": given_up["rate"], "order": order, "async": False})).json()
    assert again["status"] == "SUCCESS" and again["object_id"] != label
    await a_while_later()
    assert usps.voided == [] and (await api.get(f"/orders/{order}")).json()["order_status"] == "SHIPPED"


async def test_a_label_that_was_sold_all_the_same_is_voided_when_the_carrier_can_be_asked(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label, purchase = await waiting(api, alice, usps)
    assert await release(alice.scope, purchase)
    usps.fails_to_tell = CarrierError("carrier_down", "503")
    await a_while_later()
    assert usps.voided == []
    usps.fails_to_tell = None
    await drain(until=now() + dt.timedelta(hours=1), lanes=["fast"])
    assert usps.voided == [f"C-{purchase}"]
    await drain(until=now() + dt.timedelta(days=1), lanes=["fast"])
    assert usps.voided == [f"C-{purchase}"]
    assert (await api.get(f"/transactions/{label}")).json()["status"] == "ERROR"


@pytest.mark.parametrize("is_sold", [True, False])
async def test_asking_and_releasing_at_once_have_one_outcome(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier, is_sold: bool
) -> None:
    usps.is_mute, usps.forgets = is_sold, not is_sold
    label, purchase = await waiting(api, alice, usps)
    await asyncio.gather(
        *(ask_again(alice.scope, purchase) for _ in range(3)),
        *(release(alice.scope, purchase) for _ in range(3)),
        errands.settle(alice.scope, purchase),
    )
    await a_while_later()
    end = await stands(alice, purchase)
    assert end.state in ({"bought", "voided"} if is_sold else {"rejected", "voided"}) and end.flagged_at is None
    # What the carrier sold is either ours or voided there, and the buyer hears of one outcome.
    assert usps.voided == ([f"C-{purchase}"] if is_sold and end.state == "voided" else [])
    async with reading() as tx:
        status = (await get_label(tx, alice.scope, Id(label))).status
    assert status == ("SUCCESS" if end.state == "bought" else "ERROR")
    # QUEUED was told first, so there are two events, and both tell the outcome.
    assert {event["data"]["status"] for event in await events_of(alice, label)} == {status}
    assert (await audited(alice)).count("purchase.released") == (end.state == "voided")
    assert len(usps.purchases) == 1


async def test_releasing_twice_is_releasing_once(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.forgets = True
    _, purchase = await waiting(api, alice, usps)
    assert sorted(await asyncio.gather(*(release(alice.scope, purchase) for _ in range(5)))) == [False] * 4 + [True]
    assert await audited(alice) == ["purchase.released"]


async def test_a_purchase_that_settled_meanwhile_is_not_released(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    _, purchase = await waiting(api, alice, usps)
    await errands.settle(alice.scope, purchase)
    assert not await release(alice.scope, purchase)
    assert (await stands(alice, purchase)).state == "bought" and usps.voided == []


async def test_an_answer_that_comes_after_the_release_makes_nobody_wait_again(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    _, purchase = await waiting(api, alice, usps)
    assert await release(alice.scope, purchase)
    usps.fails_to_tell = REVOKED
    await errands.settle(alice.scope, purchase)
    assert await flagged_of(alice) == []
    usps.fails_to_tell = None
    await errands.settle(alice.scope, purchase)
    await drain(lanes=["fast"])
    assert (await stands(alice, purchase)).state == "voided" and usps.voided == [f"C-{purchase}"]


async def test_a_label_that_cannot_be_voided_waits_until_somebody_has_settled_it(
    api: httpx.AsyncClient, alice: Person, usps: LabelCarrier
) -> None:
    usps.is_mute = True
    label, purchase = await waiting(api, alice, usps)
    usps.capabilities = usps.capabilities - {"void"}
    assert await release(alice.scope, purchase)
    await a_while_later()
    (flagged,) = await flagged_of(alice)
    assert flagged.state == "voided" and "cannot void it" in flagged.flag_reason
    told = await events_of(alice, label)
    assert await release(alice.scope, purchase)
    assert await flagged_of(alice) == [] and await events_of(alice, label) == told


async def test_the_operator_releases_for_any_account(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.forgets = True
    label, purchase = await waiting(api, alice, usps)
    async with reading() as tx:
        scope = await get_scope(tx, alice.account_id, alice.scope.mode)
    assert await release(scope, purchase)
    assert "The operator says" in (await api.get(f"/transactions/{label}")).json()["messages"][0]["text"]


async def test_nobody_asks_or_releases_somebody_elses(
    api: httpx.AsyncClient, alice: Person, charlie: Person, usps: LabelCarrier
) -> None:
    usps.forgets = True
    _, purchase = await waiting(api, alice, usps)
    for deed in (ask_again, release):
        with pytest.raises(NotFound):
            await deed(charlie.scope, purchase)
    assert len(await flagged_of(alice)) == 1

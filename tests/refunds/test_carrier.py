"""What becomes of a label that is refunded, whatever its carrier does and whoever dies on the way."""

from __future__ import annotations

import asyncio
import datetime as dt

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.errors import FieldErrors
from portside.jobs.drain import drain
from portside.jobs.models import Postponed
from portside.kit.ids import Id
from portside.refunds import actions, flows
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.dispatch import DispatchCarrier, next_try_comes
from tests.support.labelling import PARCEL, bought, events_of, rated


async def refunded(api: httpx.AsyncClient, label_id: str) -> str:
    """A refund that was asked for; its id."""
    answer = await api.post("/refunds", json={"transaction": label_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["object_id"])


async def states(api: httpx.AsyncClient, refund_id: str) -> tuple[str, str]:
    """(refund's status, label's)."""
    refund = (await api.get(f"/refunds/{refund_id}")).json()
    return refund["status"], (await api.get(f"/transactions/{refund['transaction']}")).json()["status"]


async def test_a_refunded_label_gives_back_its_order_and_its_rate(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    label = await bought(api, order=order["object_id"])
    refund_id = await refunded(api, label["object_id"])
    assert await states(api, refund_id) == ("QUEUED", "REFUNDPENDING")
    assert (await api.get(f"/orders/{order['object_id']}")).json()["order_status"] == "SHIPPED"
    again = (await api.post("/transactions", json={"rate": label["rate"], "async": False})).json()
    assert again["object_id"] == label["object_id"]
    await drain(lanes=["fast"])
    assert await states(api, refund_id) == ("SUCCESS", "REFUNDED")
    after = (await api.get(f"/orders/{order['object_id']}")).json()
    assert after["order_status"] == order["order_status"]
    assert [(each["object_id"], each["object_status"]) for each in after["transactions"]] == [
        (label["object_id"], "REFUNDED")
    ]
    assert len(usps.asked_for("void")) == 1
    told = [(event["event"], event["data"]["status"]) for event in await events_of(alice, label["object_id"])]
    assert told[1:] == [("transaction_updated", "REFUNDPENDING"), ("transaction_updated", "REFUNDED")]
    anew = (await api.post("/transactions", json={"rate": label["rate"], "async": False})).json()
    assert anew["status"] == "SUCCESS" and anew["object_id"] != label["object_id"]


async def test_the_pieces_of_a_shipment_are_refunded_one_by_one(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    rate = await rated(api, parcels=[PARCEL, PARCEL])
    master = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    labels = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert len(labels) == 2
    for left, label in ((1, labels[0]), (0, labels[1])):
        refund_id = await refunded(api, label["object_id"])
        await drain(lanes=["fast"])
        assert await states(api, refund_id) == ("SUCCESS", "REFUNDED")
        assert usps.asked_for("void")[-1] == label["tracking_number"]
        again = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
        assert (again["object_id"] == master["object_id"]) is bool(left)


async def test_a_carrier_that_is_down_is_asked_again(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    label = await bought(api)
    usps.unwilling = CarrierError("rate_limited", "Too many calls.", code="429")
    refund_id = await refunded(api, label["object_id"])
    await drain(lanes=["fast"])
    assert await states(api, refund_id) == ("PENDING", "REFUNDPENDING")
    shown = (await api.get(f"/refunds/{refund_id}")).json()["messages"]
    assert shown == [{"source": "USPS", "code": "429", "text": "Too many calls."}]
    usps.unwilling = CarrierError("auth", "The key was revoked.")
    await next_try_comes(alice, "refunds")
    assert await states(api, refund_id) == ("PENDING", "REFUNDPENDING")
    usps.unwilling = None
    await next_try_comes(alice, "refunds")
    assert await states(api, refund_id) == ("SUCCESS", "REFUNDED")
    assert (await api.get(f"/refunds/{refund_id}")).json()["messages"] == []
    assert len(usps.voided) == 1


async def test_a_carrier_that_is_down_for_a_fortnight_has_refused(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    label = await bought(api)
    usps.unwilling = CarrierError("bug", "internal error")
    refund_id = await refunded(api, label["object_id"])
    async with begin() as tx:
        await tx.execute(
            "UPDATE refunds SET created_at = created_at - interval '15 days' WHERE account_id = $1", alice.account_id
        )
    await next_try_comes(alice, "refunds")
    assert await states(api, refund_id) == ("ERROR", "REFUNDREJECTED")
    assert "14 days" in (await api.get(f"/refunds/{refund_id}")).json()["messages"][-1]["text"]


async def test_a_refusal_leaves_label_order_and_rate_as_they_are(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    order = (await api.post("/orders", json=order_body())).json()
    label = await bought(api, order=order["object_id"])
    usps.unwilling = CarrierError("input", "The label was used.", code="used")
    refund_id = await refunded(api, label["object_id"])
    await drain(lanes=["fast"])
    assert await states(api, refund_id) == ("ERROR", "REFUNDREJECTED")
    reason = [{"source": "USPS", "code": "used", "text": "The label was used."}]
    assert (await api.get(f"/refunds/{refund_id}")).json()["messages"] == reason
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["messages"] == reason
    assert (await api.get(f"/orders/{order['object_id']}")).json()["order_status"] == "SHIPPED"
    again = (await api.post("/transactions", json={"rate": label["rate"], "async": False})).json()
    assert again["object_id"] == label["object_id"]


async def test_of_many_requests_one_is_a_refund_and_one_call_is_made(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    label = await bought(api)
    wishes = [flows.request_refund(alice.scope, Id(label["object_id"])) for _ in range(10)]
    made = await asyncio.gather(*wishes, return_exceptions=True)
    (refund,) = [each for each in made if not isinstance(each, BaseException)]
    assert [type(each) for each in made if isinstance(each, BaseException)] == [FieldErrors] * 9
    tries = [flows.carry_out(alice.scope, refund.id) for _ in range(5)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(each) for each in done} <= {type(None), Postponed}
    await drain(lanes=["fast"])
    assert await states(api, refund.id) == ("SUCCESS", "REFUNDED") and len(usps.voided) == 1


async def test_who_dies_with_the_permission_is_followed_by_the_job(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    refund_id = Id(await refunded(api, (await bought(api))["object_id"]))
    async with begin() as tx:
        assert await actions.claim_refund(tx, alice.scope, refund_id, 60)
    await drain(lanes=["fast"])
    assert usps.asked_to == [] and (await states(api, refund_id))[0] == "PENDING"
    await next_try_comes(alice, "refunds")
    assert await states(api, refund_id) == ("SUCCESS", "REFUNDED")


async def test_who_dies_before_the_outcome_is_written_asks_once_more(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    refund_id = Id(await refunded(api, (await bought(api))["object_id"]))
    with monkeypatch.context() as patch:
        patch.setattr(actions, "complete_refund", _die)
        with pytest.raises(KeyboardInterrupt):
            await flows.carry_out(alice.scope, refund_id)
    assert await states(api, refund_id) == ("PENDING", "REFUNDPENDING")
    await next_try_comes(alice, "refunds")
    assert await states(api, refund_id) == ("SUCCESS", "REFUNDED")
    await next_try_comes(alice, "refunds")
    assert len(usps.voided) == 2


async def _die(*_arguments: object) -> None:
    raise KeyboardInterrupt


async def test_a_refund_whose_job_was_lost_is_found(
    api: httpx.AsyncClient, alice: Person, usps: DispatchCarrier
) -> None:
    refund_id = await refunded(api, (await bought(api))["object_id"])
    async with begin() as tx:
        await tx.execute("DELETE FROM jobs WHERE payload->>'refund' = $1", refund_id)
        await actions.requeue_forgotten(tx, dt.timedelta(hours=1))
    await drain(lanes=["fast"])
    assert (await states(api, refund_id))[0] == "QUEUED"
    async with begin() as tx:
        await tx.execute("UPDATE refunds SET next_try_at = now() - interval '2 hours' WHERE id = $1", refund_id)
        await actions.requeue_forgotten(tx, dt.timedelta(hours=1), limit=1000)
    await drain(lanes=["fast"])
    assert (await states(api, refund_id))[0] == "SUCCESS"


async def test_a_simulated_label_is_taken_back_until_its_parcel_is_handed_over(api: httpx.AsyncClient) -> None:
    """Without carriers of the test's own: those that everybody with a test token has."""
    unused, used = await bought(api), await bought(api)
    first = await refunded(api, unused["object_id"])
    await drain()
    assert await states(api, first) == ("SUCCESS", "REFUNDED")
    await api.post("/simulator/advance", json={"days": 2})
    await drain()
    second = await refunded(api, used["object_id"])
    await drain()
    assert await states(api, second) == ("ERROR", "REFUNDREJECTED")
    (message,) = (await api.get(f"/refunds/{second}")).json()["messages"]
    assert message["code"] == "in_transit"

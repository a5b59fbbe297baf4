"""/refunds: what it answers, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portside.carriers.errors import CarrierError
from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.dispatch import DispatchCarrier
from tests.support.labelling import bought, rated

pytestmark = pytest.mark.usefixtures("usps")

STRANGER = "0" * 32
NOT_FOUND = {"transaction": ["Transaction with supplied object_id not found."]}


async def test_a_refund_has_shippos_shape(api: httpx.AsyncClient, alice: Person) -> None:
    label = await bought(api)
    answer = await api.post("/refunds/", json={"transaction": label["object_id"], "async": False})
    refund = answer.json()
    assert (answer.status_code, refund["status"], refund["transaction"]) == (201, "QUEUED", label["object_id"])
    assert (refund["object_owner"], refund["test"], refund["messages"]) == (alice.email, True, [])
    assert refund["object_created"].endswith("Z") and refund["object_updated"].endswith("Z")
    assert (await api.get(f"/refunds/{refund['object_id']}/")).json() == refund
    assert (await api.get("/refunds/")).json() == {"next": None, "previous": None, "results": [refund]}


async def test_the_transaction_may_be_sent_as_it_was_returned(api: httpx.AsyncClient) -> None:
    label = await bought(api)
    assert (await api.post("/refunds", json={"transaction": label})).status_code == 201


async def test_a_label_has_one_refund(api: httpx.AsyncClient) -> None:
    label = await bought(api)
    assert (await api.post("/refunds", json={"transaction": label["object_id"]})).status_code == 201
    for _ in range(2):
        again = await api.post("/refunds", json={"transaction": label["object_id"]})
        assert again.status_code == 400
        assert again.json() == {"transaction": ["Refund with this Transaction already exists."]}
        await drain(lanes=["fast"])


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, "This field is required."),
        ({"transaction": None}, "This field is required."),
        ({"transaction": ""}, "This field is required."),
        ({"transaction": {}}, "This field is required."),
        ({"transaction": STRANGER}, NOT_FOUND["transaction"][0]),
        ({"transaction": "no id"}, NOT_FOUND["transaction"][0]),
        ({"transaction": {"object_id": 5}}, NOT_FOUND["transaction"][0]),
        ({"transaction": ["x"]}, None),
        ({"transaction": "a\u0000b"}, None),
    ],
)
async def test_what_is_wrong_with_the_transaction_is_said(
    api: httpx.AsyncClient, body: dict[str, Any], wrong: str | None
) -> None:
    answer = await api.post("/refunds", json=body)
    assert answer.status_code == 400 and list(answer.json()) == ["transaction"]
    assert wrong is None or answer.json()["transaction"] == [wrong]


async def test_only_a_label_that_was_bought_can_be_refunded(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    usps.refuses = CarrierError("input", "No such street.")
    refused = await bought(api)
    usps.refuses = None
    queued = (await api.post("/transactions", json={"rate": await rated(api)})).json()
    for label, status in ((refused, "ERROR"), (queued, "QUEUED")):
        assert label["status"] == status
        answer = await api.post("/refunds", json={"transaction": label["object_id"]})
        assert answer.status_code == 400 and f"This one is {status}" in answer.json()["transaction"][0]
        assert (await api.get("/refunds")).json()["results"] == []


async def test_a_carrier_that_takes_nothing_back_is_named(api: httpx.AsyncClient, usps: DispatchCarrier) -> None:
    label = await bought(api)
    usps.capabilities = usps.capabilities - {"void"}
    answer = await api.post("/refunds", json={"transaction": label["object_id"]})
    assert answer.status_code == 400 and "USPS takes no labels back here" in answer.json()["transaction"][0]
    assert (await api.get(f"/transactions/{label['object_id']}")).json()["status"] == "SUCCESS"


async def test_missing_and_foreign_look_the_same(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    label = await bought(api)
    async with product(alice.live_token) as live_api:
        for outsider in (charlie_api, live_api):
            foreign = await outsider.post("/refunds", json={"transaction": label["object_id"]})
            assert (foreign.status_code, foreign.json()) == (400, NOT_FOUND)
        refund = (await api.post("/refunds", json={"transaction": label["object_id"]})).json()
        for outsider in (charlie_api, live_api):
            seen = await outsider.get(f"/refunds/{refund['object_id']}")
            missing = await outsider.get(f"/refunds/{STRANGER}")
            assert seen.status_code == missing.status_code == 404 and seen.json() == missing.json()
            assert (await outsider.get("/refunds")).json()["results"] == []


async def test_pages_follow_their_links(api: httpx.AsyncClient) -> None:
    labels = [await bought(api) for _ in range(6)]
    ids = [(await api.post("/refunds", json={"transaction": each["object_id"]})).json()["object_id"] for each in labels]
    first = (await api.get("/refunds?results=2")).json()
    second = (await api.get(first["next"])).json()
    assert [row["object_id"] for row in first["results"] + second["results"]] == ids[:1:-1]
    assert [row["object_id"] for row in (await api.get("/refunds")).json()["results"]] == ids[:0:-1]

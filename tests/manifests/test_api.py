"""/manifests with the simulated carriers: which labels are on them, what is printed, what is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any

import httpx
import pypdfium2 as pdfium
import pytest
import zxingcpp

from portside.jobs.drain import drain
from tests.support.cast import Person
from tests.support.labelling import FROM, bought, rated

STRANGER = "0" * 32


def today() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


async def usps_account(api: httpx.AsyncClient) -> str:
    accounts = (await api.get("/carrier_accounts?carrier=usps")).json()["results"]
    return str(accounts[0]["object_id"])


async def manifest(api: httpx.AsyncClient, status: int = 201, **changes: Any) -> dict[str, Any]:
    """The answer to a manifest of today from FROM, made at once."""
    body = {"carrier_account": await usps_account(api), "shipment_date": today(), "address_from": FROM, "async": False}
    body = {name: value for name, value in {**body, **changes}.items() if value is not None}
    answer = await api.post("/manifests", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def label_from(api: httpx.AsyncClient, **changes: Any) -> str:
    """A label of a shipment with these changes; its id."""
    rate = await rated(api, **changes)
    label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    assert label["status"] == "SUCCESS", label["messages"]
    return str(label["object_id"])


async def test_a_manifest_has_shippos_shape_and_a_form_that_scans(api: httpx.AsyncClient, alice: Person) -> None:
    label = await bought(api)
    made = await manifest(api, transactions=[label["object_id"]])
    assert (made["status"], made["transactions"], made["errors"]) == ("SUCCESS", [label["object_id"]], [])
    assert (made["object_owner"], made["provider"], made["test"]) == (alice.email, "USPS", True)
    assert (await api.get(f"/addresses/{made['address_from']}")).json()["street1"] == FROM["street1"]
    assert (await api.get(f"/manifests/{made['object_id']}/")).json() == made
    assert (await api.get("/manifests/")).json()["results"] == [made]
    (link,) = made["documents"]
    assert f"{made['object_id']}_0_usps.pdf?" in link
    document = pdfium.PdfDocument((await api.get(link)).content)
    assert label["tracking_number"] in document[0].get_textpage().get_text_range()
    (bars,) = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    assert bars.text.startswith("(94)750")


async def test_without_transactions_all_of_account_place_and_day_are_taken(api: httpx.AsyncClient) -> None:
    mine = [
        await label_from(api),
        await label_from(api, address_from={**FROM, "name": "Bob", "street1": "1 DEMO wharf"}),
    ]
    await label_from(api, address_from={**FROM, "street1": "9 Other Wharf"})
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    await label_from(api, shipment_date=later.isoformat())
    await label_from(api, extra={"is_return": True})
    given_back = await label_from(api)
    assert (await api.post("/refunds", json={"transaction": given_back})).status_code == 201
    made = await manifest(api)
    assert (made["status"], made["transactions"]) == ("SUCCESS", mine[::-1])
    then = await manifest(api, shipment_date=later.isoformat())
    assert len(then["transactions"]) == 1
    nothing = await manifest(api)
    assert (nothing["status"], nothing["transactions"], nothing["documents"]) == ("ERROR", [], [])
    assert nothing["errors"] == [
        "There are no labels of this carrier account, address and date that are on no manifest yet."
    ]


async def test_the_old_clients_way_by_provider_and_a_day_long_past(api: httpx.AsyncClient) -> None:
    day = "2017-03-31T17:37:59.817Z"
    label = await label_from(api, shipment_date=day)
    shipment = (await api.get("/shipments")).json()["results"][0]
    made = await manifest(
        api, carrier_account=None, provider="USPS", shipment_date=day, address_from=shipment["address_from"]
    )
    assert (made["status"], made["transactions"], made["shipment_date"]) == ("SUCCESS", [label], day)
    assert made["address_from"] == shipment["address_from"]["object_id"]
    assert made["carrier_account"] == await usps_account(api)


@pytest.mark.parametrize("left_alone", [{"async": None}, {"async": None, "transactions": []}])
async def test_left_alone_it_is_queued_and_a_job_makes_it(api: httpx.AsyncClient, left_alone: dict[str, Any]) -> None:
    label = await label_from(api)
    made = await manifest(api, **left_alone)
    assert (made["status"], made["transactions"], made["documents"]) == ("QUEUED", [label], [])
    await drain()
    after = (await api.get(f"/manifests/{made['object_id']}")).json()
    assert after["status"] == "SUCCESS" and len(after["documents"]) == 1


async def test_a_label_is_on_one_manifest_only(api: httpx.AsyncClient) -> None:
    labels = {await label_from(api) for _ in range(2)}
    made = await asyncio.gather(*(manifest(api) for _ in range(4)))
    assert sorted(each["status"] for each in made) == ["ERROR", "ERROR", "ERROR", "SUCCESS"]
    (taken,) = [each for each in made if each["status"] == "SUCCESS"]
    assert set(taken["transactions"]) == labels
    again = await manifest(api, 400, transactions=list(labels))
    assert len(again["transactions"]) == 2
    assert all(f"on the manifest {taken['object_id']} already" in text for text in again["transactions"])


async def test_every_transaction_that_cannot_be_on_it_is_named(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient
) -> None:
    good, foreign = await label_from(api), await label_from(charlie_api)
    queued = (await api.post("/transactions", json={"rate": await rated(api)})).json()["object_id"]
    shipment = (await api.get("/shipments")).json()["results"][0]
    ups = next(rate for rate in shipment["rates"] if rate["provider"] == "UPS")
    other = (await api.post("/transactions", json={"rate": ups["object_id"], "async": False})).json()["object_id"]
    far = await label_from(api, address_from={**FROM, "zip": "94117"})
    back = await label_from(api, extra={"is_return": True})
    wrong = await manifest(api, 400, transactions=[good, foreign, queued, other, far, back, STRANGER])
    reasons = {text.split()[1]: text for text in wrong["transactions"]}
    assert list(reasons) == [foreign, queued, other, far, back, STRANGER]
    assert "not found" in reasons[foreign] and "not found" in reasons[STRANGER]
    assert "its status is QUEUED" in reasons[queued] and "another carrier account" in reasons[other]
    assert "another place" in reasons[far] and "a return" in reasons[back]
    malformed = await manifest(api, 400, transactions=["x"])
    assert malformed == {"transactions": ["Transaction x cannot be on this manifest: not found."]}
    assert (await manifest(api, transactions=[good]))["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"carrier_account": None}, "carrier_account", "This field is required."),
        ({"carrier_account": STRANGER}, "carrier_account", "Carrier account with supplied object_id not found."),
        ({"carrier_account": "usps"}, "carrier_account", "Carrier account with supplied object_id not found."),
        ({"carrier_account": None, "provider": "UPS"}, "provider", "UPS takes no manifests."),
        ({"carrier_account": None, "provider": "RANDOM"}, "provider", "Invalid value specified for provider 'RANDOM'"),
        ({"shipment_date": None}, "shipment_date", "This field is required."),
        ({"shipment_date": "soon"}, "shipment_date", None),
        ({"shipment_date": "9999-12-31T23:59:59Z"}, "shipment_date", None),
        ({"shipment_date": "1066-10-14T09:00:00+00:00"}, "shipment_date", None),
        ({"shipment_date": "0001-01-01T00:00:00+14:00"}, "shipment_date", None),
        ({"address_from": None}, "address_from", "This field is required."),
        ({"address_from": ""}, "address_from", "This field is required."),
        ({"address_from": STRANGER}, "address_from", "Address with supplied object_id not found."),
        ({"address_from": "EXAMPLE"}, "address_from", "Address with supplied object_id not found."),
        ({"address_from": {"object_id": STRANGER}}, "address_from", "Address with supplied object_id not found."),
        ({"address_from": {"name": "x"}}, "address_from", None),
        ({"address_from": 5}, "address_from", None),
        ({"transactions": [{}]}, "transactions", None),
        ({"transactions": {"a": 1}}, "transactions", None),
        ({"async": "perhaps"}, "async", None),
    ],
)
async def test_what_is_wrong_is_named(
    api: httpx.AsyncClient, changes: dict[str, Any], field: str, text: str | None
) -> None:
    wrong = await manifest(api, 400, **changes)
    assert list(wrong) == [field]
    assert text is None or wrong[field] == [text]


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    fields = ("carrier_account", "shipment_date", "address_from")
    wrong = (await api.post("/manifests", json={})).json()
    assert wrong == {field: ["This field is required."] for field in fields}
    assert set((await api.post("/manifests", json={"provider": "USPS"})).json()) == {"shipment_date", "address_from"}
    answer = await api.post("/manifests", json={"shipment_date": today(), "transactions": ["x"]})
    assert answer.status_code == 400
    assert sorted(answer.json()) == ["address_from", "carrier_account", "transactions"]


async def test_missing_and_foreign_look_the_same(
    api: httpx.AsyncClient,
    charlie_api: httpx.AsyncClient,
    alice: Person,
    product: Callable[..., httpx.AsyncClient],
) -> None:
    made = await manifest(api, transactions=[await label_from(api)])
    async with product(alice.live_token) as live_api:
        for outsider in (charlie_api, live_api):
            seen = await outsider.get(f"/manifests/{made['object_id']}")
            missing = await outsider.get(f"/manifests/{STRANGER}")
            assert seen.status_code == missing.status_code == 404 and seen.json() == missing.json()
            assert (await outsider.get("/manifests")).json()["results"] == []
            theirs = await manifest(outsider, 400, address_from=made["address_from"])
            assert theirs == {"address_from": ["Address with supplied object_id not found."]}
            account = await manifest(outsider, 400, carrier_account=made["carrier_account"])
            assert account == {"carrier_account": ["Carrier account with supplied object_id not found."]}


async def test_a_page_has_five_when_nobody_says_how_many(api: httpx.AsyncClient) -> None:
    ids = [(await manifest(api))["object_id"] for _ in range(6)]
    assert [row["object_id"] for row in (await api.get("/manifests")).json()["results"]] == ids[:0:-1]


async def test_the_carriers_refusal_is_an_object_in_error(api: httpx.AsyncClient) -> None:
    label = await label_from(api, metadata="SIM_MANIFEST_REFUSE")
    made = await manifest(api, transactions=[label])
    assert (made["status"], made["documents"]) == ("ERROR", [])
    assert made["errors"] == ["USPS: The carrier refuses the manifest. (SIM_MANIFEST_REFUSE)"]

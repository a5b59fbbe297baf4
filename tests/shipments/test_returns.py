"""Returns: a scan-based one is asked for by a flag and travels the other way, an ordinary one is a plain shipment."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pypdfium2
import pytest

from tests.support.cast import Person
from tests.support.labelling import with_carrier_accounts
from tests.support.objects import SENDER, post, shipment_body

SHOP = SENDER | {"name": "Alice Shop"}
BUYER = SENDER | {
    "name": "Carla Example",
    "street1": "2 Sample Street",
    "city": "Chicago",
    "state": "IL",
    "zip": "60611",
}


@pytest.fixture(autouse=True)
async def accounts(alice: Person) -> None:
    await with_carrier_accounts(alice)


async def ship(api: httpx.AsyncClient, sender: Any, recipient: Any, **changes: Any) -> dict[str, Any]:
    return await post(api, "/shipments", shipment_body(address_from=sender, address_to=recipient, **changes))


def offers(shipment: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(rate["servicelevel"]["token"], rate["amount"], rate["zone"]) for rate in shipment["rates"]}


async def bought(api: httpx.AsyncClient, shipment: dict[str, Any], service: str) -> tuple[dict[str, Any], str]:
    """The label bought for a service, and what stands on it."""
    rate = next(rate for rate in shipment["rates"] if rate["servicelevel"]["token"] == service)
    label = await post(api, "/transactions", {"rate": rate["object_id"], "async": False})
    file = await api.get(label["label_url"])
    return label, str(pypdfium2.PdfDocument(io.BytesIO(file.content))[0].get_textpage().get_text_range())


@pytest.mark.parametrize("service", ["usps_ground_advantage", "ups_ground"])
async def test_a_scan_based_return_goes_from_the_buyer_to_the_shop(api: httpx.AsyncClient, service: str) -> None:
    shipment = await ship(api, SHOP, BUYER, extra={"is_return": True})
    assert (shipment["address_from"]["name"], shipment["address_to"]["name"]) == ("Alice Shop", "Carla Example")
    label, text = await bought(api, shipment, service)
    assert text.index("Carla Example") < text.index("SHIP TO") < text.index("Alice Shop") and "RETURN LABEL" in text
    carrier = service.partition("_")[0]
    track = (await api.get(f"/tracks/{carrier}/{label['tracking_number']}")).json()
    assert (track["address_from"]["zip"], track["address_to"]["zip"]) == ("60611", "94111")


async def test_an_ordinary_return_is_a_shipment_with_its_addresses_swapped(api: httpx.AsyncClient) -> None:
    ordinary = await ship(api, BUYER, SHOP)
    assert ordinary["extra"] == {}
    label, text = await bought(api, ordinary, "usps_ground_advantage")
    assert text.index("Carla Example") < text.index("SHIP TO") < text.index("Alice Shop")
    assert label["status"] == "SUCCESS" and "RETURN LABEL" not in text


async def test_every_service_is_offered_for_a_return_at_the_price_of_that_way(api: httpx.AsyncClient) -> None:
    outward, ordinary = await ship(api, SHOP, BUYER), await ship(api, BUYER, SHOP)
    flagged = await ship(api, SHOP, BUYER, extra={"is_return": "True"})
    assert offers(flagged) == offers(ordinary) and flagged["extra"] == {"is_return": True}
    assert {service for service, _, _ in offers(flagged)} == {service for service, _, _ in offers(outward)}


async def test_a_flag_that_says_no_is_no_return(api: httpx.AsyncClient) -> None:
    shipment = await ship(api, SHOP, BUYER, extra={"is_return": False})
    _, text = await bought(api, shipment, "ups_ground")
    assert text.index("Alice Shop") < text.index("SHIP TO") < text.index("Carla Example") and "RETURN" not in text


async def test_an_instalabel_may_be_a_return(api: httpx.AsyncClient) -> None:
    accounts = (await api.get("/carrier_accounts?carrier=ups")).json()["results"]
    given = {
        "shipment": shipment_body(address_from=SHOP, address_to=BUYER, extra={"is_return": True}),
        "carrier_account": accounts[0]["object_id"],
        "servicelevel_token": "ups_ground",
    }
    label = await post(api, "/transactions", given)
    assert label["status"] == "SUCCESS", label["messages"]
    track = (await api.get(f"/tracks/ups/{label['tracking_number']}")).json()
    assert (track["address_from"]["zip"], track["address_to"]["zip"]) == ("60611", "94111")


@pytest.mark.parametrize("kind", ["PRINT_AND_MAIL", "ATTEMPT_1", "ATTEMPT_3", "ELECTRONIC_LABEL", "NO_RETURN"])
async def test_the_kinds_of_return_service(api: httpx.AsyncClient, kind: str) -> None:
    extra = {"is_return": True, "return_service_type": kind}
    shipment = await ship(api, SHOP, BUYER, extra=extra)
    assert shipment["extra"] == extra and shipment["rates"]


@pytest.mark.parametrize("kind", ["BY_PIGEON", "print_and_mail", 7, ["ATTEMPT_1"], {}])
async def test_an_unknown_return_service_is_refused(api: httpx.AsyncClient, kind: Any) -> None:
    extra = {"is_return": True, "return_service_type": kind}
    body = shipment_body(address_from=SHOP, address_to=BUYER, extra=extra)
    answer = await api.post("/shipments", json=body)
    assert (answer.status_code, [*answer.json()["extra"][0]]) == (400, ["return_service_type"]), answer.text

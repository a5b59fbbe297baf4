"""Carriers' parcel templates over HTTP."""

from __future__ import annotations

import httpx
import pytest


async def tokens(api: httpx.AsyncClient, query: str = "") -> set[str]:
    answer = await api.get(f"/parcel-templates{query}")
    assert answer.status_code == 200, answer.text
    return {row["token"] for row in answer.json()["results"]}


async def test_all_of_them_are_one_list_without_pages(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/parcel-templates/")
    assert list(answer.json()) == ["results"]
    assert len(answer.json()["results"]) == 68
    assert answer.json()["results"] == (await api.get("/parcel-templates?include=all")).json()["results"]


async def test_a_template_has_its_dimensions_and_a_real_boolean(api: httpx.AsyncClient) -> None:
    fixed = await api.get("/parcel-templates/FedEx_Box_Small_1")
    assert fixed.json() == {
        "name": "FedEx® Small Box (S1)",
        "token": "FedEx_Box_Small_1",
        "carrier": "FedEx",
        "is_variable_dimensions": False,
        "length": "12.38",
        "width": "10.88",
        "height": "1.50",
        "distance_unit": "in",
    }
    assert (await api.get("/parcel-templates/USPS_SoftPack/")).json()["is_variable_dimensions"] is True


@pytest.mark.parametrize("token", ["NoSuchTemplate", "usps_softpack", "%00", "0" * 32])
async def test_an_unknown_token_is_not_found(api: httpx.AsyncClient, token: str) -> None:
    assert (await api.get(f"/parcel-templates/{token}")).status_code == 404


async def test_the_list_narrows_to_one_carrier(api: httpx.AsyncClient) -> None:
    found = (await api.get("/parcel-templates?carrier=USPS")).json()["results"]
    assert len(found) == 20 and {row["carrier"] for row in found} == {"USPS"}
    assert await tokens(api, "?carrier=sendle") == set()


@pytest.mark.parametrize(("query", "field"), [("carrier=pigeon", "carrier"), ("include=mine", "include")])
async def test_a_wrong_filter_is_named(api: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await api.get(f"/parcel-templates?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [field])


async def test_the_list_narrows_to_the_accounts_carriers(api: httpx.AsyncClient) -> None:
    everything = await tokens(api)
    own = {token for token in everything if token.startswith(("USPS_", "UPS_"))}
    assert await tokens(api, "?include=user") == await tokens(api, "?include=enabled") == own
    (usps,) = (await api.get("/carrier_accounts?carrier=usps")).json()["results"]
    off = await api.put(f"/carrier_accounts/{usps['object_id']}", json={"active": False})
    assert off.status_code == 200
    assert await tokens(api, "?include=user") == own
    assert await tokens(api, "?include=enabled") == {token for token in own if token.startswith("UPS_")}
    assert await tokens(api, "?include=enabled&carrier=usps") == set()

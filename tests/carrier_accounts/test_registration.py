"""Registering for the platform's accounts, and signing in to own ones at the carrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.carrier_accounts.test_api import KEYS, create

CANADA_POST: dict[str, Any] = {
    "canada_post_terms": True,
    "company": "Alice Ltd",
    "email": "alice@example.com",
    "full_name": "Alice Example",
    "phone": "5550100",
}
BACK = "http://127.0.0.1:9/cb?tab=1"


async def register(api: httpx.AsyncClient, carrier: str, **parameters: Any) -> httpx.Response:
    return await api.post("/carrier_accounts/register/new", json={"carrier": carrier, "parameters": parameters})


async def test_a_registration_opens_a_shippo_account(api: httpx.AsyncClient) -> None:
    made = await register(api, "dhl_express", user_accepted_terms_and_conditions=True)
    assert made.status_code == 201
    body = made.json()
    assert set(body) == set(KEYS.split())
    assert (body["carrier"], body["account_id"]) == ("dhl_express", "shippo_dhlexpress_account")
    assert body["is_shippo_account"] is body["active"] is True and body["parameters"] == {}
    assert (await api.get("/carrier_accounts?carrier=dhl_express")).json()["results"] == [body]


async def test_registering_again_opens_the_same_account(api: httpx.AsyncClient) -> None:
    usps = (await api.get("/carrier_accounts?carrier=usps")).json()["results"][0]
    await api.put(f"/carrier_accounts/{usps['object_id']}", json={"active": False})
    assert (await register(api, "usps")).json() == usps
    assert len((await api.get("/carrier_accounts?results=100")).json()["results"]) == 2


async def test_a_registration_without_parameters_needs_none(api: httpx.AsyncClient) -> None:
    made = await api.post("/carrier_accounts/register/new", json={"carrier": "correos"})
    assert (made.status_code, made.json()["account_id"]) == (201, "shippo_correos_account")


@pytest.mark.parametrize(
    ("carrier", "parameters", "fields"),
    [
        ("dhl_express", {}, {"user_accepted_terms_and_conditions"}),
        ("dhl_express", {"user_accepted_terms_and_conditions": False}, {"user_accepted_terms_and_conditions"}),
        ("canada_post", {**CANADA_POST, "canada_post_terms": "false"}, {"canada_post_terms"}),
        ("canada_post", {**CANADA_POST, "company": "", "phone": None}, {"company", "phone"}),
        ("ups", {"ups_agreements": True, "billing_address_zip": "1"}, None),
    ],
)
async def test_terms_and_details_are_required(
    api: httpx.AsyncClient, carrier: str, parameters: dict[str, Any], fields: set[str] | None
) -> None:
    answer = await register(api, carrier, **parameters)
    assert answer.status_code == 400 and list(answer.json()) == ["parameters"]
    (wrong,) = answer.json()["parameters"]
    assert set(wrong) == fields if fields else {"billing_address_zip", "pickup_address_city"} <= set(wrong)
    assert (await api.get(f"/carrier_accounts?carrier={carrier}")).json()["results"] == [] or carrier == "ups"


async def test_only_some_carriers_can_be_registered_for(api: httpx.AsyncClient) -> None:
    for carrier in ("ontrac", "pigeon", ""):
        answer = await register(api, carrier)
        assert (answer.status_code, list(answer.json())) == (400, ["carrier"])


async def test_the_state_of_a_registration(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    ups = (await api.get("/carrier_accounts?carrier=ups")).json()["results"][0]
    status = (await api.get("/carrier_accounts/reg-status?carrier=ups")).json()
    assert set(status) == {"carrier_account", "object_created", "object_updated", "object_owner", "status"}
    assert status["carrier_account"] == ups["object_id"] and status["status"] == "REGISTERED"
    assert (await charlie_api.get("/carrier_accounts/reg-status?carrier=ups")).json() != status
    assert (await api.get("/carrier_accounts/reg-status?carrier=canada_post")).status_code == 404
    assert (await register(api, "canada_post", **CANADA_POST)).status_code == 201
    assert (await api.get("/carrier_accounts/reg-status?carrier=canada_post")).status_code == 200
    for query in ("", "?carrier=", "?carrier=fedex"):
        answer = await api.get(f"/carrier_accounts/reg-status{query}")
        assert (answer.status_code, list(answer.json())) == (400, ["carrier"])


async def test_signing_in_at_the_carrier_connects_the_account(
    api: httpx.AsyncClient, product: Callable[..., httpx.AsyncClient]
) -> None:
    own = (await create(api))["object_id"]
    sent = await api.get(f"/carrier_accounts/{own}/signin/initiate", params={"redirect_uri": BACK, "state": "s 1&"})
    assert (sent.status_code, sent.content) == (302, b"")
    async with product() as browser:
        returned = await browser.get(sent.headers["location"])
        assert returned.status_code == 302
        back = urlsplit(returned.headers["location"])
        assert f"{back.scheme}://{back.netloc}{back.path}" == "http://127.0.0.1:9/cb"
        query = parse_qs(back.query)
        assert (query["state"], query["tab"]) == (["s 1&"], ["1"]) and len(query["code"][0]) == 40
        account = (await api.get(f"/carrier_accounts/{own}")).json()
        assert account["object_info"]["authentication"] == {"type": "oauth", "status": "connected"}


async def test_nobody_can_make_up_a_consent(api: httpx.AsyncClient, product: Callable[..., httpx.AsyncClient]) -> None:
    own = (await create(api))["object_id"]
    path = f"/carrier_accounts/{own}/signin/initiate"
    link = (await api.get(path, params={"redirect_uri": BACK})).headers["location"]
    other = (await create(api))["object_id"]
    async with product() as browser:
        for forged in (link.replace(own, other), link.replace("127.0.0.1", "192.0.2.1"), link.split("?")[0], link[:-1]):
            assert (await browser.get(forged)).status_code == 404
    for object_id in (own, other):
        account = (await api.get(f"/carrier_accounts/{object_id}")).json()
        assert account["object_info"]["authentication"]["status"] == "authorization_pending"


@pytest.mark.parametrize(
    "target",
    ["/cb", "ftp://example.com/", "http://", "javascript:alert(1)", "https://a@b.example/", "http://x/#y", "http://[x"],
)
async def test_a_target_that_is_no_address_is_refused(api: httpx.AsyncClient, target: str) -> None:
    own = (await create(api))["object_id"]
    answer = await api.get(f"/carrier_accounts/{own}/signin/initiate", params={"redirect_uri": target})
    assert answer.status_code == 400 and set(answer.json()) == {"title", "detail"}


async def test_sign_in_errors_have_a_title_and_a_detail(
    api: httpx.AsyncClient, charlie_api: httpx.AsyncClient, product: Callable[..., httpx.AsyncClient]
) -> None:
    own = (await create(api))["object_id"]
    path, good = f"/carrier_accounts/{own}/signin/initiate", {"redirect_uri": BACK}
    missing = await api.get(path)
    assert (missing.status_code, missing.json()) == (
        400,
        {"title": "Missing required parameter", "detail": "redirect_uri"},
    )
    usps = (await api.get("/carrier_accounts?carrier=usps")).json()["results"][0]["object_id"]
    unsupported = await api.get(f"/carrier_accounts/{usps}/signin/initiate", params=good)
    assert (unsupported.status_code, unsupported.json()["title"]) == (400, "Unsupported carrier account")
    async with product("shippo_test_nobody") as stranger:
        refused = await stranger.get(path, params=good)
    assert (refused.status_code, refused.json()) == (401, {"title": "Unauthorized", "detail": "Token does not exist"})
    for unknown in (await charlie_api.get(path, params=good), await api.get(path.replace(own, "0" * 32), params=good)):
        assert (unknown.status_code, unknown.json()) == (404, {"title": "Not Found", "detail": "Not found."})

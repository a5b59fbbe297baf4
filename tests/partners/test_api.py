"""/shippo-accounts over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from shippo.models.components.shippoaccount import ShippoAccount as SdkAccount
from shippo.models.components.shippoaccountpaginatedlist import ShippoAccountPaginatedList as SdkList

from portside.accounts import queries
from portside.db.begin import reading
from tests.partners.conftest import MERCHANT, Maker, opened
from tests.support.cast import Person

NOT_FOUND = {"detail": "Not found."}


async def test_an_account_is_opened_read_and_listed_alike(platform: httpx.AsyncClient) -> None:
    account = await opened(platform)
    assert {name: account[name] for name in MERCHANT} == MERCHANT
    assert account["object_created"] == account["object_updated"] and account["object_created"].endswith("Z")
    assert (await platform.get(f"/v1/shippo-accounts/{account['object_id']}/")).json() == account
    assert SdkAccount.from_dict(account).company_name == "Hippo Hats"
    second = await opened(platform, company_name="Rhino Rugs")
    listed = (await platform.get("/shippo-accounts/?page=1&results=25")).json()
    assert listed == {"next": None, "previous": None, "results": [second, account]}
    assert len(SdkList.from_dict(listed).results or []) == 2


async def test_the_list_has_pages(platform: httpx.AsyncClient) -> None:
    made = [(await opened(platform))["object_id"] for _ in range(3)]
    first = (await platform.get("/shippo-accounts?results=2")).json()
    assert [row["object_id"] for row in first["results"]] == [made[2], made[1]]
    second = (await platform.get(first["next"])).json()
    assert [row["object_id"] for row in second["results"]] == [made[0]]
    assert second["next"] is None and (await platform.get(second["previous"])).json()["results"] == first["results"]


async def test_an_update_replaces_all_four_fields(platform: httpx.AsyncClient, merchant: dict[str, Any]) -> None:
    path = f"/shippo-accounts/{merchant['object_id']}"
    said = {"email": "new@example.com", "first_name": "Ms", "last_name": "Rhino", "company_name": "Rhino Rugs"}
    changed = await platform.put(path, json=said)
    assert changed.status_code == 200
    body = changed.json()
    assert {name: body[name] for name in said} == said
    assert (body["object_id"], body["object_created"]) == (merchant["object_id"], merchant["object_created"])
    assert body["object_updated"] > merchant["object_updated"]
    assert (await platform.get(path)).json() == body


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, set(MERCHANT)),
        ({"email": "hippo@example.com"}, {"first_name", "last_name", "company_name"}),
        ({"email": "hippo", "first_name": " "}, set(MERCHANT)),
        (MERCHANT | {"email": "not-an-email"}, {"email"}),
        (MERCHANT | {"email": "two@at@example.com"}, {"email"}),
        (MERCHANT | {"email": "hippo@localhost"}, {"email"}),
        (MERCHANT | {"email": "hip po@example.com"}, {"email"}),
        (MERCHANT | {"email": "hippo@example.com\r\nBcc: all@example.com"}, {"email"}),
        (MERCHANT | {"email": ".hippo@example.com"}, {"email"}),
        (MERCHANT | {"email": "hippo@exa_mple.com"}, {"email"}),
        (MERCHANT | {"email": "hippo@-example.com"}, {"email"}),
        (MERCHANT | {"email": "h@" + "x" * 250 + ".com"}, {"email"}),
        (MERCHANT | {"email": ["hippo@example.com"]}, {"email"}),
        (MERCHANT | {"email": None, "first_name": None}, {"email", "first_name"}),
        (MERCHANT | {"email": "", "first_name": ""}, {"email", "first_name"}),
        (MERCHANT | {"last_name": "   ", "company_name": "\t"}, {"last_name", "company_name"}),
        (MERCHANT | {"company_name": "x" * 101}, {"company_name"}),
        (MERCHANT | {"company_name": "a\x00b"}, {"company_name"}),
    ],
)
async def test_wrong_fields_are_named(
    platform: httpx.AsyncClient, merchant: dict[str, Any], body: dict[str, Any], fields: set[str]
) -> None:
    path = f"/shippo-accounts/{merchant['object_id']}"
    for answer in (await platform.post("/shippo-accounts", json=body), await platform.put(path, json=body)):
        assert (answer.status_code, set(answer.json())) == (400, fields)
    assert (await platform.get("/shippo-accounts")).json()["results"] == [merchant]


@pytest.mark.parametrize("email", ["o'neil+hats@mail.example.co.uk", "grün@bücher.example", "a@b-c.example"])
async def test_unusual_but_good_addresses_are_taken(platform: httpx.AsyncClient, email: str) -> None:
    assert (await opened(platform, email=f" {email} "))["email"] == email


async def test_merchants_may_share_an_address_even_with_somebody_who_signs_in(
    platform: httpx.AsyncClient, paula: Person
) -> None:
    first, second = await opened(platform, email=paula.email), await opened(platform, email=paula.email)
    assert first["object_id"] != second["object_id"]


async def test_nobody_signs_in_to_it(platform: httpx.AsyncClient, merchant: dict[str, Any]) -> None:
    other = await opened(platform, email="nobody.signs.in@example.com")
    async with reading() as tx:
        assert await queries.find_sign_in(tx, other["email"]) is None
        assert await queries.find_account_by_email(tx, other["email"]) is None
        assert not await tx.fetch("SELECT 1 FROM members WHERE account_id = $1", other["object_id"])


async def test_a_repeated_request_opens_one_account(platform: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "hippo-1"}
    first = await platform.post("/shippo-accounts", json=MERCHANT, headers=key)
    again = await platform.post("/shippo-accounts", json=MERCHANT, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert len((await platform.get("/shippo-accounts")).json()["results"]) == 1


async def test_charlie_sees_and_changes_nothing(
    platform: httpx.AsyncClient, charlie_api: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    path = f"/shippo-accounts/{merchant['object_id']}"
    for answer in (await charlie_api.get(path), await charlie_api.put(path, json=MERCHANT | {"last_name": "Charlie"})):
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert (await charlie_api.get("/shippo-accounts")).json()["results"] == []
    assert (await platform.get(path)).json() == merchant
    async with httpx.AsyncClient(transport=platform._transport, base_url=platform.base_url) as nobody:
        assert (await nobody.get(path, headers={"Accept": "application/json"})).status_code == 401


async def test_unknown_ids_and_ordinary_accounts_are_not_found(platform: httpx.AsyncClient, paula: Person) -> None:
    for account_id in ("0" * 32, "nothing", paula.account_id):
        for answer in (
            await platform.get(f"/shippo-accounts/{account_id}"),
            await platform.put(f"/shippo-accounts/{account_id}", json=MERCHANT),
        ):
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


async def test_both_modes_of_the_platform_list_the_same_accounts(
    product: Maker, platform: httpx.AsyncClient, paula: Person, merchant: dict[str, Any]
) -> None:
    async with product(paula.live_token) as live:
        second = await opened(live)
        assert (await live.get("/shippo-accounts")).json()["results"] == [second, merchant]
    assert (await platform.get("/shippo-accounts")).json()["results"] == [second, merchant]

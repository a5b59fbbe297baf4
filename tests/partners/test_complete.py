"""Nothing crosses between a platform and the accounts it manages, nor between these: every operation, every id."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from portside.db.begin import begin
from portside.main import API
from portside.rest.openapi import operations
from tests.house.isolation_cases import BODIES, FILTERS, IN_THE_ANSWER
from tests.house.test_isolation import IN_BOTH_MODES, assert_nothing_leaks, filled, named
from tests.partners.conftest import Maker
from tests.support.cast import Person
from tests.support.objects import SENDER, make_objects, shipment_body

Ids = dict[str, str]
# What a platform may name as it likes: its accounts, and what it has settled for them.
OF_THE_PLATFORM = IN_BOTH_MODES | {"plan_name", "tier_name"}


async def try_everything(client: httpx.AsyncClient, theirs: Ids, own: Ids) -> int:
    """Each operation with ids of another account: not found, refused, and nothing told. Gives how many were tried."""
    tried = 0
    for operation in operations(API):
        if not set(named(operation.path)) - OF_THE_PLATFORM or operation.path == "/tracks/{carrier}/{tracking_number}":
            continue
        path = filled(operation.path, theirs)
        body: Any = [] if "batches" in path else {}
        answer = await client.request(operation.method, path, json=body if operation.takes else None)
        assert answer.status_code in ((404, 400) if operation.takes else (404,)), (operation.path, answer.text)
        assert_nothing_leaks(answer, theirs, path)
        tried += 1
    for template in FILTERS:
        if "account_id" not in template:
            assert (await client.get(template.format(**theirs))).json()["results"] == [], template
            tried += 1
    for operation in operations(API):
        # A platform's ledger does name its merchants' labels.
        if operation.method == "GET" and not named(operation.path) and "/ledger" not in operation.path:
            assert_nothing_leaks(await client.get(filled(operation.path, theirs)), theirs, operation.path)
            tried += 1
    return tried + await try_bodies(client, theirs, own)


async def try_bodies(client: httpx.AsyncClient, theirs: Ids, own: Ids) -> int:
    tried = 0
    for cases, in_status in ((BODIES, True), (IN_THE_ANSWER, False)):
        for name, bodies in cases.items():
            method, path = name.split(" ")
            for build in bodies:
                if "/partner/" in path:
                    continue
                body = build(theirs, own)
                answer = await client.request(method, filled(path, own), json=body)
                assert answer.status_code == 400 if in_status else answer.status_code < 500, (name, answer.text)
                if not in_status:
                    assert_nothing_leaks(answer, theirs, str(body))
                tried += 1
    return tried


async def test_nothing_crosses(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, sibling: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    owned = {client: await make_objects(client) for client in (platform, acting, sibling)}
    accounts = dict.fromkeys(("shippo_account_id", "account_id"), merchant["object_id"])
    tried = 0
    names = dict.fromkeys(OF_THE_PLATFORM, "0" * 32)
    for stranger, theirs in (
        (platform, names | owned[acting]),
        (sibling, names | owned[acting] | accounts),
        (acting, names | owned[platform]),
    ):
        tried += await try_everything(stranger, theirs, names | owned[stranger])
    assert tried > 250


async def test_each_account_lists_its_own_labels(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, sibling: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    made: dict[httpx.AsyncClient, list[str]] = {}
    for client in (platform, acting, sibling):
        for _ in range(2):
            shipment = (await client.post("/shipments", json=shipment_body())).json()
            label = await client.post("/transactions", json={"rate": shipment["rates"][0]["object_id"], "async": False})
            made.setdefault(client, []).insert(0, label.json()["object_id"])
    for client, labels in made.items():
        listed = (await client.get("/transactions")).json()["results"]
        assert [label["object_id"] for label in listed] == labels
    # The platform's ledger tells the labels of its accounts apart; its own are not in it.
    lines = (await platform.get("/partner/ledger")).json()["results"]
    assert {line["transaction"] for line in lines} == {*made[acting], *made[sibling]}
    of_one = (await platform.get(f"/partner/ledger?account={merchant['object_id']}")).json()["results"]
    assert [line["transaction"] for line in of_one] == made[acting]


async def test_only_enabled_carriers_of_the_account_are_asked(
    acting: httpx.AsyncClient, sibling: httpx.AsyncClient, merchant: dict[str, Any]
) -> None:
    accounts = (await acting.get("/carrier_accounts?results=100")).json()["results"]
    for account in accounts:
        if account["carrier"] != "usps":
            path = f"/carrier_accounts/{account['object_id']}"
            changed = await acting.put(
                path, json={"active": False, "account_id": account["account_id"], "carrier": "ups"}
            )
            assert changed.status_code == 200, changed.text
    rated = (await acting.post("/shipments", json=shipment_body())).json()
    assert {rate["provider"] for rate in rated["rates"]} == {"USPS"}
    elsewhere = (await sibling.post("/shipments", json=shipment_body())).json()
    assert {rate["provider"] for rate in elsewhere["rates"]} == {"USPS", "UPS"}
    async with begin() as tx:
        await tx.execute("UPDATE carrier_accounts SET active = false WHERE account_id = $1", merchant["object_id"])
    nothing = (await acting.post("/shipments", json=shipment_body())).json()
    assert nothing["rates"] == [] and "no active carrier account" in nothing["messages"][0]["text"]


@pytest.mark.parametrize("mode", ["test", "live"])
async def test_a_new_account_can_ship_in_both_modes(
    product: Maker, paula: Person, merchant: dict[str, Any], mode: str
) -> None:
    token = paula.token if mode == "test" else paula.live_token
    async with product(token, **{"SHIPPO-ACCOUNT-ID": merchant["object_id"]}) as client:
        accounts = (await client.get("/carrier_accounts?results=100")).json()["results"]
        assert {account["carrier"] for account in accounts if account["active"]} >= {"usps", "ups"}
        assert (await client.post("/addresses", json=SENDER)).json()["test"] is (mode == "test")

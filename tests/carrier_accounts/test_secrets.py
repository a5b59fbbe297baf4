"""Carrier credentials: sealed in the database, opened for adapters only, changed piece by piece."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from portside.carrier_accounts.models import CarrierAccount
from portside.carrier_accounts.queries import get_carrier_account, list_active
from portside.carrier_accounts.rules import changed_parameters, credentials
from portside.db.begin import reading
from portside.kit.crypto import CannotOpen
from portside.kit.ids import Id, new_id
from tests.carrier_accounts.test_api import SECRET, create
from tests.support.cast import Person


async def stored(person: Person, object_id: str) -> CarrierAccount:
    async with reading() as tx:
        return await get_carrier_account(tx, person.scope, Id(object_id))


async def test_an_adapter_gets_the_parameters_as_text(api: httpx.AsyncClient, alice: Person) -> None:
    account = await stored(alice, (await create(api))["object_id"])
    given = credentials(account)
    assert (given.id, given.number, given.is_test) == (account.id, "94567e", True)
    assert given.parameters == {"password": SECRET, "account_number": "94567e", "has_invoice": "false"}


async def test_secrets_lie_sealed_and_only_in_their_own_row(api: httpx.AsyncClient, alice: Person) -> None:
    account = await stored(alice, (await create(api))["object_id"])
    async with reading() as tx:
        rows = await tx.fetch("SELECT c::text AS text FROM carrier_accounts c WHERE id = $1", account.id)
    assert len(rows) == 1 and SECRET not in rows[0]["text"] and SECRET.encode().hex() not in rows[0]["text"]
    with pytest.raises(CannotOpen):
        credentials(msgspec.structs.replace(account, id=new_id()))


async def test_parameters_change_one_by_one(api: httpx.AsyncClient, alice: Person) -> None:
    own = await create(api)
    path = f"/carrier_accounts/{own['object_id']}"
    change = {"password": "******", "account_number": None, "has_invoice": True, "title": "Ms"}
    answer = await api.put(path, json={"account_id": "94567e", "carrier": "ups", "parameters": change})
    assert set(answer.json()["parameters"]) == {"password", "has_invoice", "title"}
    opened = credentials(await stored(alice, own["object_id"])).parameters
    assert opened == {"password": SECRET, "has_invoice": "true", "title": "Ms"}
    same: tuple[dict[str, Any], ...] = ({}, {"parameters": {}}, {"parameters": None}, answer.json())
    for unchanged in same:
        assert (await api.put(path, json=unchanged)).json() == answer.json()
    assert credentials(await stored(alice, own["object_id"])).parameters == opened


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"a": 1, "b": "x"}),
        ({"a": "******"}, {"a": 1, "b": "x"}),
        ({"a": None}, {"b": "x"}),
        ({"a": "2", "c": False}, {"a": "2", "b": "x", "c": False}),
        ({"d": "******", "e": None}, {"a": 1, "b": "x"}),
    ],
)
def test_what_a_parameter_says(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert changed_parameters({"a": 1, "b": "x"}, given) == expected


async def test_only_active_accounts_are_asked(api: httpx.AsyncClient, alice: Person, charlie: Person) -> None:
    off = Id((await create(api))["object_id"])
    on = Id((await create(api, active=True))["object_id"])
    async with reading() as tx:
        active = await list_active(tx, alice.scope)
        chosen = await list_active(tx, alice.scope, [on, off, new_id()])
        foreign = await list_active(tx, charlie.scope, [on])
        nobody = await list_active(tx, alice.scope, [])
    assert {account.carrier for account in active} == {"usps", "ups"} and len(active) == 3
    assert [account.id for account in chosen] == [on] and foreign == nobody == []

"""Every operation, tried with a token that was granted everything but what it needs. Generated from the route table."""

from __future__ import annotations

import re

import httpx
import pytest

from portside.main import API
from portside.rest.endpoint import Route
from portside.rest.permissions import (
    EVERYTHING,
    PERMISSIONS,
    SCOPES,
    allowed_by,
    known_scopes,
    permission_of,
    permission_of_field,
)
from tests.oauth.parties import Partner, bearer, connect
from tests.support.cast import Person
from tests.support.objects import make_objects

ROUTES = [route for route in API if isinstance(route, Route)]
# Operations that no narrower scope gives: the simulated carriers' levers, and what platforms settle for merchants.
ONLY_WITH_EVERYTHING = {"/simulator/", "/partner/"}
# The asked scope is judged, and not the path.
OPEN = {"/embedded/authz"}
_PARAMETER = re.compile(r"\{\w+\}")


def without(permission: str) -> str:
    """All narrower scopes but one."""
    return " ".join(sorted(PERMISSIONS - {permission}))


async def test_no_operation_works_without_its_scope(
    server: httpx.AsyncClient, api: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    theirs = await make_objects(api)
    tried = 0
    for needed in sorted({route.permission for route in ROUTES} - {""}):
        token = bearer(await connect(server, partner, alice, scopes=without(needed)))
        for operation in (route.operation for route in ROUTES if route.permission == needed):
            path = _PARAMETER.sub(theirs["order_id"], operation.path)
            answer = await server.request(operation.method, path, json={}, headers=token)
            assert answer.status_code == 403, (operation.path, answer.status_code, answer.text)
            # Two resources give their errors a title too.
            assert answer.json().keys() <= {"title", "detail"}, answer.text
            assert answer.json()["detail"].endswith(f": {needed}")
            tried += 1
    assert tried > 70


async def test_each_scope_opens_its_own_lists(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    lists = [
        route
        for route in ROUTES
        if route.operation.method == "GET" and "{" not in route.operation.path and route.permission != EVERYTHING
    ]
    needing: dict[str, list[str]] = {}
    for route in lists:
        needing.setdefault(route.permission, []).append(route.operation.path)
    for permission, paths in needing.items():
        token = await connect(server, partner, alice, scopes=permission)
        for path in paths:
            answer = await server.get(path, headers=bearer(token))
            assert answer.status_code in (200, 400), (permission, path, answer.text)
    assert len(needing) >= 10


async def test_reading_is_not_writing(server: httpx.AsyncClient, partner: Partner, alice: Person) -> None:
    token = bearer(await connect(server, partner, alice, scopes="addresses:read"))
    answer = await server.post("/addresses", json={"country": "US"}, headers=token)
    assert answer.status_code == 403 and answer.json()["detail"].endswith(": addresses:write")
    assert (await server.get("/addresses", headers=token)).json()["results"] == []


async def test_connecting_a_carrier_account_by_signing_in_is_writing(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    made = await server.post(
        "/carrier_accounts",
        json={"carrier": "ups", "account_id": "demo-1", "parameters": {}},
        headers=bearer(alice.token),
    )
    path = f"/carrier_accounts/{made.json()['object_id']}/signin/initiate?redirect_uri=https://store.example/back"
    for scopes, status in (("carriers:read", 403), ("carriers:write", 302)):
        token = await connect(server, partner, alice, scopes=scopes)
        assert (await server.get(path, headers=bearer(token))).status_code == status, scopes


async def test_an_expanded_object_needs_the_scope_that_reading_it_needs(
    server: httpx.AsyncClient, api: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    theirs, of_fields = await make_objects(api), {}
    for operation in (route.operation for route in ROUTES if route.operation.expands):
        for field in operation.expands:
            of_fields[field] = needed = permission_of_field(field)
            assert needed in PERMISSIONS, field
            path = f"{_PARAMETER.sub(theirs['order_id'], operation.path)}?expand={field}"
            if needed == operation.permission:
                continue
            narrow = bearer(await connect(server, partner, alice, scopes=operation.permission))
            refused = await server.get(path, headers=narrow)
            assert refused.status_code == 403 and refused.json()["detail"].endswith(f": {needed}"), (path, refused.text)
            wide = bearer(await connect(server, partner, alice, scopes=f"{operation.permission} {needed}"))
            assert (await server.get(path, headers=wide)).status_code in (200, 404), path
    assert of_fields["order"] == "orders:read" and of_fields["carrier_accounts"] == "carriers:read"


async def test_acting_for_managed_accounts_is_a_scope_too(
    server: httpx.AsyncClient, partner: Partner, alice: Person
) -> None:
    merchant = {"email": "shop@example.com", "first_name": "Demo", "last_name": "Shop", "company_name": "Demo Shop"}
    managed = (await server.post("/shippo-accounts", json=merchant, headers=bearer(alice.token))).json()["object_id"]
    for scopes, status in (("orders:read", 403), ("orders:read accounts:write", 200), ("*", 200)):
        token = await connect(server, partner, alice, scopes=scopes)
        acting = bearer(token) | {"SHIPPO-ACCOUNT-ID": managed}
        assert (await server.get("/orders", headers=acting)).status_code == status, scopes


def test_every_operation_needs_a_scope_that_can_be_asked_for() -> None:
    for route in ROUTES:
        path = route.operation.path
        if path in OPEN:
            continue
        named = route.permission in PERMISSIONS
        assert named is not any(path.startswith(only) for only in ONLY_WITH_EVERYTHING), path


def test_what_scopes_are_there() -> None:
    assert "accounts:read" in SCOPES and "events:write" not in SCOPES
    assert permission_of("GET", "/orders/{order_id}") == "orders:read"
    assert permission_of("DELETE", "/webhooks/{webhook_id}") == "webhooks:write"
    assert permission_of("POST", "/something/new") == EVERYTHING
    assert allowed_by("orders:read *") is None
    assert allowed_by("embedded:carriers") == frozenset({"embedded:carriers", "carriers:read", "carriers:write"})
    assert allowed_by("") == frozenset()


@pytest.mark.parametrize("asked", ["", " ", "x", "orders:read,orders:write", "orders", "*:*", "orders:*", "\x00"])
def test_other_scopes_are_unknown(asked: str) -> None:
    assert known_scopes(asked) is None

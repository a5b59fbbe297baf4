"""Laws 3 and 8: every operation, tried with every id that belongs to somebody else or to the other mode.

Generated from the route table: a new route is tried as soon as it exists, and a route with a path parameter or a body
that this file does not know fails it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from portside.main import API
from portside.rest.endpoint import Operation
from portside.rest.openapi import operations
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.objects import CUSTOMS_ITEM, DECLARATION, PARCEL, SENDER, make_objects, post, shipment_body

Maker = Callable[..., httpx.AsyncClient]
Case = tuple[str, str, Any]

_PARAMETER = re.compile(r"\{(\w+)\}")

# Path parameters that name no object of an account.
OPEN_PARAMETERS = {"carrier": "usps", "currency_code": "USD", "token": "USPS_FlatRateEnvelope"}

# A managed account is its platform's in both modes (docs/decisions/0005).
IN_BOTH_MODES = {"shippo_account_id"}

# Bodies that name an object of an account: the field's path, and the body around it.
BODIES: dict[str, list[tuple[str, Callable[[dict[str, str]], Any]]]] = {
    "POST /orders": [
        ("to_address", lambda ids: order_body(to_address=ids["address_id"])),
        ("from_address", lambda ids: order_body(from_address=ids["address_id"])),
    ],
    "POST /shipments": [
        ("address_from", lambda ids: shipment_body(address_from=ids["address_id"])),
        ("address_to", lambda ids: shipment_body(address_to=ids["address_id"])),
        ("address_return", lambda ids: shipment_body(address_return=ids["address_id"])),
        ("parcels", lambda ids: shipment_body(parcels=[ids["parcel_id"]])),
        ("parcels", lambda ids: shipment_body(parcels=[PARCEL, ids["parcel_id"]])),
        ("customs_declaration", lambda ids: shipment_body(customs_declaration=ids["declaration_id"])),
        ("carrier_accounts", lambda ids: shipment_body(carrier_accounts=[ids["carrier_account_id"]])),
        ("order", lambda ids: shipment_body(order=ids["order_id"])),
    ],
    "POST /transactions": [
        ("rate", lambda ids: {"rate": ids["rate_id"], "async": False}),
        (
            "carrier_account",
            lambda ids: {
                "shipment": shipment_body(),
                "carrier_account": ids["carrier_account_id"],
                "servicelevel_token": "usps_priority",
            },
        ),
    ],
    "POST /customs/declarations": [("items", lambda ids: {**DECLARATION, "items": [ids["item_id"]]})],
}
# Operations whose bodies can name nothing of an account.
FREE_BODIES = {
    "POST /addresses": SENDER,
    "POST /parcels": PARCEL,
    "POST /customs/items": CUSTOMS_ITEM,
}
# Lists that filter by an object's id.
FILTERS = ["/transactions?rate={rate_id}"]


def filled(path: str, ids: dict[str, str]) -> str:
    return _PARAMETER.sub(lambda found: ids.get(found[1]) or OPEN_PARAMETERS[found[1]], path)


def owned(operation: Operation) -> list[str]:
    """The path parameters that name an object."""
    return [name for name in _PARAMETER.findall(operation.path) if name not in OPEN_PARAMETERS]


def path_cases(ids: dict[str, str], skipped: set[str]) -> Iterator[Case]:
    for operation in operations(API):
        if set(owned(operation)) - skipped and operation.path != "/tracks/{carrier}/{tracking_number}":
            query = "?redirect_uri=http://127.0.0.1/" if "signin" in operation.path else ""
            yield operation.method, filled(operation.path, ids) + query, None


def body_cases(ids: dict[str, str]) -> Iterator[tuple[str, str, Any]]:
    for name, bodies in BODIES.items():
        method, path = name.split(" ")
        for _, build in bodies:
            yield method, path, build(ids)


@pytest.fixture
async def strangers(product: Maker, alice: Person, charlie: Person) -> dict[str, httpx.AsyncClient]:
    """Everybody who must not see alice's test data: charlie, and alice herself in live mode."""
    return {
        "charlie": product(charlie.token),
        "charlie live": product(charlie.live_token),
        "live": product(alice.live_token),
    }


async def all_objects(api: httpx.AsyncClient) -> dict[str, str]:
    """What any account can own, and the account that only a platform can."""
    person = {"email": "bob@example.com", "first_name": "Bob", "last_name": "Example", "company_name": "Bob Ltd"}
    managed = await post(api, "/shippo-accounts", person)
    return await make_objects(api) | {"shippo_account_id": managed["object_id"]}


def assert_nothing_leaks(answer: httpx.Response, ids: dict[str, str], sent: str) -> None:
    """No byte of the object: not even another id of the same account."""
    text = answer.text
    for name, value in ids.items():
        if value not in sent:
            assert value not in text, (name, text)
    for word in ("Demo Wharf", "Clayton", "Mr Hippo", "Brass compass"):
        assert word in sent or word not in text


async def test_no_operation_gives_away_what_is_not_the_callers(
    api: httpx.AsyncClient, strangers: dict[str, httpx.AsyncClient], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = await all_objects(api)
    pairs = 0
    for stranger, client in strangers.items():
        skipped = IN_BOTH_MODES if stranger == "live" else set()
        hidden = {name: value for name, value in ids.items() if name not in skipped}
        for method, path, _ in path_cases(ids, skipped):
            answer = await client.request(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
            # A body that is missing may be complained about first; what is asked for must not be told either way.
            wanted = (404,) if method in ("GET", "DELETE") else (404, 400)
            assert answer.status_code in wanted, (method, path, answer.status_code, answer.text)
            assert_nothing_leaks(answer, ids, path)
            pairs += 1
        for method, path, body in body_cases(ids):
            answer = await client.request(method, path, json=body)
            assert answer.status_code == 400, (method, path, body, answer.text)
            assert "not found" in answer.text.lower() or "Invalid" in answer.text, answer.text
            pairs += 1
        for template in FILTERS:
            answer = await client.get(template.format(**ids))
            assert answer.json()["results"] == [], template
            pairs += 1
        for operation in operations(API):
            if operation.method == "GET" and not owned(operation) and "signin" not in operation.path:
                answer = await client.get(filled(operation.path, ids))
                assert_nothing_leaks(answer, hidden, operation.path)
                pairs += 1
    with capsys.disabled():
        print(f"\nisolation: {pairs} pairs of operation and foreign or other-mode id")
    assert pairs >= 150


async def test_what_was_tried_in_vain_is_there_for_its_owner(api: httpx.AsyncClient) -> None:
    ids = await all_objects(api)
    for operation in operations(API):
        if operation.method == "GET" and "signin" not in operation.path and "reg-status" not in operation.path:
            answer = await api.get(filled(operation.path, ids))
            assert answer.status_code == 200, (operation.path, answer.text)


def test_every_body_that_names_an_object_is_tried() -> None:
    """A POST that takes a body is either tried with foreign ids above or known to name nothing."""
    known = BODIES.keys() | FREE_BODIES.keys() | SELF_CONTAINED
    takers = {f"{each.method} {each.path}" for each in operations(API) if each.takes is not None}
    assert takers - known == set(), "say in BODIES, FREE_BODIES or SELF_CONTAINED what these may name"


# Their bodies are values only: numbers, texts, settings of the object in the path.
SELF_CONTAINED = {
    "POST /shippo-accounts",
    "PUT /shippo-accounts/{shippo_account_id}",
    "POST /tracks",
    "POST /webhooks",
    "PUT /webhooks/{webhook_id}",
    "POST /webhooks/{webhook_id}/recover",
    "POST /carrier_accounts",
    "PUT /carrier_accounts/{carrier_account_id}",
    "POST /carrier_accounts/register/new",
    "POST /simulator/clock",
    "POST /simulator/advance",
    "POST /simulator/stories",
}

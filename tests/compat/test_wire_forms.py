"""The forms that requests take on the wire: paths, headers, bodies and queries as each client sends them."""

from __future__ import annotations

import json
import secrets
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.compat.wire import (
    ADDRESS,
    BUYER,
    ITEM,
    JSON,
    MISSING,
    ORDER,
    PARCEL,
    SHIPMENT,
    asked,
    usps_of,
    valid_batch,
)


class Client(NamedTuple):
    """How a client spells its requests; `headers` are all it sends beside the token."""

    prefix: str
    collection_slash: bool
    item_slash: bool
    headers: dict[str, str]

    def collection(self, name: str) -> str:
        return f"{self.prefix}/{name}" + "/" * self.collection_slash

    def item(self, name: str, object_id: str) -> str:
        return f"{self.prefix}/{name}/{object_id}" + "/" * self.item_slash


FORM = "application/x-www-form-urlencoded"
VERSION = {"Shippo-API-Version": "2018-02-08"}
CLIENTS = {
    "Python SDK": Client("", False, False, JSON),
    "TypeScript SDK": Client("", False, False, JSON),
    "Java SDK": Client("", False, False, JSON | VERSION),
    "retired Python": Client("", True, False, {"Accept": "*/*"} | VERSION),
    "retired Ruby": Client("", True, True, JSON | VERSION),
    "retired PHP": Client("", True, False, JSON | VERSION),
    "retired Java": Client("", False, False, JSON | VERSION),
    "retired C#": Client("", False, False, VERSION),
    "retired Node": Client("", True, False, JSON),
    "Go": Client("/v1", True, False, JSON | {"Connection": "close"}),
    "Perl": Client("/v1", True, True, JSON),
    "httpx": Client("", False, False, {"Accept": "*/*"}),
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    return CLIENTS[request.param]


def test_every_client_finds_its_way(http: httpx.Client, client: Client) -> None:
    asked(http, "POST", "/parcels", PARCEL)
    made = http.post(client.collection("parcels"), json=PARCEL, headers=client.headers)
    assert (made.status_code, made.headers["content-type"]) == (201, "application/json")
    object_id = made.json()["object_id"]
    found = http.get(client.item("parcels", object_id), headers=client.headers)
    assert (found.status_code, found.json()["object_id"]) == (200, object_id)
    listed = http.get(client.collection("parcels"), params={"results": 1}, headers=client.headers)
    assert listed.json()["results"] == [found.json()]
    following = http.get(listed.json()["next"], headers=client.headers)
    assert following.status_code == 200 and following.json()["results"] != [found.json()]


def test_every_client_is_told_what_is_not_there(http: httpx.Client, client: Client) -> None:
    answer = http.get(client.item("parcels", MISSING), headers=client.headers)
    assert (answer.status_code, answer.reason_phrase) == (404, "Not Found")
    if client.headers.get("Accept") == "application/json":
        assert answer.json() == {"detail": "Not found."}
    else:
        assert answer.headers["content-type"].startswith("text/html") and answer.text.startswith("<h1>Not Found</h1>")


def test_every_client_is_told_what_is_wrong(http: httpx.Client, client: Client) -> None:
    answer = http.post(client.collection("addresses"), json={"name": "x"}, headers=client.headers)
    assert (answer.status_code, answer.reason_phrase) == (400, "Bad Request")
    assert answer.json() == {"country": ["This field is required."]}
    stranger = client.headers | {"Authorization": "ShippoToken nobody"}
    answer = http.post(client.collection("addresses"), content=b"{not json", headers=stranger)
    assert (answer.status_code, answer.reason_phrase) == (401, "Unauthorized")
    assert list(answer.json()) == ["detail"]


def test_a_connection_is_closed_when_the_client_says_so(http: httpx.Client) -> None:
    answer = http.get("/v1/parcels/", headers={"Connection": "close"})
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b""], ids=["null", "list", "object", "nothing"])
def test_a_batch_is_bought_with_any_empty_body(http: httpx.Client, body: bytes) -> None:
    path = f"/batches/{valid_batch(http)}/purchase"
    answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (202, "PURCHASING")


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"page": 1}'])
def test_a_get_may_carry_a_body(http: httpx.Client, body: bytes) -> None:
    answer = http.request("GET", "/addresses/", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200 and "results" in answer.json()


def test_a_post_may_repeat_its_body_in_the_query(http: httpx.Client) -> None:
    # As querystring.stringify of Node does it: objects and lists come out empty.
    query = "address_from=&address_to=&parcels=&async=false"
    made = asked(http, "POST", f"/shipments/?{query}", SHIPMENT)
    assert made["rates"]
    rate = made["rates"][0]["object_id"]
    bought = asked(http, "POST", f"/transactions/?rate={rate}&async=false", {"rate": rate, "async": False})
    assert bought["status"] == "SUCCESS"


def test_semicolons_part_a_query(http: httpx.Client) -> None:
    for _ in range(3):
        asked(http, "POST", "/v1/parcels/", PARCEL)
    page = asked(http, "GET", "/v1/parcels/?page=2;results=1")
    assert len(page["results"]) == 1 and page["previous"]
    usps = asked(http, "GET", "/v1/carrier_accounts/?results=5;carrier=usps")["results"]
    assert [account["carrier"] for account in usps] == ["usps"]


def test_perl_changes_an_account_with_a_trailing_slash(http: httpx.Client) -> None:
    given = {"carrier": "fedex", "account_id": secrets.token_hex(6), "parameters": {"meter": "1"}}
    made = asked(http, "POST", "/v1/carrier_accounts/", given)
    changed = asked(http, "PUT", f"/v1/carrier_accounts/{made['object_id']}/", {**given, "active": False})
    assert changed["active"] is False


def test_json_is_read_whatever_it_is_called(http: httpx.Client) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "application/json;charset=UTF-8"):
        answer = http.post("/addresses", content=json.dumps(ADDRESS), headers={"Content-Type": content_type})
        assert (answer.status_code, answer.json()["name"]) == (201, "Alice Example")


@pytest.mark.parametrize("first", ["[0]", "[]"])
def test_a_form_may_be_nested_by_brackets(http: httpx.Client, first: str) -> None:
    """As PHP (numbers) and Ruby (nothing) write it."""
    form = {f"address_from[{field}]": text for field, text in ADDRESS.items()}
    form |= {f"address_to[{field}]": text for field, text in BUYER.items()}
    form |= {f"parcels{first}[{field}]": text for field, text in PARCEL.items()}
    form |= {"extra[insurance][amount]": "30", "extra[insurance][currency]": "USD", "async": "False"}
    made = http.post("/shipments/", data=form)
    assert made.status_code == 201, made.text
    shipment = made.json()
    assert (shipment["address_to"]["name"], shipment["extra"]["insurance"]["amount"]) == (BUYER["name"], "30")
    assert len(shipment["parcels"]) == 1 and shipment["rates"]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("country=US&country[x]=1", 400),
        ("country[x]=1&country=US", 201),
        ("country=US&name[=Alice", 201),
        ("country=US&]=1&[]=2&[a]=3", 201),
        ("country=US&x" + "[a]" * 50 + "=1", 400),
        ("country=US&" + "&".join(["x[][a]=1"] * 9_000), 201),
    ],
)
def test_odd_brackets_harm_nobody(http: httpx.Client, form: str, status: int) -> None:
    answer = http.post("/addresses", content=form, headers={"Content-Type": FORM})
    assert answer.status_code == status, answer.text


def test_a_form_may_hold_json_in_its_fields(http: httpx.Client) -> None:
    form = {"carrier": "fedex", "account_id": secrets.token_hex(6), "parameters": '{"meter": "123456"}', "test": "true"}
    made = http.post("/carrier_accounts/", data=form)
    assert made.status_code == 201 and made.json()["test"] is True
    fields = {
        "address_from": json.dumps(ADDRESS),
        "address_to": json.dumps(BUYER),
        "parcels": json.dumps([PARCEL]),
        "async": "false",
    }
    answer = http.post("/shipments/", content=urlencode(fields), headers={"Content-Type": FORM})
    assert answer.status_code == 201 and len(answer.json()["parcels"]) == 1
    track = http.post("/tracks/", data={"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"})
    assert track.status_code == 200


def test_keys_nobody_knows_are_ignored(http: httpx.Client) -> None:
    made = asked(http, "POST", "/addresses", {**ADDRESS, "object_purpose": "PURCHASE", "resource_id": 5, "x": [{}]})
    assert "x" not in made
    body = {**SHIPMENT, "submission_type": "DROPOFF", "insurance_amount": 30, "pickupTimeStart": None}
    assert asked(http, "POST", "/shipments", body)["status"] == "SUCCESS"


def test_a_reference_is_an_id_or_the_object_as_it_was_answered(http: httpx.Client) -> None:
    here, there = asked(http, "POST", "/addresses", ADDRESS), asked(http, "POST", "/addresses", BUYER)
    box = asked(http, "POST", "/parcels", PARCEL)
    for given in (
        {"address_from": here["object_id"], "address_to": there["object_id"], "parcels": [box["object_id"]]},
        {"address_from": here, "address_to": there, "parcels": [box]},
        {"address_from": here, "address_to": there, "parcels": box["object_id"]},
    ):
        made = asked(http, "POST", "/shipments", {**given, "async": False})
        assert made["rates"] and made["address_to"]["city"] == "San Francisco"
    rate = made["rates"][0]
    label = asked(http, "POST", "/transactions", {"rate": rate, "async": False})
    assert label["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("extra", "kept"),
    [
        ({"signature_confirmation": True}, {"signature_confirmation": "STANDARD"}),
        ({"signature_confirmation": "True"}, {"signature_confirmation": "STANDARD"}),
        ({"is_return": "False"}, {"is_return": False}),
        ({"saturday_delivery": 1}, {"saturday_delivery": True}),
        ('{"is_return": true}', {"is_return": True}),
        ('{is_return: true, reference_1: "r1"}', {"is_return": True, "reference_1": "r1"}),
        ({"reference_1": 17}, {"reference_1": "17"}),
        ({"insurance": {"amount": 200, "currency": "USD"}}, {"insurance": {"amount": "200", "currency": "USD"}}),
        ("", {}),
        ([], {}),
        (None, {}),
    ],
)
def test_extras_in_every_spelling(http: httpx.Client, extra: Any, kept: dict[str, Any]) -> None:
    made = asked(http, "POST", "/shipments", {**SHIPMENT, "extra": extra})
    assert made["extra"] == kept
    found = asked(http, "GET", f"/shipments/{made['object_id']}")
    assert found["extra"] == kept


def test_values_in_every_spelling(http: httpx.Client) -> None:
    address = asked(http, "POST", "/addresses", {**ADDRESS, "country": "USA", "zip": 94117, "is_residential": "True"})
    assert (address["country"], address["zip"], address["is_residential"]) == ("US", "94117", True)
    parcel = asked(http, "POST", "/parcels", {**PARCEL, "length": 5, "weight": 2.5, "template": ""})
    assert (parcel["length"], parcel["weight"], parcel["template"]) == ("5", "2.5", None)
    item = asked(http, "POST", "/customs/items", {**ITEM, "quantity": "2", "value_amount": 20.5})
    assert (item["quantity"], item["value_amount"]) == (2, "20.5")
    account = {"carrier": "fedex", "account_id": secrets.randbelow(10**9), "parameters": {}, "active": 0}
    made = asked(http, "POST", "/carrier_accounts", account)
    assert made["active"] is False and isinstance(made["account_id"], str)
    for body in ({"customs_declaration": ""}, {"shipment_date": "0001-01-01T00:00:00Z"}, {"async": "False"}):
        shipment = asked(http, "POST", "/shipments", {**SHIPMENT, **body})
        assert shipment["customs_declaration"] is None and not shipment["shipment_date"].startswith("0001")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-21 22:58:28", "2026-11-21T22:58:28.000Z"),
        ("2026-11-21T22:58:28", "2026-11-21T22:58:28.000Z"),
        ("2026-11-21T22:58:28.123456Z", "2026-11-21T22:58:28.123Z"),
        ("2026-11-21T15:58:28-07:00", "2026-11-21T22:58:28.000Z"),
        ("2026-11-21", "2026-11-21T00:00:00.000Z"),
    ],
)
def test_moments_in_every_spelling(http: httpx.Client, given: str, kept: str) -> None:
    made = asked(http, "POST", "/orders", {**ORDER, "placed_at": given})
    assert made["placed_at"] == kept


def test_lists_are_filtered_with_and_without_brackets(http: httpx.Client) -> None:
    asked(http, "POST", "/orders", {**ORDER, "order_status": "PAID"})
    for query in ("order_status[]=PAID&order_status[]=SHIPPED", quote("order_status[]") + "=PAID", "order_status=PAID"):
        found = asked(http, "GET", f"/orders?{query}")["results"]
        assert found and {entry["order_status"] for entry in found} <= {"PAID", "SHIPPED"}
    assert asked(http, "GET", "/orders?order_status[]=REFUNDED")["results"] == []


LISTS = (
    "/addresses",
    "/parcels",
    "/shipments",
    "/rates",
    "/transactions",
    "/refunds",
    "/manifests",
    "/customs/items",
    "/customs/declarations",
    "/batches",
    "/orders",
    "/pickups",
    "/tracks",
    "/carrier_accounts",
)


@pytest.mark.parametrize("version", ["2014-02-11", "2016-10-25", "2017-03-29", "2017-08-01", "2018-02-08"])
def test_every_version_that_ever_was_is_answered(http: httpx.Client, version: str) -> None:
    """Every list too, with how many there are where the version had that."""
    for path in LISTS:
        answer = http.get(path, headers={"SHIPPO-API-VERSION": version})
        assert answer.status_code == 200, path
        assert ("count" in answer.json()) == (version < "2017-08-01"), path


def test_a_client_polls_without_sleeping(http: httpx.Client) -> None:
    path = f"/batches/{valid_batch(http)}"
    assert {http.get(path).status_code for _ in range(150)} == {200}


def test_manifests_know_the_carrier_by_its_old_name(http: httpx.Client) -> None:
    given = {"carrier_account": usps_of(http), "servicelevel_token": "usps_priority", "shipment": SHIPMENT}
    label = asked(http, "POST", "/transactions", given)
    here = asked(http, "POST", "/addresses", ADDRESS)
    body = {"provider": "USPS", "shipment_date": label["object_created"], "address_from": here, "async": False}
    made = asked(http, "POST", "/manifests/", body)
    assert made["status"] == "SUCCESS" and label["object_id"] in made["transactions"]

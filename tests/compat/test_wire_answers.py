"""What clients demand of answers: exact codes, closed shapes, lists that equal their objects, and no stray keys."""

from __future__ import annotations

import secrets
from typing import Any

import httpx
import pytest

from tests.compat.wire import (
    ADDRESS,
    DECLARATION,
    ITEM,
    JSON,
    ORDER,
    PARCEL,
    SHIPMENT,
    Json,
    asked,
    usps_of,
    valid_batch,
)

# The retired Ruby client makes a property of every other key that begins like these, and fails.
RUBY = {"User-Agent": "Shippo/v2.0 RubyBindings"}
BOX = {**PARCEL, "name": "My box", "weight_unit": "lb"}
KNOWN = {f"object_{name}" for name in ("id", "owner", "created", "updated", "state", "status", "results", "purpose")}


@pytest.fixture(scope="module")
def made(http: httpx.Client) -> dict[str, Json]:
    """One of everything, as the creating request answered it, by the path it was sent to."""

    def post(path: str, body: Any, status: int = 201) -> Json:
        found[path] = asked(http, "POST", path, body, status)
        return found[path]

    found: dict[str, Json] = {}
    usps = usps_of(http)
    here = post("/addresses", ADDRESS)
    post("/parcels", PARCEL)
    post("/customs/items", ITEM)
    post("/customs/declarations", DECLARATION)
    post("/orders", ORDER)
    shipment = post("/shipments", {**SHIPMENT, "carrier_accounts": [usps]})
    found["/rates"] = shipment["rates"][0]
    label = post("/transactions", {"rate": shipment["rates"][0]["object_id"], "async": False})
    post("/tracks", {"carrier": "usps", "tracking_number": label["tracking_number"]}, 200)
    manifest = {"carrier_account": usps, "shipment_date": label["object_created"], "address_from": here["object_id"]}
    post("/manifests", {**manifest, "transactions": [label["object_id"]], "async": False})
    other = asked(http, "POST", "/shipments", {**SHIPMENT, "carrier_accounts": [usps]})["rates"][0]["object_id"]
    unused = asked(http, "POST", "/transactions", {"rate": other, "async": False})
    post("/refunds", {"transaction": unused["object_id"]})
    account = {"carrier": "fedex", "account_id": secrets.token_hex(6), "parameters": {"meter": "1"}}
    post("/carrier_accounts", account)
    post("/webhooks", {"url": "http://127.0.0.1:9/hook", "event": "track_updated", "is_test": True})
    post("/user-parcel-templates", BOX, 200)
    found["/batches"] = asked(http, "GET", f"/batches/{valid_batch(http)}")
    return found


OBJECTS = [
    "/addresses",
    "/parcels",
    "/customs/items",
    "/customs/declarations",
    "/orders",
    "/shipments",
    "/rates",
    "/transactions",
    "/tracks",
    "/manifests",
    "/refunds",
    "/carrier_accounts",
    "/webhooks",
    "/user-parcel-templates",
    "/batches",
]
LISTED = [path for path in OBJECTS if path not in ("/tracks", "/batches")]


@pytest.mark.parametrize("path", OBJECTS)
def test_ruby_gets_no_key_that_it_takes_for_its_own(http: httpx.Client, made: dict[str, Json], path: str) -> None:
    one = made[path]["tracking_number"] if path == "/tracks" else made[path]["object_id"]
    found = http.get(f"{path}/usps/{one}" if path == "/tracks" else f"{path}/{one}", headers=RUBY | JSON).json()
    assert {key for key in found if key.startswith(("object_", "resource_"))} <= KNOWN


@pytest.mark.parametrize("path", LISTED)
def test_created_retrieved_and_listed_objects_have_the_same_keys(
    http: httpx.Client, made: dict[str, Json], path: str
) -> None:
    object_id = made[path]["object_id"]
    found = asked(http, "GET", f"{path}/{object_id}")
    assert found.keys() == made[path].keys()
    listed = asked(http, "GET", f"{path}?results=100")["results"]
    (same,) = [entry for entry in listed if entry["object_id"] == object_id]
    assert same == found


@pytest.mark.parametrize("path", [path for path in LISTED if path != "/user-parcel-templates"])
def test_pages_have_their_links(http: httpx.Client, made: dict[str, Json], path: str) -> None:
    page = asked(http, "GET", f"{path}?results=1")
    assert page.keys() - {"count"} == {"next", "previous", "results"} and len(page["results"]) <= 1
    assert page["previous"] is None
    assert page["next"] is None or page["next"].startswith(f"{http.base_url}".rstrip("/") + path)


def test_lists_that_are_no_pages(http: httpx.Client) -> None:
    assert isinstance(asked(http, "GET", "/service-groups"), list)
    for path in ("/parcel-templates", "/user-parcel-templates"):
        assert asked(http, "GET", path).keys() == {"results"}


def test_success_has_exactly_the_code_that_sdks_want(http: httpx.Client, made: dict[str, Json]) -> None:
    # The fixture has seen 201 for every creation but these.
    asked(http, "POST", "/tracks", {"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"}, 200)
    box = asked(http, "POST", "/user-parcel-templates", BOX, 200)
    cart = {"address_from": ADDRESS, "address_to": ADDRESS, "line_items": ORDER["line_items"], "parcel": PARCEL}
    asked(http, "POST", "/live-rates", cart, 200)
    batch = valid_batch(http)
    added = asked(http, "POST", f"/batches/{batch}/add_shipments", [{"shipment": SHIPMENT}], 200)
    row = added["batch_shipments"]["results"][-1]["object_id"]
    asked(http, "POST", f"/batches/{batch}/remove_shipments", [row], 200)
    for path in (f"/user-parcel-templates/{box['object_id']}", f"/webhooks/{made['/webhooks']['object_id']}"):
        gone = http.delete(path, headers={"Accept": "*/*"})
        assert (gone.status_code, gone.content) == (204, b"")
        assert http.delete(path, headers=JSON).status_code == 404


def test_what_must_be_there_is_never_null(made: dict[str, Json], http: httpx.Client) -> None:
    shipment, track = made["/shipments"], made["/tracks"]
    assert [shipment[key] for key in ("messages", "metadata", "carrier_accounts")] != [None] * 3
    assert isinstance(shipment["messages"], list) and shipment["metadata"] == ""
    assert isinstance(track["messages"], list) and isinstance(track["tracking_history"], list)
    mock = asked(http, "GET", "/tracks/shippo/SHIPPO_DELIVERED")
    for entry in mock["tracking_history"]:
        assert entry["object_updated"] and entry["status_details"] is not None and entry["object_id"]
    assert isinstance(made["/manifests"]["documents"], list)
    assert isinstance(made["/rates"]["attributes"], list)
    batch = made["/batches"]
    assert isinstance(batch["label_url"], list) and batch["default_servicelevel_token"] == "usps_priority"


def test_figures_are_text_and_moments_have_their_zone(made: dict[str, Json]) -> None:
    order, parcel, rate = made["/orders"], made["/parcels"], made["/rates"]
    assert (order["weight"], order["line_items"][0]["total_price"]) == ("0.40", "12.10")
    assert (parcel["length"], parcel["weight"]) == ("5", "2")
    assert rate["amount"].split(".")[1].isdigit() and rate["currency"] == "USD"
    for path in OBJECTS:
        moment = made[path].get("object_created")
        assert moment is None or moment.endswith("Z")


def test_a_new_account_can_ship_at_once(made: dict[str, Json], http: httpx.Client) -> None:
    shipment = asked(http, "POST", "/shipments", SHIPMENT)
    tokens = {rate["servicelevel"]["token"] for rate in shipment["rates"]}
    assert {"usps_priority", "usps_ground_advantage", "ups_ground", "ups_next_day_air_saver"} <= tokens
    assert {rate["provider"] for rate in shipment["rates"]} == {"USPS", "UPS"}

"""The public catalogue against what is really delivered: each schema takes real bodies, and names every key of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
import jsonschema
import pytest
from shippo.models import components
from shippo.utils import unmarshal_json

from portside.events.models import EventName
from portside.jobs.drain import drain
from portside.webhooks.catalogue import ENTRIES, asyncapi, event_schema
from portside.webhooks.samples import MARK, sample_body
from tests.batches.data import batch_body
from tests.orders.data import order_body
from tests.support.labelling import rated
from tests.webhooks.conftest import Receive, let_time_pass, subscribe, work
from tests.webhooks.receivers import says

# What the official SDK reads these events as.
SDK: dict[str, Any] = {
    "transaction_created": components.WebhookPayloadTransaction,
    "transaction_updated": components.WebhookPayloadTransaction,
    "track_updated": components.WebhookPayloadTrack,
    "batch_created": components.WebhookPayloadBatch,
    "batch_purchased": components.WebhookPayloadBatch,
}
OWN = ("order_created", "order_updated", "webhook_disabled", "webhook_failing", "webhook_recovered")


def closed(schema: Any) -> Any:
    """The schema with every object closed: a key that it does not name is then an error."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {key: closed(value) for key, value in schema.items()}
    return {**shut, "additionalProperties": False} if shut.get("type") == "object" else shut


VALIDATORS = {name: jsonschema.Draft202012Validator(closed(event_schema(name))) for name in ENTRIES}


def assert_as_told(body: Any) -> None:
    wrong = [f"{error.json_path}: {error.message}" for error in VALIDATORS[body["event"]].iter_errors(body)]
    assert wrong == [], body


async def post(api: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def label_life(api: httpx.AsyncClient) -> None:
    """An order is changed and shipped, and its parcel travels; another label is refunded."""
    order = await post(api, "/orders", order_body(from_address=None, notes="Ring twice"))
    changed = await api.put(f"/orders/{order['object_id']}", json=order_body(notes="Ring once"))
    assert changed.status_code == 200, changed.text
    await post(api, "/transactions", {"rate": await rated(api), "order": order["object_id"], "async": False})
    await post(api, "/simulator/advance", {"days": 20})
    await work()
    refunded = await post(api, "/transactions", {"rate": await rated(api), "async": True})
    await work()
    await post(api, "/refunds", {"transaction": refunded["object_id"], "async": False})
    await work()


async def batch_life(api: httpx.AsyncClient) -> None:
    accounts = (await api.get("/carrier_accounts?results=100")).json()["results"]
    usps = next(account["object_id"] for account in accounts if account["carrier"] == "usps")
    batch = await post(api, "/batches", batch_body(usps, 2))
    await drain(lanes=["bulk"])
    await post(api, f"/batches/{batch['object_id']}/purchase", None)
    await drain(lanes=["bulk"])


async def endpoint_life(api: httpx.AsyncClient, receive: Receive) -> None:
    """An endpoint fails for two hours and then works again."""
    flapper = await receive(says(500))
    webhook = await subscribe(api, flapper, "order_created")
    for status in (500, 500, 200):
        flapper.answer = says(status)
        await post(api, "/orders", order_body())
        await work()
        await let_time_pass(webhook)


async def test_every_real_body_is_as_the_catalogue_says(api: httpx.AsyncClient, receive: Receive) -> None:
    receiver, leaver = await receive(says(200)), await receive(says(410))
    for event in ("all", *OWN):
        await subscribe(api, receiver, event)
    await subscribe(api, leaver, "order_created")
    await label_life(api)
    await batch_life(api)
    await endpoint_life(api, receive)
    await work()
    assert {got.json["event"] for got in receiver.got} == set(ENTRIES)
    labels = [got.json["data"] for got in receiver.got if got.json["event"] == "transaction_updated"]
    assert {"REFUNDPENDING", "SUCCESS"} <= {label["status"] for label in labels}
    for got in receiver.got:
        assert_as_told(got.json)
    headers = jsonschema.Draft202012Validator(asyncapi("1")["components"]["schemas"]["DeliveryHeaders"])
    for got in receiver.got:
        names = {name.lower(): name for name in headers.schema["properties"]}
        headers.validate({names[name]: value for name, value in got.headers.items() if name in names})


@pytest.mark.parametrize("name", ENTRIES)
def test_the_sample_of_an_event_is_one_of_it_and_says_that_it_is_none(name: EventName) -> None:
    body = json.loads(sample_body(name))
    assert_as_told(body)
    assert (body["event"], body["test"], body["metadata"]) == (name, True, MARK)
    if name in SDK:
        assert unmarshal_json(sample_body(name), SDK[name]).event.value == name


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.pop("data"),
        lambda body: body.update(event="order_lost"),
        lambda body: body["data"].update(status="BOUGHT"),
        lambda body: body["data"].update(tracking_status={"status": "TRANSIT"}),
        lambda body: body["data"].update(eta=None),
        lambda body: body["data"].pop("messages"),
        lambda body: body["data"].update(surprise=1),
    ],
)
def test_the_check_sees_what_is_not_as_told(change: Callable[[dict[str, Any]], None]) -> None:
    body = json.loads(sample_body("transaction_created"))
    changed = copy.deepcopy(body)
    change(changed)
    assert list(VALIDATORS["transaction_created"].iter_errors(body)) == []
    assert list(VALIDATORS["transaction_created"].iter_errors(changed)) != []


@pytest.mark.parametrize("name", ENTRIES)
def test_schemas_are_schemas(name: EventName) -> None:
    jsonschema.Draft202012Validator.check_schema(event_schema(name))


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
    return own.union(*map(references, value.values()))


async def test_the_catalogue_is_public_and_whole(product: Callable[..., httpx.AsyncClient]) -> None:
    async with product() as anybody:
        document = (await anybody.get("/asyncapi.json")).json()
        for name in ENTRIES:
            answer = await anybody.get(f"/docs/events/{name}.json")
            assert answer.status_code == 200 and answer.json() == event_schema(name)
            assert answer.headers["content-type"].startswith("application/schema+json")
        for missing in ("order_lost.json", "order_created", "..%2Fsecret.json"):
            assert (await anybody.get(f"/docs/events/{missing}")).status_code == 404
    assert document["asyncapi"] == "3.0.0" and set(document["operations"]) == set(ENTRIES)
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        assert found
    for name, message in document["components"]["messages"].items():
        (example,) = message["examples"]
        assert example["payload"]["event"] == name
        assert_as_told(example["payload"])

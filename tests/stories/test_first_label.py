"""The first label: the documentation's own curl pushes an order, a person sees it, the official SDK ships it, and the
platform hears of every step of the parcel."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import shippo
import zxingcpp
from shippo.models import components

from tests.support.browser import browser_page
from tests.support.process import Installation, Serving
from tests.support.receiver import Receiver, receiving

CURL = Path(__file__).with_name("data") / "post_order.curl"
EMAIL, PASSWORD = "alice@story.example", "a long enough secret"
STEPS = ("PRE_TRANSIT", "TRANSIT", "DELIVERED")


@pytest.fixture
def serving(installation: Installation) -> Serving:
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD, "--company", "Alice Ltd")
    return installation.serve()


def test_the_first_label(installation: Installation, serving: Serving) -> None:
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    assert re.fullmatch(r"shippo_test_[0-9a-f]{40}", token)
    client = shippo.Shippo(api_key_header=token, server_url=serving.url)
    with receiving() as receiver:
        for event in components.WebhookEventTypeEnum:
            if event.value in ("transaction_created", "transaction_updated", "track_updated"):
                request = components.WebhookUpdateRequest(url=receiver.url, event=event, is_test=True)
                client.webhooks.create_webhook(request=request)
        order = push_the_documented_order(serving, token)
        sees_it_in_the_web_page(serving, order)
        label = buys_a_label(client, order)
        number = barcode_of(label.label_url)
        assert number == label.tracking_number
        hears_of_the_purchase(receiver, label)
        hears_of_every_step(serving, token, receiver, label)
    final = client.orders.get(order_id=order["object_id"])
    assert final.order_status is not None and final.order_status.value == "SHIPPED"
    assert final.transactions is not None and len(final.transactions) == 1


def push_the_documented_order(serving: Serving, token: str) -> dict[str, Any]:
    """Run the curl of the public documentation, verbatim but for host and token."""
    text = CURL.read_text().replace("https://api.goshippo.com", serving.url).replace("<API_TOKEN>", token)
    command = text.rstrip() + r" --silent --write-out '\n%{http_code}'"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    body, _, status = done.stdout.decode().rpartition("\n")
    assert status == "201", body
    order: dict[str, Any] = json.loads(body)
    assert (order["order_number"], order["total_price"], order["transactions"]) == ("#1068", "24.93", [])
    return order


def sees_it_in_the_web_page(serving: Serving, order: dict[str, Any]) -> None:
    with browser_page() as page:
        if page is None:
            return
        page.goto(serving.url + "/sign-in")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text(order["order_number"]).filter(visible=True).first.wait_for()
        page.get_by_text("Mr Hippo").filter(visible=True).first.wait_for()


def buys_a_label(client: shippo.Shippo, order: dict[str, Any]) -> components.Transaction:
    sender = components.AddressCreateRequest(
        name="Alice", street1="1 Demo Wharf", city="San Francisco", state="CA", zip="94111", country="US"
    )
    parcel = components.ParcelCreateRequest(
        length="10",
        width="8",
        height="4",
        distance_unit=components.DistanceUnitEnum.IN,
        weight="0.40",
        mass_unit=components.WeightUnitEnum.LB,
    )
    shipment = client.shipments.create(
        components.ShipmentCreateRequest(
            address_from=sender, address_to=order["to_address"]["object_id"], parcels=[parcel], async_=False
        )
    )
    assert {rate.provider for rate in shipment.rates} == {"USPS", "UPS"}
    cheapest = min(shipment.rates, key=lambda rate: float(rate.amount))
    label = client.transactions.create(
        components.TransactionCreateRequest(
            rate=cheapest.object_id or "",
            order=order["object_id"],
            async_=False,
            label_file_type=components.LabelFileTypeEnum.PDF_4X6,
        )
    )
    assert label.status == components.TransactionStatusEnum.SUCCESS
    return label


def barcode_of(label_url: str | None) -> str:
    """Download the label and read its barcode as a scanner would."""
    assert label_url is not None
    with urllib.request.urlopen(label_url) as answer:
        assert answer.headers["Content-Type"] == "application/pdf"
        content = answer.read()
    page = pypdfium2.PdfDocument(content)[0]
    assert [round(side) for side in page.get_size()] == [288, 432]
    image = page.render(scale=300 / 72).to_pil()
    found = [barcode.text for barcode in zxingcpp.read_barcodes(image)]
    digits = [
        re.sub(r"^\(?420\)?\d{5}(\(92\))?", "92", text) if text.startswith(("(420", "420")) else text for text in found
    ]
    assert digits, found
    return max((re.sub(r"[^0-9A-Z]", "", text) for text in digits), key=len)


def hears_of_the_purchase(receiver: Receiver, label: components.Transaction) -> None:
    receiver.wait_for(lambda: receiver.events("transaction_created"))
    (created,) = receiver.events("transaction_created")
    assert created["data"]["object_id"] == label.object_id
    assert created["data"]["tracking_number"] == label.tracking_number
    assert created["test"] is True


def hears_of_every_step(serving: Serving, token: str, receiver: Receiver, label: components.Transaction) -> None:
    """Let the simulated carrier's clock run until the parcel is delivered; every scan reaches the platform."""

    def statuses() -> list[str]:
        return [event["data"]["tracking_status"]["status"] for event in receiver.events("track_updated")]

    for _ in range(20):
        seen = len(statuses())
        advance(serving, token, label.tracking_number or "")
        receiver.wait_for(lambda seen=seen: len(statuses()) > seen)  # type: ignore[misc]
        if statuses()[-1] == "DELIVERED":
            break
    assert [status for status in STEPS if status in statuses()] == list(STEPS)
    last = receiver.events("track_updated")[-1]
    assert last["carrier"] == last["data"]["carrier"]
    assert [entry["status"] for entry in last["data"]["tracking_history"]][-1] == "DELIVERED"
    for delivery in receiver.deliveries:
        parse_with_the_sdk(delivery.event)


def advance(serving: Serving, token: str, number: str) -> None:
    body = json.dumps({"to_next_scan": True, "tracking_number": number}).encode()
    request = urllib.request.Request(
        serving.url + "/simulator/advance",
        body,
        {"Authorization": f"ShippoToken {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status in (200, 201)


def parse_with_the_sdk(event: dict[str, Any]) -> None:
    """The official SDK's own models accept the body."""
    from shippo.utils import unmarshal_json

    model = (
        components.WebhookPayloadTrack if event["event"] == "track_updated" else components.WebhookPayloadTransaction
    )
    parsed = unmarshal_json(json.dumps(event), model)
    assert parsed.data is not None

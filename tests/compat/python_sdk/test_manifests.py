"""Manifests through the SDK."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, moment, refused, sender


def request_of(usps: str, **changes: object) -> components.ManifestCreateRequest:
    given = {"carrier_account": usps, "shipment_date": moment(), "address_from": sender(), "async_": False}
    return components.ManifestCreateRequest(**{**given, **changes})


def test_labels_are_closed_out(sdk: shippo.Shippo, usps: str, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    here = sdk.addresses.create(request=sender()).object_id
    made = sdk.manifests.create(request=request_of(usps, address_from=here, transactions=[label.object_id]))
    assert (made.status, made.transactions) == (components.ManifestStatus.SUCCESS, [label.object_id])
    assert (made.address_from, made.carrier_account) == (here, usps)
    with urllib.request.urlopen(made.documents[0]) as answer:
        assert answer.read(5) == b"%PDF-"
    assert sdk.manifests.get(manifest_id=made.object_id).transactions == [label.object_id]
    assert sdk.manifests.list(page=1, results=5).results[0].object_id == made.object_id


def test_the_days_labels_are_collected(
    sdk: shippo.Shippo, usps: str, buy: Callable[[], components.Transaction]
) -> None:
    label = buy()
    made = sdk.manifests.create(request=request_of(usps))
    assert label.object_id in (made.transactions or [])


def test_errors(sdk: shippo.Shippo, usps: str) -> None:
    with refused(400, "address_from", "Address with supplied object_id not found."):
        sdk.manifests.create(request=request_of(usps, address_from=UNKNOWN))
    with refused(404):
        sdk.manifests.get(manifest_id=UNKNOWN)

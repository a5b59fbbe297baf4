"""Tracks through the SDK, with the mock numbers of the test mode."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import refused


@pytest.mark.parametrize("status", list(components.TrackingStatusEnum))
def test_mock_numbers_have_their_status(sdk: shippo.Shippo, status: components.TrackingStatusEnum) -> None:
    track = sdk.tracking_status.get(tracking_number=f"SHIPPO_{status.value}", carrier="shippo")
    assert track.tracking_status is not None and track.tracking_status.status == status
    assert track.tracking_history[-1].status == status
    assert track.messages == []


def test_a_number_is_registered(sdk: shippo.Shippo) -> None:
    track = sdk.tracking_status.create(carrier="shippo", tracking_number="SHIPPO_TRANSIT", metadata="order 1")
    assert (track.tracking_number, track.metadata) == ("SHIPPO_TRANSIT", "order 1")
    assert track.tracking_status is not None


def test_a_label_is_tracked(sdk: shippo.Shippo, buy: Callable[[], components.Transaction]) -> None:
    label = buy()
    track = sdk.tracking_status.get(tracking_number=label.tracking_number, carrier="usps")
    assert (track.tracking_number, track.transaction) == (label.tracking_number, label.object_id)


def test_an_unknown_number_of_a_known_carrier_may_be_registered(sdk: shippo.Shippo) -> None:
    track = sdk.tracking_status.create(carrier="usps", tracking_number="9205590164917312751089")
    assert (track.tracking_status, track.tracking_history) == (None, [])


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(404):
        sdk.tracking_status.get(tracking_number="NO_SUCH_NUMBER", carrier="shippo")
    with refused(400, "Carrier with name 'nobody' is not supported."):
        sdk.tracking_status.get(tracking_number="123", carrier="nobody")
    with refused(400, "carrier", "Invalid value specified for provider 'nobody'"):
        sdk.tracking_status.create(carrier="nobody", tracking_number="123")
    with refused(400):
        sdk.tracking_status.create(carrier="shippo", tracking_number="NO_SUCH_NUMBER")

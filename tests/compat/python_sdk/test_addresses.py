"""Addresses through the SDK."""

from __future__ import annotations

import re

import pytest
import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, refused, sender


def test_an_address_is_created_retrieved_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.addresses.create(request=sender(metadata="compat", name="Πατάτα Ünïcode 山田"))
    assert re.fullmatch(r"[0-9a-f]{32}", made.object_id or "")
    assert (made.name, made.zip, made.country, made.metadata) == ("Πατάτα Ünïcode 山田", "94117", "US", "compat")
    assert (made.phone, made.is_complete, made.test) == ("0015553419393", True, True)
    assert sdk.addresses.get(address_id=made.object_id) == made
    assert sdk.addresses.list(page=1, results=5).results[0] == made


def test_an_incomplete_address_is_kept_and_says_so(sdk: shippo.Shippo) -> None:
    request = components.AddressCreateRequest(country="US", city="San Francisco")
    assert sdk.addresses.create(request=request).is_complete is False


def test_validation_makes_a_new_address(sdk: shippo.Shippo) -> None:
    made = sdk.addresses.create(request=sender())
    found = sdk.addresses.validate(address_id=made.object_id)
    assert found.validation_results is not None and found.validation_results.is_valid is True
    assert found.object_id not in (None, made.object_id)


def test_validation_on_creation_names_what_is_wrong(sdk: shippo.Shippo) -> None:
    right = sdk.addresses.create(request=sender(validate=True))
    assert right.validation_results is not None and right.validation_results.is_valid is True
    wrong = sdk.addresses.create(request=sender(validate=True, city="Boston", state="MA"))
    assert wrong.validation_results is not None and wrong.validation_results.is_valid is False
    assert wrong.validation_results.messages
    assert all(message.text and message.code for message in wrong.validation_results.messages)


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "country"):
        sdk.addresses.create(request=sender(country="nowhere"))
    with refused(404, "Not found."):
        sdk.addresses.get(address_id=UNKNOWN)
    with refused(404, "Not found."):
        sdk.addresses.validate(address_id=UNKNOWN)


@pytest.mark.parametrize("page", [0, -1, 10_000])
def test_a_page_that_is_not_there_is_no_server_error(sdk: shippo.Shippo, page: int) -> None:
    try:
        found = sdk.addresses.list(page=page, results=100)
    except shippo.models.errors.SDKError as error:
        assert error.status_code in (400, 404)
    else:
        assert page < 1 or not found.results

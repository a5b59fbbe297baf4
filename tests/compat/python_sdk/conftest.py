"""The SDK as a merchant has it, and a few things that most resources need."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shippo
from shippo.models import components, operations

from tests.compat.conftest import Merchant, MerchantMaker
from tests.compat.python_sdk.bodies import shipment_request
from tests.support.patience import PATIENCE

# This release has no model for the parameters of a carrier account, whatever they are, and says so each time.
ITS_OWN_NOISE = r"ignore:Failed to decode \{.*\} Union dataclasses"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every other warning of the SDK is a failure: it warns of required keys that an answer lacks."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(ITS_OWN_NOISE))


@pytest.fixture(scope="session")
def owner(merchant_of: MerchantMaker) -> Merchant:
    return merchant_of("python-sdk")


@pytest.fixture(scope="session")
def sdk(owner: Merchant) -> Iterator[shippo.Shippo]:
    with_session = client_of(owner.url, owner.token)
    yield with_session
    with_session.sdk_configuration.client.close()


def client_of(url: str, token: str) -> Any:
    """The SDK, but redirects stay visible: releases before 3.9 and after it do not follow them."""
    made = shippo.Shippo(api_key_header=token, server_url=url)
    session = made.sdk_configuration.client
    session.trust_env = False
    session.send = functools.partial(session.send, allow_redirects=False, timeout=PATIENCE)
    return made


@pytest.fixture(scope="session")
def usps(sdk: shippo.Shippo) -> str:
    """The id of the account's USPS account."""
    request = operations.ListCarrierAccountsRequest(carrier=components.CarriersEnum.USPS)
    return str(sdk.carrier_accounts.list(request=request).results[0].object_id)


@pytest.fixture(scope="session")
def rated(sdk: shippo.Shippo) -> components.Shipment:
    """A shipment with rates, for tests that only read it."""
    return sdk.shipments.create(request=shipment_request())


@pytest.fixture
def buy(sdk: shippo.Shippo, usps: str) -> Callable[[], components.Transaction]:
    """Buys a label of a fresh shipment."""

    def bought() -> components.Transaction:
        shipment = sdk.shipments.create(request=shipment_request(carrier_accounts=[usps]))
        request = components.TransactionCreateRequest(rate=shipment.rates[0].object_id, async_=False)
        label = sdk.transactions.create(request=request)
        assert label.status == components.TransactionStatusEnum.SUCCESS, label.messages
        return label

    return bought

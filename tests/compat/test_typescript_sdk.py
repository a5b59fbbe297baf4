"""The official SDK for TypeScript (npm `shippo`): every operation, and its check of webhooks on real deliveries."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.cases import Outcomes, assert_went_well, names_in, run_cases
from tests.compat.conftest import MerchantMaker
from tests.support.receiver import Receiver, receiving

NODE = Path(__file__).parent / "node"
OFFICIAL = NODE / "official"
CASES = names_in(*sorted(OFFICIAL.glob("*.mjs")))
EVENTS = ["transaction_created", "transaction_updated", "track_updated", "batch_created", "batch_purchased"]
PACKAGE = Path(__file__).parents[2] / "node_modules" / "shippo"

pytestmark = pytest.mark.skipif(
    not (PACKAGE.exists() and shutil.which("node")), reason="NOT RUN: no Node or no SDK; `make setup` prepares it"
)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="module")
def outcomes(merchant_of: MerchantMaker, receiver: Receiver) -> Outcomes:
    merchant = merchant_of("typescript-sdk")
    environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token, "RECEIVER_URL": receiver.url}
    return run_cases(["node", OFFICIAL / "main.mjs"], os.environ | environ)


@pytest.mark.parametrize("name", CASES)
def test_case(outcomes: Outcomes, name: str) -> None:
    assert_went_well(outcomes, name)


@pytest.fixture(scope="module")
def validated(outcomes: Outcomes, receiver: Receiver) -> Outcomes:
    """What the SDK says of the deliveries that the cases have caused, by event."""
    receiver.wait_for(lambda: set(EVENTS) <= {body["event"] for body in receiver.events()})
    bodies = [delivery.body.decode() for delivery in list(receiver.deliveries)]
    return run_cases(["node", NODE / "validate_webhooks.mjs"], os.environ, json.dumps(bodies))


@pytest.mark.parametrize("event", EVENTS)
def test_a_delivered_webhook_is_valid(validated: Outcomes, event: str) -> None:
    assert_went_well(validated, event)

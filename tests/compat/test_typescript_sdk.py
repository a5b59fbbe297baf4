"""The official SDK for TypeScript (npm `shippo`): every operation, and its check of webhooks on real deliveries."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.compat.cases import names_in, report, run_cases
from tests.compat.conftest import MerchantMaker
from tests.support.receiver import receiving

NODE = Path(__file__).parent / "node"
OFFICIAL = NODE / "official"
CASES = names_in(*sorted(OFFICIAL.glob("*.mjs")))
EVENTS = ["transaction_created", "transaction_updated", "track_updated", "batch_created", "batch_purchased"]
PACKAGE = Path(__file__).parents[2] / "node_modules" / "shippo"

pytestmark = pytest.mark.skipif(
    not (PACKAGE.exists() and shutil.which("node")), reason="NOT RUN: no Node or no SDK; `make setup` prepares it"
)


def test_the_official_typescript_sdk(merchant_of: MerchantMaker, subtests: pytest.Subtests) -> None:
    merchant = merchant_of("typescript-sdk")
    with receiving() as receiver:
        environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token, "RECEIVER_URL": receiver.url}
        outcomes = run_cases(["node", OFFICIAL / "main.mjs"], os.environ | environ)
        report(outcomes, CASES, subtests)
        with subtests.test("webhooks: delivered"):
            receiver.wait_for(lambda: set(EVENTS) <= {body["event"] for body in receiver.events()})
        bodies = [delivery.body.decode() for delivery in receiver.deliveries]
    # What the cases have caused is given to the SDK's own check.
    checked = run_cases(["node", NODE / "validate_webhooks.mjs"], os.environ, json.dumps(bodies))
    report(checked, EVENTS, subtests)

"""The retired Node client, as merchants still run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.compat.cases import Outcomes, assert_went_well, names_in, run_cases
from tests.compat.conftest import MerchantMaker

SCRIPT = Path(__file__).parent / "node" / "retired.mjs"
PACKAGE = Path(__file__).parents[2] / "node_modules" / "shippo-legacy"

pytestmark = pytest.mark.skipif(
    not (PACKAGE.exists() and shutil.which("node")), reason="NOT RUN: no Node or no client; `make setup` prepares it"
)


@pytest.fixture(scope="module")
def outcomes(merchant_of: MerchantMaker) -> Outcomes:
    merchant = merchant_of("retired-node")
    environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token}
    return run_cases(["node", SCRIPT], os.environ | environ)


@pytest.mark.parametrize("name", names_in(SCRIPT))
def test_case(outcomes: Outcomes, name: str) -> None:
    assert_went_well(outcomes, name)

"""The retired Node client, as merchants still run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.compat.cases import names_in, report, run_cases
from tests.compat.conftest import Merchant

SCRIPT = Path(__file__).parent / "node" / "retired.mjs"
PACKAGE = Path(__file__).parents[2] / "node_modules" / "shippo-legacy"

pytestmark = pytest.mark.skipif(
    not (PACKAGE.exists() and shutil.which("node")), reason="NOT RUN: no Node or no client; `make setup` prepares it"
)


def test_the_retired_node_client(merchant: Merchant, subtests: pytest.Subtests) -> None:
    environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token}
    report(run_cases(["node", SCRIPT], os.environ | environ), names_in(SCRIPT), subtests)

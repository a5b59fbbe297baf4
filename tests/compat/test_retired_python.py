"""The retired Python client, as merchants still run it, in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compat.cases import Outcomes, assert_went_well, names_in, run_cases
from tests.compat.conftest import MerchantMaker

SCRIPT = Path(__file__).parent / "retired" / "python_client.py"
PYTHON = Path(__file__).parents[2] / ".venv-legacy" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="NOT RUN: the retired Python client is not here; `make compat` fetches it and runs this"
)


@pytest.fixture(scope="module")
def outcomes(merchant_of: MerchantMaker) -> Outcomes:
    merchant = merchant_of("retired-python")
    environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token}
    return run_cases([PYTHON, SCRIPT], os.environ | environ)


@pytest.mark.parametrize("name", names_in(SCRIPT))
def test_case(outcomes: Outcomes, name: str) -> None:
    assert_went_well(outcomes, name)

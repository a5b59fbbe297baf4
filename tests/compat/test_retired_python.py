"""The retired Python client, as merchants still run it, in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compat.cases import names_in, report, run_cases
from tests.compat.conftest import Merchant

SCRIPT = Path(__file__).parent / "retired" / "python_client.py"
PYTHON = Path(__file__).parents[2] / ".venv-legacy" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="NOT RUN: the retired Python client is not here; `make compat` fetches it and runs this"
)


def test_the_retired_python_client(merchant: Merchant, subtests: pytest.Subtests) -> None:
    environ = {"PORTSIDE_URL": merchant.url, "PORTSIDE_TOKEN": merchant.token}
    report(run_cases([PYTHON, SCRIPT], os.environ | environ), names_in(SCRIPT), subtests)

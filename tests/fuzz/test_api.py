"""Requests made from the OpenAPI document, well and badly formed, against a server: never a 5xx, never a status or
a content type that the document does not name, never an answer of another shape.

`make check` sends a few per operation, always the same; `make fuzz` many, always others (PORTSIDE_FUZZ).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from portside.main import openapi_document
from tests.support.database import fresh_database
from tests.support.process import Installation, Serving
from tests.support.stock import stocked

EMAIL = "alice@fuzz.example"
WANTED = int(os.environ.get("PORTSIDE_FUZZ", "0"))
EXAMPLES = WANTED or 3
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
BOUNDS = settings(
    max_examples=EXAMPLES,
    derandomize=not WANTED,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def installation(tmp_path: Path, worker_name: str) -> AsyncIterator[Installation]:
    installed = Installation(await fresh_database(f"fuzz_{worker_name}"), tmp_path)
    installed.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    yield installed
    installed.stop()


@pytest.fixture
def token(installation: Installation) -> str:
    return installation.command("create-token", "--email", EMAIL, "--mode", "test")


@pytest.fixture
def serving(installation: Installation) -> Serving:
    return installation.serve()


@pytest.fixture
async def stock(serving: Serving, token: str) -> dict[str, str]:
    headers = {"Authorization": f"ShippoToken {token}"}
    async with httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=30) as client:
        return await stocked(client)


def send(case: Case, session: requests.Session, url: str) -> Iterator[str]:
    """Send one request; gives what is wrong with its answer."""
    answer = case.call(base_url=url, session=session, timeout=60)
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as failures:
        yield f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:500]}\n" + "\n".join(
            f"  {failure}" for failure in failures.exceptions
        )


def with_known_ids(case: Case, stock: dict[str, str]) -> None:
    """Name things that exist, or most requests would end at the first id."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = stock.get(name, case.path_parameters[name])
    if isinstance(case.body, dict):
        for name, value in case.body.items():
            if isinstance(value, str) and name in stock:
                case.body[name] = stock[name]


def test_no_request_breaks_the_document(serving: Serving, token: str, stock: dict[str, str]) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"ShippoToken {token}"
    wrong: list[str] = []
    sent = 0

    def examine(operation: Any, mode: GenerationMode) -> None:
        @BOUNDS
        @given(case=operation.as_strategy(mode), knows=st.booleans())
        def one(case: Case, knows: bool) -> None:
            nonlocal sent
            if knows or mode is GenerationMode.NEGATIVE:
                with_known_ids(case, stock)
            sent += 1
            wrong.extend(send(case, session, serving.url))

        try:
            one()
        except Unsatisfiable:
            # Nothing about this operation can be wrong: it takes no body and no parameter.
            assert mode is GenerationMode.NEGATIVE

    for result in schemathesis.openapi.from_dict(openapi_document()).get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:
            examine(operation, mode)
    assert sent > 100
    assert not wrong, f"{len(wrong)} of {sent} requests:\n\n" + "\n\n".join(wrong[:20])

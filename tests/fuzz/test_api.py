"""Requests made from the OpenAPI document, well and badly formed, against a server: never a 5xx, never a status or
a content type that the document does not name, never an answer of another shape.

`make check` sends a few per operation, always the same; `make fuzz` many, always others (PORTSIDE_FUZZ).
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from portside.main import openapi_document
from tests.support.database import fresh_database
from tests.support.objects import bodies, stocked
from tests.support.patience import PATIENCE
from tests.support.process import Installation, Serving

AnyCase: TypeAlias = "Case[Any]"

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
    async with httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=PATIENCE) as client:
        return await stocked(client)


def document() -> dict[str, Any]:
    """The document without what is the same for all operations and has tests of its own: credentials and headers."""
    described = openapi_document()
    del described["security"], described["components"]["securitySchemes"]
    for methods in described["paths"].values():
        for operation in methods.values():
            operation["parameters"] = [each for each in operation["parameters"] if each.get("in") in ("path", "query")]
    return described


def send(case: AnyCase, session: requests.Session, url: str) -> Iterator[str]:
    """Send one request; gives what is wrong with its answer."""
    answer = case.call(base_url=url, session=session, timeout=PATIENCE)
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as failures:
        yield f"{case.as_curl_command()}\n{answer.status_code} {answer.text[:500]}\n" + "\n".join(
            f"  {failure}" for failure in failures.exceptions
        )


def mended(case: AnyCase, stock: dict[str, str], good: Any, which: int) -> None:
    """Make most of the request good, or most of them would end at the first id: name things that exist, and of the
    body keep one field as it was made."""
    for name in case.path_parameters or {}:
        case.path_parameters[name] = stock.get(name, case.path_parameters[name])
    if isinstance(case.body, dict) and isinstance(good, dict):
        kept = sorted(case.body)[which % len(case.body)] if case.body else None
        case.body = good if kept is None else {**good, kept: case.body[kept]}


def test_no_request_breaks_the_document(
    installation: Installation, serving: Serving, token: str, stock: dict[str, str]
) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"ShippoToken {token}"
    wrong: list[str] = []
    sent = 0

    def examine(operation: Any, mode: GenerationMode) -> None:
        @BOUNDS
        @given(case=operation.as_strategy(mode), which=st.none() | st.integers(0, 20))
        def one(case: AnyCase, which: int | None) -> None:
            nonlocal sent
            if which is not None:
                mended(case, stock, good.get(operation.label), which)
            sent += 1
            wrong.extend(send(case, session, serving.url))

        try:
            one()
        except Unsatisfiable:
            # Nothing about this operation can be wrong: it takes no body and no parameter.
            assert mode is GenerationMode.NEGATIVE

    good = bodies(stock)
    for result in schemathesis.openapi.from_dict(document()).get_all_operations():
        assert isinstance(result, Ok), result
        for mode in GenerationMode:
            examine(result.ok(), mode)
    assert sent > 100
    assert not wrong, f"{len(wrong)} of {sent} requests:\n\n" + "\n\n".join(wrong[:20]) + installation.logs()[-4000:]

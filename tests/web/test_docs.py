"""/docs: the API's description, read and tried out in a browser under the page's policy, from this server alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from portside.main import openapi_document
from tests.support.browser import browser_page
from tests.support.database import fresh_database
from tests.support.process import Installation

EMAIL = "alice@docs.example"


@pytest.fixture
async def installation(tmp_path: Path, worker_name: str) -> AsyncIterator[Installation]:
    installed = Installation(await fresh_database(f"docs_{worker_name}"), tmp_path)
    yield installed
    installed.stop()


async def test_the_description_is_served(product: Callable[..., httpx.AsyncClient]) -> None:
    async with product() as client:
        answer = await client.get("/openapi.json")
        page = await client.get("/docs/")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == openapi_document()
    assert page.status_code == 200 and "script-src 'self';" in page.headers["content-security-policy"]


@pytest.mark.browser
def test_it_can_be_read_and_tried_out(installation: Installation) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", "a long enough secret")
    token = installation.command("create-token", "--email", EMAIL, "--mode", "test")
    serving = installation.serve()
    with browser_page() as page:
        if page is None:
            return
        wrong: list[str] = []
        asked: set[str] = set()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: asked.add(request.url))
        page.goto(f"{serving.url}/docs")
        page.locator("#operations-orders-ListOrders").wait_for()
        page.get_by_role("button", name="Authorize").click()
        page.locator(".auth-container input").fill(f"ShippoToken {token}")
        page.locator(".auth-btn-wrapper .authorize").click()
        page.locator(".auth-btn-wrapper .btn-done").click()
        operation = page.locator("#operations-orders-ListOrders")
        operation.get_by_role("button").first.click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        status = operation.locator(".live-responses-table .response-col_status").last
        assert status.inner_text().strip().startswith("200")
        assert wrong == []
        assert all(url.startswith((serving.url, "data:")) for url in asked)

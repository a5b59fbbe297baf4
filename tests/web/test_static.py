"""Built files: cached for ever, pressed, and nothing beside them can be reached."""

from __future__ import annotations

import re

import pytest

from tests.web.conftest import Browser

KINDS = {"text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml", "font/woff2"}


async def test_assets_of_a_page_are_there_and_kept_for_ever(browser: Browser) -> None:
    page = await browser.get("/sign-in")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    paths = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert len(paths) >= 4
    for path in paths:
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] in KINDS
        again = await browser.get(path, **{"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_styles_travel_pressed_to_those_who_can_read_that(browser: Browser) -> None:
    page = await browser.get("/sign-in")
    found = re.search(r'href="(/static/app[^"]+css)"', page.text)
    assert found is not None
    pressed = await browser.get(found[1], **{"Accept-Encoding": "gzip"})
    plain = await browser.get(found[1], **{"Accept-Encoding": "identity"})
    assert pressed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert pressed.text == plain.text
    assert int(pressed.headers["content-length"]) < len(plain.content) / 3


@pytest.mark.parametrize(
    "path",
    [
        "/static/manifest.json",
        "/static/icons.json",
        "/static/..%2fapp.css",
        "/static/%2e%2e/app.css",
        "/static/../../page.py",
        "/static//etc/passwd",
        "/static/app.css%00.js",
        "/static",
    ],
)
async def test_nothing_else_can_be_read(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status_code == 404


async def test_browsers_that_ask_for_a_favicon_get_the_mark(browser: Browser) -> None:
    answer = await browser.get("/favicon.ico")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in answer.content

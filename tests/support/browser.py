"""A headless Chromium for tests; where there is none, the test says so loudly."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as Late

from tests.support.patience import PATIENCE_MS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


NOT_RUN = "NOT RUN: browser steps, because there is no Chromium on PATH"


class BrowserNotRun(UserWarning):
    """A part of the suite was not run because this machine has no Chromium."""


def chromium() -> str | None:
    """The path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def skip_without_browser() -> NoReturn:
    """End a test that is nothing without a browser, loudly."""
    warnings.warn(NOT_RUN, BrowserNotRun, stacklevel=2)
    pytest.skip(NOT_RUN)


@contextmanager
def headless() -> Iterator[Browser]:
    """A Chromium without a profile; where there is none, the test ends, loudly."""
    path = chromium()
    if path is None:
        skip_without_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@contextmanager
def browser_page(
    *, width: int = 1440, height: int = 900, dark: bool = False, foreign_cookies: bool | None = None
) -> Iterator[Page | None]:
    """A page in a fresh profile; None, with a loud warning, where no browser is to be had.

    `foreign_cookies`: whether the profile lets frames of other sites keep cookies (None: as the browser comes).
    """
    path = chromium()
    if path is None:
        warnings.warn(NOT_RUN, BrowserNotRun, stacklevel=2)
        yield None
        return
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        if foreign_cookies is not None:
            _prefer_cookies(Path(profile), foreign_cookies)
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=path,
            args=FLAGS,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        context.set_default_timeout(PATIENCE_MS)
        # Left alone it is five seconds, for the whole process.
        expect.set_options(timeout=PATIENCE_MS)
        yield context.pages[0] if context.pages else context.new_page()
        context.close()


def _prefer_cookies(profile: Path, foreign: bool) -> None:
    """As the browser's own settings page would write it."""
    chosen = {"cookie_controls_mode": 0 if foreign else 1, "block_third_party_cookies": not foreign}
    (profile / "Default").mkdir()
    (profile / "Default" / "Preferences").write_text(json.dumps({"profile": chosen}), encoding="utf-8")


def opened_by(page: Page, link: Locator) -> Page:
    """The window that a link opens. A click into a frame that is just being painted can be lost: then it is repeated,
    as people do."""
    for _ in range(2):
        try:
            with page.expect_popup(timeout=6_000) as opened:
                link.click()
            return opened.value
        except Late:
            continue
    with page.expect_popup() as opened:
        link.click()
    return opened.value

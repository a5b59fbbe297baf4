"""A partner at a real browser: an app is registered, drawn, certified, given a new secret and deleted."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.stories.test_merchant_app import watched
from tests.support.browser import browser_page
from tests.support.process import Installation

EMAIL, PASSWORD = "paula@story.example", "a long enough secret"

pytestmark = pytest.mark.browser


def test_a_partner_registers_an_app(installation: Installation, tmp_path: Path) -> None:
    installation.command("create-account", "--email", EMAIL, "--password", PASSWORD, "--company", "Paula Ltd")
    url = installation.serve("--no-worker").url
    logo = tmp_path / "logo.png"
    Image.new("RGB", (600, 300), (240, 120, 20)).save(logo)
    with browser_page(width=375, height=800) as page:
        if page is None:
            return
        wrong = watched(page)
        page.goto(f"{url}/sign-in?next=/app/settings/apps")
        page.get_by_label("E-mail").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        first = registers(page)
        uploads(page, logo)
        assert rotates(page) != first
        app = json.loads(installation.command("list-apps"))
        assert (app["name"], app["owner"], app["live"]) == ("Lighthouse Store", EMAIL, True)
        installation.command("certify-app", app["client_id"])
        installation.command("approve-app", app["client_id"])
        finds_it_in_the_directory(page, url)
        page.goto(f"{url}/app/settings/apps")
        deletes(page)
        assert installation.command("list-apps") == ""
        assert wrong == []


def registers(page: Page) -> str:
    page.get_by_role("link", name="Register app").first.click()
    page.get_by_label("Name").fill("Lighthouse Store")
    page.get_by_label("Redirect URIs").fill("https://store.example/callback")
    page.get_by_label("Sites that show").fill("https://store.example")
    page.get_by_label("Live").check()
    page.get_by_role("button", name="Register app").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    return secret_of(page)


def secret_of(page: Page) -> str:
    shown = page.get_by_text(re.compile(r"^secret_[0-9a-f]{40}$"))
    return shown.inner_text()


def uploads(page: Page, logo: Path) -> None:
    page.get_by_label("Picture").set_input_files(logo)
    page.get_by_role("button", name="Upload").click()
    shown = page.locator("img.app-logo")
    expect(shown).to_be_visible()
    assert shown.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 256
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def rotates(page: Page) -> str:
    page.get_by_role("button", name="New secret").click()
    page.get_by_label("stops working now").check()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    return secret_of(page)


def finds_it_in_the_directory(page: Page, url: str) -> None:
    page.goto(f"{url}/app/integrations")
    link = page.get_by_role("link", name="Connect on the site of Lighthouse Store")
    expect(link).to_have_attribute("href", "https://store.example/")
    expect(page.locator("img.app-logo")).to_be_visible()


def deletes(page: Page) -> None:
    page.get_by_role("link", name="Lighthouse Store").click()
    page.get_by_label("More", exact=True).click()
    page.get_by_role("button", name="Delete app").click()
    expect(page.get_by_text("its tokens stop working at once")).to_be_visible()
    page.locator("[data-confirm-yes]").click()
    expect(page.get_by_text("No apps yet")).to_be_visible()

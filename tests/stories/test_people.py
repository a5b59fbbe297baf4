"""People, in the browser: alice opens an account and invites bob; he works, is removed, and she finds back in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import headless, opened_by
from tests.support.patience import PATIENCE_MS
from tests.support.process import Installation, Serving

ALICE, BOB = "alice@story.example", "bob@story.example"
PASSWORD, NEW = "rope and lantern", "another rope and lantern"


@pytest.fixture
def serving(installation: Installation) -> Serving:
    return installation.serve(environ={"PORTSIDE_OPEN_MAILBOX": "on"})


@pytest.mark.browser
def test_a_team_from_its_first_sign_up_to_a_forgotten_password(installation: Installation, serving: Serving) -> None:
    with two_people() as (alice, bob):
        signs_up(alice, serving, installation)
        invites(alice)
        joins(bob, serving)
        is_removed_at_once(alice, bob)
        finds_back_in(alice, serving)
        sees_who_did_what(alice)


@contextmanager
def two_people() -> Iterator[tuple[Page, Page]]:
    """A desk and a phone, which know nothing of each other."""
    with headless() as browser:
        pages = [
            browser.new_context(viewport={"width": width, "height": height}).new_page()
            for width, height in ((1440, 900), (375, 812))
        ]
        for page in pages:
            page.set_default_timeout(PATIENCE_MS)
        yield pages[0], pages[1]


def signs_up(page: Page, serving: Serving, installation: Installation) -> None:
    page.goto(serving.url)
    page.get_by_role("link", name="Create one").click()
    page.get_by_label("Your name").fill("Alice Anchor")
    page.get_by_label("Company or shop").fill("Anchor & Rope")
    page.get_by_label("E-mail").fill(ALICE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    code = code_in_the_mailbox(page)
    assert f"Your code: {code}" in installation.command("mail", "--to", ALICE)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Welcome aboard.")).to_be_visible()
    expect(page.get_by_role("link", name="Portside Anchor & Rope")).to_be_visible()


def code_in_the_mailbox(page: Page) -> str:
    """As a person does it: the mailbox opens in another tab."""
    mailbox = opened_by(page, page.get_by_role("link", name="mailbox of this installation"))
    subject = re.compile(r"\d{6} is your code for Portside")
    for _ in range(600):
        if mailbox.get_by_role("link", name=subject).count():
            break
        mailbox.wait_for_timeout(100)
        mailbox.reload()
    text = mailbox.get_by_role("link", name=subject).first.inner_text()
    mailbox.close()
    return text[:6]


def invites(page: Page) -> None:
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_role("link", name="People").first.click()
    page.get_by_role("button", name="Invite").click()
    page.get_by_role("dialog").get_by_label("E-mail").fill(BOB)
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_text(f"An invitation to {BOB} is on its way.")).to_be_visible()


def joins(page: Page, serving: Serving) -> None:
    page.goto(serving.url + "/mailbox")
    subject = "Alice Anchor invites you to Anchor & Rope"
    for _ in range(600):
        if page.get_by_role("link", name=subject).count():
            break
        page.wait_for_timeout(100)
        page.reload()
    page.get_by_role("link", name=subject).click()
    tab = opened_by(page, page.frame_locator("iframe").get_by_role("link", name="Accept the invitation"))
    expect(tab.get_by_role("heading", name="Join Anchor & Rope")).to_be_visible()
    tab.get_by_label("Your name").fill("Bob Buoy")
    tab.get_by_label("Choose a password").fill(PASSWORD)
    tab.get_by_role("button", name="Accept the invitation").click()
    expect(tab.get_by_text("You work on Anchor & Rope now.")).to_be_visible()
    tab.close()
    page.goto(serving.url + "/app/orders")
    assert page.url.endswith("/app/orders")


def is_removed_at_once(alice: Page, bob: Page) -> None:
    alice.reload()
    row = alice.get_by_role("row").filter(has_text=BOB)
    row.get_by_label("Actions for Bob Buoy").click()
    row.get_by_role("button", name="Remove").click()
    alice.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(alice.get_by_text("Bob Buoy was removed and is signed out here.")).to_be_visible()
    bob.reload()
    expect(bob.get_by_role("heading", name="Sign in")).to_be_visible()


def finds_back_in(page: Page, serving: Serving) -> None:
    page.context.clear_cookies()
    page.goto(serving.url)
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("E-mail").fill(ALICE)
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("If there is an account with")).to_be_visible()
    page.goto(serving.url + "/mailbox")
    for _ in range(600):
        if page.get_by_role("link", name="Set a new password").count():
            break
        page.wait_for_timeout(100)
        page.reload()
    page.get_by_role("link", name="Set a new password").first.click()
    tab = opened_by(page, page.frame_locator("iframe").get_by_role("link", name="Choose a new password"))
    tab.get_by_label("New password").fill(NEW)
    tab.get_by_role("button", name="Set password").click()
    expect(tab.get_by_role("heading", name="Your password was changed")).to_be_visible()
    tab.close()
    page.goto(serving.url + "/sign-in")
    page.get_by_label("E-mail").fill(ALICE)
    page.get_by_label("Password").fill(NEW)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/app/orders$"))


def sees_who_did_what(page: Page) -> None:
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_role("link", name="Activity").first.click()
    for words in ("Created the account", "Invitation sent", "Joined the team", "Removed from the team", "Password set"):
        expect(page.get_by_role("row").filter(has_text=words).first).to_be_visible()
    page.get_by_label("What").select_option(label="Removed from the team")
    expect(page.get_by_role("row").filter(has_text="Joined the team")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Removed from the team")).to_contain_text(BOB)

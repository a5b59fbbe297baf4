"""The connect page of a partner's app."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import form

APP = Ns(name="Bazaar", initial="B", host="bazaar.example", site_url="#", logo_url="", is_known=True)
LONG = Ns(
    name="Ye Olde Emporium of Ropes, Lanterns and Other Necessities",
    initial="Y",
    host="",
    site_url="",
    logo_url="",
    is_known=False,
)
EMAIL = "alice.with-a-rather-long-name@lantern-and-daughters.example"
EVERYTHING = [
    "See and change your orders, shipments and address book",
    "Get rates and buy, refund and print labels, which are charged to you",
    "Follow your parcels, and be told of news about them",
    "See and change your carrier accounts and shipping settings",
]


def step(**changes: Any) -> dict[str, Any]:
    context = {"app": APP, "mode": "live", "action_url": "#", "sign_in_url": "#", "handle": "h4nd1e"}
    return context | changes


def enter(**changes: Any) -> dict[str, Any]:
    basis = {
        "way": "register",
        "register": form(),
        "login": form(),
        "shortest": 10,
        "longest": 100,
        "can_register": True,
        "reset_url": "#",
    }
    return step(**(basis | changes))


def code(**changes: Any) -> dict[str, Any]:
    basis = {"email": EMAIL, "form": form(), "sign_up": "s1", "sent": False, "mailbox_url": ""}
    return step(**(basis | changes))


def consent(**changes: Any) -> dict[str, Any]:
    basis = {
        "email": "alice@lantern.example",
        "accounts": [Ns(id="a1", name="Lantern & Daughters")],
        "account_id": "a1",
        "permissions": EVERYTHING,
        "mode_reason": "",
        "by_session": False,
    }
    return step(**(basis | changes))


OAUTH_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "connect": ("oauth/enter.html", enter()),
    "connect-test": (
        "oauth/enter.html",
        enter(
            app=LONG,
            mode="test",
            register=form({"new_email": "Enter an e-mail address.", "new_password": "Use at least 10 characters."}),
        ),
    ),
    "connect-wrong": (
        "oauth/enter.html",
        enter(way="login", login=form(message="E-mail or password is wrong.", email="alice@lantern.example")),
    ),
    "connect-closed": ("oauth/enter.html", enter(way="login", can_register=False)),
    "connect-code": ("oauth/code.html", code()),
    "connect-code-wrong": (
        "oauth/code.html",
        code(form=form({"code": "That is not the code."}), mailbox_url="#", sent=True),
    ),
    "connect-who": ("oauth/who.html", step(email=EMAIL, named="ann@lantern.example", csrf_token="sample-token")),
    "connect-consent": ("oauth/consent.html", consent()),
    "connect-consent-session": ("oauth/consent.html", consent(by_session=True)),
    "connect-consent-test": (
        "oauth/consent.html",
        consent(
            app=LONG,
            mode="test",
            email=EMAIL,
            accounts=[Ns(id="a1", name="Lantern & Daughters"), Ns(id="a2", name="Charlie Ltd")],
            account_id="a2",
            permissions=["See and change your orders", "See your labels"],
            mode_reason="It is not verified whose site this is, so it gets test data only.",
        ),
    ),
    "connect-leave": ("oauth/leave.html", {"app": APP, "location": "#", "allowed": True}),
    "connect-popup": ("oauth/popup.html", {"app": APP, "url": "#"}),
    "connect-over": (
        "oauth/stopped.html",
        {"app": APP, "title": "This page is no longer valid", "text": "It was open for too long.", "again_url": "#"},
    ),
    "connect-stopped": (
        "oauth/stopped.html",
        {
            "app": None,
            "title": "This link does not work",
            "text": "The page that sent you here named no app that is registered with us.",
            "again_url": "",
        },
    ),
}

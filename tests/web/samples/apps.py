"""Developer apps, connected apps and the directory of integrations."""

from __future__ import annotations

from types import SimpleNamespace as Ns
from typing import Any

from tests.web.samples.shared import LOGO, ago, form, shell

LONG = "A platform with a name that is just as long as names may be"
CLIENT_ID = "partner_3f9a12c04b7de85610a2b4c6"
URL = f"https://ship.example/oauth/authorize?response_type=code&client_id={CLIENT_ID}&scope=*&state=RANDOM-VALUE"


def app(name: str, access: str = "live", **changes: Any) -> Ns:
    values = {
        "name": name,
        "href": "settings-app.html",
        "client_id": CLIENT_ID,
        "logo_url": None,
        "access": access,
        "certified": False,
        "approved": False,
        "created_at": ago(hours=50),
        "connected": 3,
    }
    return Ns(**(values | changes))


def app_list(**changes: Any) -> dict[str, Any]:
    apps = [
        app("Lighthouse Store", logo_url=LOGO, certified=True, connected=1204),
        app(LONG, "waiting", connected=0),
        app("Quay", "test", connected=1),
    ]
    return {"shell": shell("settings", "apps"), "apps": apps, "new_url": "settings-app-new.html"} | changes


def app_form(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("settings", "apps"),
        "app_name": None,
        "trust": "",
        "is_approved": False,
        "would_rest": False,
        "save_url": "#",
        "back_url": "settings-apps.html",
        "is_live": False,
        "form": form(),
    }
    return context | changes


def site(origin: str, state: str, **changes: Any) -> Ns:
    values = {
        "origin": origin,
        "state": state,
        "verified_at": ago(hours=30) if state == "verified" else None,
        "file_url": f"{origin}/.well-known/portside-app.txt",
        "text": "portside-verification=" + "5a" * 16,
        "found": "",
    }
    return Ns(**(values | changes))


DETAILS: dict[str, Any] = {
    "site_url": "https://store.example",
    "redirect_uris": ["https://store.example/shippo-oauth-redirect/", "https://staging.store.example/callback"],
    "secret_hint": "9f3a",
    "previous_until": None,
    "trust": "certified",
    "would_rest": False,
}


def app_page(**changes: Any) -> dict[str, Any]:
    context = {
        "shell": shell("settings", "apps"),
        "app": app("Lighthouse Store", logo_url=LOGO, certified=True, **DETAILS, rests=False),
        "secret": None,
        "sites": [
            site("https://store.example", "verified"),
            site("https://a-rather-long-name-of-a-host.staging.store.example:8443", "open"),
        ],
        "connect": {
            "url": URL,
            "state": "RANDOM-VALUE",
            "ways": [
                {"name": "Tab", "code": f'<a href="{URL}">Connect shipping</a>'},
                {"name": "Popup", "code": f'<a href="{URL}" id="connect-shipping">Connect shipping</a>\n<script>…'},
                {"name": "Frame", "code": f'<iframe src="{URL}" width="440" height="720"></iframe>'},
            ],
        },
        "can_manage": True,
        "edit_url": "settings-app-edit.html",
        "delete_url": "#",
        "secret_url": "#",
        "verify_url": "#",
        "logo_url": "#",
        "remove_logo_url": "#",
        "form": form(),
        "back_url": "settings-apps.html",
    }
    return context | changes


def connection(name: str, **changes: Any) -> Ns:
    values = {
        "name": name,
        "site_url": "#",
        "logo_url": None,
        "certified": False,
        "mode": "live",
        "permissions": ["See and change your orders", "See your labels"],
        "connected_at": ago(hours=400),
        "connected_by": "Alice Harbour",
        "granter_left": False,
        "rests": False,
        "last_used_at": ago(hours=1),
        "disconnect_url": "#",
    }
    return Ns(**(values | changes))


def connection_page(**changes: Any) -> dict[str, Any]:
    everything = [
        "See and change your orders, shipments and address book",
        "Get rates and buy, refund and print labels, which are charged to you",
        "Follow your parcels, and be told of news about them",
        "See and change your carrier accounts and shipping settings",
    ]
    context = {
        "shell": shell("settings", "connections"),
        "connections": [
            connection("Lighthouse Store", logo_url=LOGO, certified=True, permissions=everything),
            connection(LONG, connected_by="", last_used_at=None),
            connection("Quay", granter_left=True, rests=True),
        ],
        "can_disconnect": True,
        "directory_url": "integrations.html",
    }
    return context | changes


def integrations(**changes: Any) -> dict[str, Any]:
    apps = [
        Ns(name="Lighthouse Store", site_url="#", host="store.example", logo_url=LOGO, connected=True),
        Ns(name="Quay", site_url="#", host="quay.example", logo_url=None, connected=False),
        Ns(name=LONG, site_url="#", host="a-long.example", logo_url=None, connected=False),
    ]
    connections_url = "settings-connections.html"
    return {"shell": shell("settings", "integrations"), "apps": apps, "connections_url": connections_url} | changes


BAD = {
    "name": "Give the app a name.",
    "redirect_uris": "http://store.example/cb: It must begin with https://; http:// is for this machine only.",
}

APP_SCENES: dict[str, tuple[str, dict[str, Any]]] = {
    "settings-apps": ("settings/apps.html", app_list()),
    "settings-apps-empty": ("settings/apps.html", app_list(apps=[])),
    "settings-app-new": ("settings/app_form.html", app_form()),
    "settings-app-wrong": (
        "settings/app_form.html",
        app_form(form=form(BAD, redirect_uris="http://store.example/cb"), is_live=True),
    ),
    "settings-app-edit": (
        "settings/app_form.html",
        app_form(app_name="Quay", form=form(name="Quay", redirect_uris="https://quay.example/cb")),
    ),
    "settings-app-edit-trusted": (
        "settings/app_form.html",
        app_form(
            app_name="Lighthouse Store",
            trust="certified and approved",
            is_approved=True,
            would_rest=True,
            form=form(name="Lighthouse Store", redirect_uris="https://store.example/cb"),
        ),
    ),
    "settings-app": ("settings/app.html", app_page()),
    "settings-app-new-secret": (
        "settings/app.html",
        app_page(
            secret="secret_" + "5a" * 20,
            sites=[],
            remove_logo_url=None,
            app=app(
                "Quay",
                "waiting",
                site_url="",
                redirect_uris=["https://quay.example/cb"],
                secret_hint="5a5a",
                previous_until=ago(hours=-23),
                trust="",
                rests=False,
                would_rest=False,
            ),
        ),
    ),
    "settings-app-refused": (
        "settings/app.html",
        app_page(
            sites=[site("https://store.example", "open", found="The answer has status 404.")],
            form=form({"logo": "This is not a PNG or JPEG that can be read."}),
        ),
    ),
    "settings-app-rests": (
        "settings/app.html",
        app_page(app=app("Quay", "waiting", connected=2, **DETAILS, rests=True)),
    ),
    "settings-app-member": (
        "settings/app.html",
        app_page(can_manage=False, sites=[site("https://a.example", "approved")]),
    ),
    "settings-connections": ("settings/connections.html", connection_page()),
    "settings-connections-member": ("settings/connections.html", connection_page(can_disconnect=False)),
    "settings-connections-empty": ("settings/connections.html", connection_page(connections=[])),
    "integrations": ("integrations.html", integrations()),
    "integrations-empty": ("integrations.html", integrations(apps=[])),
}

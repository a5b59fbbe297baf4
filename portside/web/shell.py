"""The frame around pages: navigation, account, mode, and what is to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portside.accounts.models import Membership
from portside.accounts.queries import list_memberships
from portside.alerts.queries import count_alerts
from portside.buyers.queries import get_settings
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.orders.models import TO_SHIP
from portside.orders.queries import count_orders
from portside.terms.queries import is_platform
from portside.web.answers import HOME, Flash
from portside.web.live import live_url
from portside.web.visit import Shown, Visit
from portside.webhooks.queries import count_troubled

# Counting stops here: more only means many.
MOST_COUNTED = 1000
_SETTINGS = (
    ("tokens", "API tokens", "/app/settings/tokens"),
    ("alerts", "Alerts", "/app/settings/alerts"),
    ("webhooks", "Webhooks", "/app/settings/webhooks"),
    ("event_log", "Event log", "/app/settings/webhooks/log"),
    ("branding", "Branding", "/app/settings/branding"),
    ("messages", "Buyer messages", "/app/settings/messages"),
    ("integrations", "Integrations", "/app/integrations"),
    ("connections", "Connected apps", "/app/settings/connections"),
    ("apps", "Developer apps", "/app/settings/apps"),
)
# Who may decide who else works here.
_FOR_OWNERS = (
    ("people", "People", "/app/settings/people"),
    ("activity", "Activity", "/app/settings/activity"),
)
# Only where mail goes nowhere else.
MAILBOX = ("mailbox", "Mailbox", "/app/mailbox")


def fragment_shell(visit: Visit) -> Mapping[str, Any]:
    """What a fragment needs of the frame."""
    return {"csrf_token": visit.csrf_token, "mode": visit.scope.mode}


async def page_shell(visit: Visit, shown: Shown, flashes: Sequence[Flash]) -> Mapping[str, Any]:
    """The `shell` of layout.html."""
    async with reading() as tx:
        to_ship = await count_to_ship(tx, visit.scope)
        open_alerts = await count_alerts(tx, visit.scope, "open", MOST_COUNTED)
        alerts = {"webhooks": _in_trouble(await count_troubled(tx, visit.scope))}
        has_ledger = await is_platform(tx, visit.scope)
        accounts = await list_memberships(tx, visit.user.id)
        mailbox = (MAILBOX,) if await has_mailbox(tx, visit.scope) else ()
    name = visit.signed_in.session.account_name or visit.scope.owner
    return {
        "nav": _navigation(
            visit,
            to_ship,
            capped(open_alerts) if open_alerts else None,
            alerts,
            has_ledger=has_ledger,
            mailbox=mailbox,
        ),
        "active": shown.section,
        "active_child": shown.child,
        "mode": visit.scope.mode,
        "mode_url": "/app/mode",
        "account": {"name": name},
        "user": {"name": visit.user.name or visit.user.email, "email": visit.user.email},
        "accounts": _accounts(visit, accounts),
        "account_url": "/app/account",
        "account_links": [{"label": "Your profile", "href": "/app/settings/profile", "icon": "user-round"}],
        "sign_out_url": "/sign-out",
        "live_url": live_url(visit.signed_in),
        "csrf_token": visit.csrf_token,
        "home_url": HOME,
        "flashes": flashes,
    }


async def has_mailbox(tx: Tx, scope: Scope) -> bool:
    """Whether some mail stays here: all where there is no server, and what test labels would tell buyers if the account
    wants that written."""
    return services().mailer is None or (scope.is_test and (await get_settings(tx, scope)).in_test_mode)


async def count_to_ship(tx: Tx, scope: Scope) -> str | None:
    """How many orders wait to be shipped, for the navigation; None when none does."""
    count = await count_orders(tx, scope, TO_SHIP, MOST_COUNTED)
    return capped(count) if count else None


def capped(count: int) -> str:
    """`12`, `1,000+`: a count that stopped at its limit says so."""
    return f"{count:,}+" if count >= MOST_COUNTED else f"{count:,}"


def _in_trouble(webhooks: int) -> str:
    return "" if not webhooks else "A webhook is in trouble" if webhooks == 1 else f"{webhooks} webhooks are in trouble"


def _accounts(visit: Visit, found: Sequence[Membership]) -> list[dict[str, Any]]:
    """The accounts to switch between; none where there is no choice."""
    if len(found) < 2:
        return []
    here = visit.scope.account_id
    return [{"id": each.account_id, "name": each.account_name, "is_here": each.account_id == here} for each in found]


def _navigation(
    visit: Visit,
    to_ship: str | None,
    open_alerts: str | None,
    alerts: Mapping[str, str],
    *,
    has_ledger: bool,
    mailbox: Sequence[tuple[str, str, str]],
) -> list[dict[str, Any]]:
    settings = [*_SETTINGS, *(_FOR_OWNERS if visit.is_owner else ()), *mailbox]
    children = [
        {"key": key, "label": label, "href": href, "alert": alerts.get(key, "")} for key, label, href in settings
    ]
    alert = next((child["alert"] for child in children if child["alert"]), "")
    return [
        _entry("orders", "Orders", HOME, "inbox", to_ship),
        _entry("shipments", "Shipments", "/app/shipments", "package"),
        _entry("alerts", "Alerts", "/app/alerts", "triangle-alert", open_alerts),
        _entry("batches", "Batches", "/app/batches", "layers"),
        *([_entry("ledger", "Ledger", "/app/ledger", "scroll-text")] if has_ledger else []),
        {**_entry("settings", "Settings", "/app/settings/tokens", "settings"), "children": children, "alert": alert},
    ]


def _entry(key: str, label: str, href: str, icon: str, count: str | None = None) -> dict[str, Any]:
    entry = {"key": key, "label": label, "href": href, "icon": icon, "count": count}
    return {**entry, "children": [], "alert": ""}

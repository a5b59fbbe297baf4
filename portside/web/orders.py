"""/app/orders: the list, with tabs, filters and search; its rows come anew when an order is pushed or changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import msgspec
from litestar import Response

from portside.apps.models import AppName
from portside.apps.queries import find_app_names
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.clock import now
from portside.kit.ids import Id, as_id
from portside.kit.paging import Slice
from portside.kit.scope import Scope
from portside.orders import queries
from portside.orders.models import TO_SHIP, LineItem, Order, OrderStatus, ShopApp
from portside.orders.rules import VALID_LABEL
from portside.orders.wire import OrderFilter
from portside.web.answers import HOME, unchanged
from portside.web.lists import ListView, address
from portside.web.page import page
from portside.web.shell import MOST_COUNTED, capped
from portside.web.visit import Shown, Visit
from portside.web.words import order_number, place, recipient, source_label, source_of, version

_MOST_WORDS = 5


class Tab(msgspec.Struct, frozen=True):
    """One tab; an empty list of statuses means all. Only what waits for somebody is counted."""

    key: str
    label: str
    statuses: tuple[OrderStatus, ...]
    is_counted: bool = False


TABS = (
    Tab("", "To ship", TO_SHIP, is_counted=True),
    Tab("unpaid", "Awaiting payment", ("AWAITPAY",), is_counted=True),
    Tab("shipped", "Shipped", ("SHIPPED",)),
    Tab("closed", "Cancelled", ("CANCELLED", "REFUNDED")),
    Tab("all", "All", ()),
)
_DAYS = {"7": 7, "30": 30, "90": 90}


class View(ListView, frozen=True, kw_only=True):
    """What of the orders is looked at, as the address says it; what cannot be understood counts as not said."""

    tab: Tab
    q: str
    store: ShopApp | None
    placed: str

    def query(self, **changes: str) -> str:
        """The address of this view with changes; a page is left when anything else changes."""
        values = {"tab": self.tab.key, "q": self.q, "store": self.store or "", "placed": self.placed, **changes}
        return address(HOME, values)

    def filter(self, moment: dt.datetime) -> OrderFilter:
        start = moment - dt.timedelta(days=_DAYS[self.placed]) if self.placed else None
        return OrderFilter(order_status=list(self.tab.statuses), shop_app=self.store, start_date=start)


def view_of(visit: Visit) -> View:
    """The view that the address asks for."""
    store, placed = visit.given("store"), visit.given("placed")
    return View(
        tab=next((tab for tab in TABS if tab.key == visit.given("tab")), TABS[0]),
        q=visit.given("q"),
        store=next((shop for shop in get_args(ShopApp) if shop == store), None),
        placed=placed if placed in _DAYS else "",
        after=as_id(visit.given("after")),
        before=as_id(visit.given("before")),
    )


@page("GET", "/app/orders")
async def list_orders(visit: Visit) -> Shown | Response[bytes]:
    """The list; to htmx its rows, or nothing when what it has seen is still so."""
    view = view_of(visit)
    async with reading() as tx:
        found = await queries.list_orders(
            tx, visit.scope, view.page(), view.filter(now()), view.q.split()[:_MOST_WORDS]
        )
        seen = version(found.rows)
        if visit.given("seen") == seen:
            return unchanged()
        counts = await _counts(tx, visit.scope)
        apps = await find_app_names(tx, [order.app_id for order in found.rows if order.app_id])
    rows = _rows(view, found, seen, apps)
    if visit.wants_fragment:
        refresh = {"tabs": _tabs(view, counts), "to_ship": _count(counts, TABS[0])}
        return Shown(template="orders/_rows.html", context={**rows, "refresh": refresh})
    context = {
        **rows,
        "refresh": None,
        "tabs": _tabs(view, counts),
        "filters": _filters(view),
        "new_url": f"{HOME}/new",
        "import_url": f"{HOME}/import",
    }
    return Shown(template="orders/list.html", context=context, section="orders")


async def _counts(tx: Tx, scope: Scope) -> Mapping[str, int]:
    counted = [tab for tab in TABS if tab.is_counted]
    return {tab.key: await queries.count_orders(tx, scope, tab.statuses, MOST_COUNTED) for tab in counted}


def _count(counts: Mapping[str, int], tab: Tab) -> str | None:
    count = counts.get(tab.key)
    return capped(count) if count else None


def _tabs(view: View, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "label": tab.label,
            "href": view.query(tab=tab.key),
            "count": _count(counts, tab),
            "active": tab.key == view.tab.key,
        }
        for tab in TABS
    ]


def _filters(view: View) -> dict[str, Any]:
    stores = [{"value": "", "label": "Every store"}]
    stores += [{"value": shop, "label": source_label(shop)} for shop in get_args(ShopApp)]
    placed = [{"value": "", "label": "Any date"}]
    placed += [{"value": key, "label": f"Last {days} days"} for key, days in _DAYS.items()]
    return {
        "url": HOME,
        "q": view.q,
        "hidden": {"tab": view.tab.key} if view.tab.key else {},
        "selects": [
            {"name": "store", "label": "Store", "value": view.store or "", "options": stores},
            {"name": "placed", "label": "Placed", "value": view.placed, "options": placed},
        ],
    }


def _rows(view: View, found: Slice[Order], seen: str, apps: Mapping[Id, AppName]) -> dict[str, Any]:
    orders = found.rows
    return {
        "orders": [_row(order, apps) for order in orders],
        "page": {
            "previous_url": view.query(before=orders[0].id) if found.has_previous and orders else None,
            "next_url": view.query(after=orders[-1].id) if found.has_next and orders else None,
            "note": f"{len(orders)} {'order' if len(orders) == 1 else 'orders'} on this page",
            # A search looks at every order of the account, which is too much to do whenever one changes.
            "poll_url": None if view.q else view.query(**view.here(), seen=seen),
        },
        "bulk_actions": [{"label": "Ship", "icon": "package", "url": f"{HOME}/ship"}],
        "empty": _empty(view),
    }


def _row(order: Order, apps: Mapping[Id, AppName]) -> dict[str, Any]:
    details = order.details
    status = next((label.tracking_status for label in reversed(order.labels) if label.status in VALID_LABEL), None)
    return {
        "id": order.id,
        "href": f"{HOME}/{order.id}",
        "number": order_number(order),
        "source": source_of(order, apps),
        "placed_at": order.placed_at,
        "recipient": recipient(details.to_address),
        "place": place(details.to_address),
        "contents": contents(details.line_items),
        "service": details.shipping_method or "",
        "weight": details.weight,
        "weight_unit": details.weight_unit or "",
        "total": details.total_price,
        "currency": details.currency or "",
        "status": order.order_status,
        "track": {"status": status, "substatus": None} if status and status != "UNKNOWN" else None,
    }


def contents(lines: Sequence[LineItem]) -> str:
    """`2 × Mug` of one line, `5 items` of several."""
    if not lines:
        return "–"
    if len(lines) > 1:
        return f"{sum(line.quantity or 1 for line in lines):,} items"
    title = lines[0].title or lines[0].sku or "1 item"
    return f"{lines[0].quantity} × {title}" if (lines[0].quantity or 1) > 1 else title


def _empty(view: View) -> dict[str, Any]:
    nothing: dict[str, Any] = {"url": None, "action": ""}
    if view.q or view.store or view.placed or view.after or view.before:
        way = {"url": view.query(q="", store="", placed=""), "action": "Show all of them"}
        return {"title": "Nothing fits", "text": "No order here fits this search.", **way}
    if view.tab.key == "all":
        text = "Push one with the API, import a file, or type the first one in: it appears here at once."
        return {"title": "No orders yet", "text": text, "url": "/app/settings/tokens", "action": "Get an API token"}
    if view.tab.key == "":
        return {"title": "Nothing to ship", "text": "A new order appears here by itself.", **nothing}
    return {"title": "None", "text": "No order is in this state.", **nothing}


routes = [list_orders]

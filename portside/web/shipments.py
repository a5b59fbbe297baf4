"""/app/shipments: every label that was bought, with where its parcel is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response

from portside.carriers.catalogue import carrier_name
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.kit.ids import Id, as_id
from portside.kit.paging import PageRequest, Slice
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.models import Label
from portside.labels.queries import search_labels
from portside.orders.models import Order
from portside.orders.queries import find_orders, list_orders
from portside.orders.wire import OrderFilter
from portside.rates.models import StoredRate
from portside.rates.queries import find_rates_by_id
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.tracking.models import TrackingStatus
from portside.tracking.queries import find_links
from portside.tracking.rules import page_path
from portside.web.answers import HOME, unchanged
from portside.web.lists import ListView, address
from portside.web.page import page
from portside.web.visit import Shown, Visit
from portside.web.words import order_number, place, recipient, version

PATH = "/app/shipments"
# So many of the newest orders that fit a search are looked at for their labels.
MOST_ORDERS = 100
_MOST_WORDS = 5


class Tab(msgspec.Struct, frozen=True):
    """One tab; an empty list of statuses means all labels, failed ones too."""

    key: str
    label: str
    statuses: tuple[TrackingStatus, ...]


TABS = (
    Tab("", "All", ()),
    Tab("waiting", "Not handed over", ("UNKNOWN", "PRE_TRANSIT")),
    Tab("moving", "In transit", ("TRANSIT",)),
    Tab("trouble", "Returned or failed", ("RETURNED", "FAILURE")),
    Tab("delivered", "Delivered", ("DELIVERED",)),
)


class View(ListView, frozen=True, kw_only=True):
    """What of the shipments is looked at, as the address says it."""

    tab: Tab
    q: str

    def query(self, **changes: str) -> str:
        """The address of this view with changes, on its first page."""
        values = {"tab": self.tab.key, "q": self.q, **changes}
        return address(PATH, values)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows say beside their labels, by the ids that labels have."""

    rates: Mapping[Id, StoredRate]
    shipments: Mapping[Id, StoredShipment]
    orders: Mapping[Id, Order]
    # Of tracks, by carrier and number.
    links: Mapping[tuple[str, str], Id] = {}


@page("GET", PATH)
async def list_shipments(visit: Visit) -> Shown | Response[bytes]:
    """The list; to htmx its rows, or nothing when what it has seen is still so."""
    view = View(
        tab=next((tab for tab in TABS if tab.key == visit.given("tab")), TABS[0]),
        q=visit.given("q"),
        after=as_id(visit.given("after")),
        before=as_id(visit.given("before")),
    )
    async with reading() as tx:
        found = await _found(tx, visit.scope, view)
        seen = version(found.rows)
        if visit.given("seen") == seen:
            return unchanged()
        told = await told_of(tx, visit.scope, found.rows)
    rows = _rows(view, found, told, seen)
    if visit.wants_fragment:
        return Shown(template="shipments/_rows.html", context=rows)
    tabs = [
        {"label": tab.label, "href": view.query(tab=tab.key), "count": None, "active": tab == view.tab} for tab in TABS
    ]
    hidden = {"tab": view.tab.key} if view.tab.key else {}
    filters = {"url": PATH, "q": view.q, "hidden": hidden, "selects": []}
    context = {**rows, "tabs": tabs, "filters": filters}
    return Shown(template="shipments/list.html", context=context, section="shipments")


async def _found(tx: Tx, scope: Scope, view: View) -> Slice[Label]:
    if not view.q:
        return await search_labels(tx, scope, view.page(), view.tab.statuses)
    orders = await list_orders(tx, scope, PageRequest(size=MOST_ORDERS), OrderFilter(), view.q.split()[:_MOST_WORDS])
    number = "".join(view.q.split()).upper()
    ids = [order.id for order in orders.rows]
    return await search_labels(tx, scope, view.page(), view.tab.statuses, number=number, order_ids=ids)


async def told_of(tx: Tx, scope: Scope, labels: Sequence[Label]) -> Told:
    """What is known of labels beside themselves: rates, shipments and orders."""
    rates = await find_rates_by_id(tx, scope, [label.rate_id for label in labels if label.rate_id])
    return Told(
        rates=rates,
        shipments=await find_shipments(tx, scope, [rate.shipment_id for rate in rates.values()]),
        orders=await find_orders(tx, scope, [label.order_id for label in labels if label.order_id]),
        links=await find_links(tx, scope, {(label.carrier, label.tracking_number or "") for label in labels}),
    )


def _rows(view: View, found: Slice[Label], told: Told, seen: str) -> dict[str, Any]:
    labels = found.rows
    return {
        "shipments": [_row(label, told) for label in labels],
        "page": {
            "previous_url": view.query(before=labels[0].id) if found.has_previous and labels else None,
            "next_url": view.query(after=labels[-1].id) if found.has_next and labels else None,
            "note": f"{len(labels)} {'shipment' if len(labels) == 1 else 'shipments'} on this page",
            # A search looks at many orders, which is too much to do whenever one changes.
            "poll_url": None if view.q else view.query(**view.here(), seen=seen),
        },
        "empty": _empty(view),
    }


def _row(label: Label, told: Told) -> dict[str, Any]:
    rate = told.rates.get(label.rate_id) if label.rate_id else None
    shipment = told.shipments.get(rate.shipment_id) if rate else None
    order = told.orders.get(label.order_id) if label.order_id else None
    link = told.links.get((label.carrier, label.tracking_number or ""))
    to = shipment.details.address_to if shipment else order.details.to_address if order else None
    return {
        "id": label.id,
        "href": f"{HOME}/{label.order_id}" if label.order_id else None,
        "order_number": order_number(order) if order else "",
        "recipient": recipient(to) if to else "–",
        "place": place(to) if to else "",
        "carrier_name": rate.provider if rate else carrier_name(label.carrier),
        "service": rate.quote.service_name if rate else "",
        "tracking_number": label.tracking_number or "",
        "tracking_url": label.tracking_url or "",
        "label_status": label.status,
        "label_hint": " ".join(message.text for message in label.messages),
        "track": {"status": label.tracking_status or "UNKNOWN", "substatus": None} if label.tracking_number else None,
        "eta": None if label.tracking_status == "DELIVERED" else label.eta,
        "amount": rate.amount if rate else None,
        "currency": rate.currency if rate else "",
        "pdf_url": services().file_url(label.file_key) if label.file_key else "",
        "page_url": services().public_url + page_path(link) if link else "",
        "refund_url": _refund_url(label),
        "created_at": label.created_at,
    }


def _refund_url(label: Label) -> str | None:
    """A label without an order has no page to come back to; the API refunds it."""
    if label.status != "SUCCESS" or label.order_id is None:
        return None
    return f"{HOME}/{label.order_id}/labels/{label.id}/refund"


def _empty(view: View) -> dict[str, Any]:
    if view.q:
        way = {"url": view.query(q=""), "action": "Show all of them"}
        return {"title": "Nothing fits", "text": "No shipment here fits this search.", **way}
    if view.tab.key:
        return {"title": "None", "text": "No shipment is in this state.", "url": None, "action": ""}
    text = "A label you buy, here or by API, appears in this list."
    return {"title": "No shipments yet", "text": text, "url": HOME, "action": "Go to the orders"}


routes = [list_shipments]

"""/app/batches: labels that are bought together, how far that is, and the files to print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from portside.batches import queries
from portside.batches.models import Batch, Row, RowFilter, RowState
from portside.batches.rules import results_of
from portside.db.begin import reading
from portside.db.tx import Tx
from portside.errors import FieldErrors
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.services import services
from portside.labels.models import Label
from portside.labels.queries import find_labels
from portside.orders.models import Order
from portside.orders.queries import find_orders
from portside.shipments.models import StoredShipment
from portside.shipments.queries import find_shipments
from portside.web.answers import HOME, unchanged
from portside.web.lists import list_view
from portside.web.page import page
from portside.web.shell import count_to_ship
from portside.web.visit import Shown, Visit
from portside.web.words import error_sentences, file_type_label, order_number, place, recipient

PATH = "/app/batches"
ROWS_SHOWN = 100
_STATES = {
    "VALIDATING": "Asking carriers",
    "VALID": "Ready to buy",
    "INVALID": "Has rows that cannot be bought",
    "PURCHASING": "Buying labels",
    "PURCHASED": "Bought",
}


@page("GET", PATH)
async def list_batches(visit: Visit) -> Shown:
    """All batches, newest first, those of the API too."""
    request = list_view(visit).page()
    async with reading() as tx:
        found = await queries.list_batches(tx, visit.scope, request)
        counts = await queries.count_rows(tx, visit.scope, [batch.id for batch in found.rows])
    rows = found.rows
    context = {
        "batches": [_batch(batch, counts[batch.id]) for batch in rows],
        "page": {
            "previous_url": f"{PATH}?before={rows[0].id}" if found.has_previous and rows else None,
            "next_url": f"{PATH}?after={rows[-1].id}" if found.has_next and rows else None,
            "note": f"{len(rows)} {'batch' if len(rows) == 1 else 'batches'} on this page",
        },
        "orders_url": HOME,
    }
    return Shown(template="batches/list.html", context=context, section="batches")


@page("GET", f"{PATH}/{{batch_id}}")
async def show_batch(visit: Visit) -> Shown | Response[bytes]:
    """How far a batch is, its files, and its rows; to htmx the part that changes, or nothing while nothing did."""
    request = list_view(visit).page(ROWS_SHOWN)
    only_failed = visit.given("failed") == "1"
    wanted = RowFilter(object_results="purchase_failed" if only_failed else None)
    async with reading() as tx:
        batch = await queries.get_batch(tx, visit.scope, visit.id("batch_id"))
        counts = (await queries.count_rows(tx, visit.scope, [batch.id]))[batch.id]
        seen = f"{batch.status}-{'-'.join(f'{state}{counts[state]}' for state in sorted(counts))}"
        if visit.wants_fragment and visit.given("seen") == seen:
            return unchanged()
        found = await queries.list_rows(tx, visit.scope, batch.id, request, wanted)
        rows = await _rows(tx, visit.scope, found.rows)
        to_ship = await count_to_ship(tx, visit.scope)
    url = f"{PATH}/{batch.id}"
    places = [queries.place_of(row) for row in found.rows]
    kept = "failed=1&" if only_failed else ""
    context = {
        "batch": _batch(batch, counts),
        "rows": rows,
        "page": {
            "previous_url": f"{url}?{kept}before={places[0]}" if found.has_previous and places else None,
            "next_url": f"{url}?{kept}after={places[-1]}" if found.has_next and places else None,
            "note": f"{len(rows)} {'label' if len(rows) == 1 else 'labels'} on this page",
        },
        "failed_url": None if only_failed else f"{url}?failed=1",
        "all_url": url if only_failed else None,
        "poll_url": _poll_url(batch, f"{url}?{kept}seen={seen}"),
        "back_url": PATH,
        "refresh": None,
    }
    if visit.wants_fragment:
        context["refresh"] = {"to_ship": to_ship}
        return Shown(template="batches/_batch.html", context=context)
    return Shown(template="batches/detail.html", context=context, section="batches")


def _poll_url(batch: Batch, url: str) -> str | None:
    return url if batch.status in ("VALIDATING", "PURCHASING") else None


def _batch(batch: Batch, counts: Mapping[RowState, int]) -> dict[str, Any]:
    results = results_of(counts)
    size = sum(counts.values())
    done = results["purchase_succeeded"] + results["purchase_failed"] + results["creation_failed"]
    return {
        "id": batch.id,
        "href": f"{PATH}/{batch.id}",
        "name": f"Batch …{batch.id[-6:]}",
        "size": size,
        "bought": results["purchase_succeeded"],
        "failed": results["purchase_failed"] + results["creation_failed"],
        "done": done,
        "percent": 100 * done // size if size else 0,
        "is_busy": batch.status in ("VALIDATING", "PURCHASING"),
        "state": _STATES[batch.status],
        "status": batch.status,
        "format": file_type_label(batch.label_file_type),
        "files": [services().file_url(key) for key in batch.label_keys],
        "created_at": batch.created_at,
    }


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    labels: Mapping[Id, Label]
    shipments: Mapping[Id, StoredShipment]
    orders: Mapping[Id, Order]


async def _rows(tx: Tx, scope: Scope, rows: list[Row]) -> list[dict[str, Any]]:
    shipments = await find_shipments(tx, scope, [row.shipment_id for row in rows if row.shipment_id])
    found = _Found(
        labels=await find_labels(tx, scope, [row.label_id for row in rows if row.label_id]),
        shipments=shipments,
        orders=await find_orders(tx, scope, [each.order_id for each in shipments.values() if each.order_id]),
    )
    return [_row(row, found) for row in rows]


def _row(row: Row, found: _Found) -> dict[str, Any]:
    label = found.labels.get(row.label_id) if row.label_id else None
    shipment = found.shipments.get(row.shipment_id) if row.shipment_id else None
    order = found.orders.get(shipment.order_id) if shipment and shipment.order_id else None
    to = shipment.details.address_to if shipment else None
    return {
        "id": row.id,
        "href": f"{HOME}/{order.id}" if order else None,
        "number": order_number(order) if order else "–",
        "recipient": recipient(to) if to else "–",
        "place": place(to) if to else "",
        "tracking_number": (label.tracking_number if label else None) or "",
        "tracking_url": (label.tracking_url if label else None) or "",
        "pdf_url": services().file_url(label.file_key) if label and label.file_key else "",
        "status": "SUCCESS" if row.state == "bought" else "ERROR" if row.state in _FAILED else "QUEUED",
        "problem": " ".join(_sentences(row)) if row.state in _FAILED else "",
    }


_FAILED = frozenset({"invalid", "incomplete", "failed"})


def _sentences(row: Row) -> list[str]:
    """Messages are in the shape of API errors, or a carrier's own."""
    told = []
    for message in row.messages:
        text = message.get("text")
        told += [str(text)] if text else error_sentences(FieldErrors(message))
    return told


routes = [list_batches, show_batch]

"""/app/ledger: what the labels of a platform's merchants cost it, and what it charged for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from litestar import Response
from litestar.response import Stream

from portside.carriers.catalogue import carrier_name, service_levels
from portside.db.begin import reading
from portside.kit.clock import from_wire
from portside.kit.ids import Id, as_id
from portside.kit.paging import Slice
from portside.ledger import queries
from portside.ledger.api import ledger_csv
from portside.ledger.models import Kind, Line, LineFilter, Total
from portside.ledger.wire import shown
from portside.terms.queries import list_reach
from portside.web.answers import HEADERS
from portside.web.lists import ListView, address
from portside.web.page import page
from portside.web.visit import Shown, Visit

PATH = "/app/ledger"
CSV = "/app/ledger.csv"
_KINDS: Mapping[Kind, str] = {"purchase": "Purchases", "refund": "Refunds", "adjustment": "Adjustments"}
_DAY = dt.timedelta(days=1)


class View(ListView, frozen=True, kw_only=True):
    """What of the ledger is looked at, as the address says it; what cannot be understood counts as not said. Days are
    whole ones, in UTC, both included."""

    q: str
    account: Id | None
    kind: Kind | None
    first: str
    last: str

    def query(self, path: str = PATH, **changes: str) -> str:
        """The address of this view with changes; a page is left when anything else changes."""
        values = {"q": self.q, "account": self.account, "kind": self.kind, "from": self.first, "to": self.last}
        return address(path, {**values, **changes})

    def wanted(self) -> LineFilter:
        return LineFilter(
            account_id=self.account,
            kind=self.kind,
            tracking_number="".join(self.q.split()).upper() or None,
            object_created_gte=from_wire(self.first) if self.first else None,
            object_created_lt=_after(self.last),
        )


def view_of(visit: Visit) -> View:
    """The view that the address asks for."""
    kind = visit.given("kind")
    return View(
        q=visit.given("q"),
        account=as_id(visit.given("account")),
        kind=next((name for name in get_args(Kind) if name == kind), None),
        first=_day(visit.given("from")),
        last=_day(visit.given("to")),
        after=as_id(visit.given("after")),
        before=as_id(visit.given("before")),
    )


def _day(text: str) -> str:
    moment = from_wire(text) if len(text) == len("2026-01-31") else None
    return text if moment is not None and moment.year < dt.MAXYEAR else ""


def _after(day: str) -> dt.datetime | None:
    moment = from_wire(day) if day else None
    return moment + _DAY if moment is not None else None


@page("GET", PATH)
async def show_ledger(visit: Visit) -> Shown:
    """The lines, and what they come to; to htmx only these."""
    view = view_of(visit)
    async with reading() as tx:
        found = await queries.list_lines(tx, visit.scope, view.page(), view.wanted())
        totals = await queries.sum_lines(tx, visit.scope, view.wanted())
        accounts = [] if visit.wants_fragment else await list_reach(tx, visit.scope)
    rows = {**_rows(view, found, totals), "is_part": visit.wants_fragment}
    if visit.wants_fragment:
        return Shown(template="ledger/_rows.html", context=rows)
    context = {**rows, "filters": _filters(view, accounts)}
    return Shown(template="ledger/list.html", context=context, section="ledger")


@page("GET", CSV)
async def export_ledger(visit: Visit) -> Response[bytes]:
    """Everything that fits the view, however much."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="portside-ledger.csv"'}
    lines = ledger_csv(visit.scope, view_of(visit).wanted())
    # To the types a stream is no answer of bytes, but it is one.
    return cast("Response[bytes]", Stream(lines, media_type="text/csv", headers=headers))


def _rows(view: View, found: Slice[Line], totals: Sequence[Total]) -> dict[str, Any]:
    lines = found.rows
    return {
        "lines": [_row(line) for line in lines],
        "totals": [
            {
                "currency": total.currency,
                "lines": total.lines,
                "cost": shown(total.cost),
                "charged": shown(total.charged),
                "margin": shown(total.margin),
            }
            for total in totals
        ],
        "page": {
            "previous_url": view.query(before=lines[0].id) if found.has_previous and lines else None,
            "next_url": view.query(after=lines[-1].id) if found.has_next and lines else None,
            "note": f"{len(lines)} {'line' if len(lines) == 1 else 'lines'} on this page",
        },
        "csv_url": view.query(CSV),
        "is_filtered": view.query() != PATH,
        "all_url": PATH,
    }


def _row(line: Line) -> dict[str, Any]:
    names = {service.token: service.name for service in service_levels(line.carrier)} if line.carrier else {}
    return {
        "kind": line.kind,
        "account_name": line.account_name,
        "carrier_name": carrier_name(line.carrier) if line.carrier else "",
        "service": names.get(line.service_token, line.service_token),
        "tracking_number": line.tracking_number,
        "note": line.note,
        "cost": shown(line.cost),
        "charged": shown(line.charged),
        "margin": shown(line.margin),
        "currency": line.currency,
        "created_at": line.created_at,
    }


def _filters(view: View, accounts: Sequence[tuple[Id, str]]) -> dict[str, Any]:
    known = [{"value": account_id, "label": name} for account_id, name in accounts]
    if view.account and view.account not in {account_id for account_id, _ in accounts}:
        known.append({"value": view.account, "label": "An account that has left"})
    kinds = [{"value": kind, "label": label} for kind, label in _KINDS.items()]
    everybody, everything = {"value": "", "label": "Every account"}, {"value": "", "label": "Everything"}
    return {
        "url": PATH,
        "q": view.q,
        "hidden": {},
        "selects": [
            {"name": "account", "label": "Account", "value": view.account or "", "options": [everybody, *known]},
            {"name": "kind", "label": "Kind", "value": view.kind or "", "options": [everything, *kinds]},
        ],
        "dates": [
            {"name": "from", "label": "From", "value": view.first},
            {"name": "to", "label": "To", "value": view.last},
        ],
    }


routes = [show_ledger, export_ledger]

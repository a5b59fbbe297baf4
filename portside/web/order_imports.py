"""/app/orders/import: orders from a CSV file, looked at line by line before any of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile

from portside.db.begin import begin, reading
from portside.db.tx import Tx
from portside.errors import Conflict, FieldErrors
from portside.kit.services import services
from portside.kit.sheets import csv_lines
from portside.order_imports import actions, queries
from portside.order_imports.checks import draft_of
from portside.order_imports.flows import read_file
from portside.order_imports.models import OrderFile, Row, RowState
from portside.order_imports.rules import NEEDED, TITLES
from portside.web.answers import HEADERS, HOME, Flash, redirect, unchanged
from portside.web.orders import contents
from portside.web.page import page
from portside.web.shell import count_to_ship
from portside.web.visit import Shown, Visit
from portside.web.words import place, recipient

PATH = f"{HOME}/import"
TEMPLATE = f"{PATH}/template.csv"
_LISTED = 10
# So many rows of a kind are shown; all that are wrong are in the file to download.
SHOWN = 50
_ERROR = "Error"
_EXAMPLES = (
    "1001,2026-03-12,PAID,Ida Example,,ida@example.com,+1 555 010 0101,215 Clayton St,,,San Francisco,CA,94117,US,"
    "Brass lantern,LAN-28,2,1.1,lb,59.00,USD,,,118.00,USD,Standard,Leave with the harbour office",
    "1002,2026-03-12,PAID,Otto Example,Example GmbH,otto@example.com,,Am Kai 12,,,Bremen,,28195,DE,"
    "Lamp oil,OIL-1,1,,,12.50,EUR,0.9,kg,12.50,EUR,,",
)


@page("GET", PATH)
async def show_upload(visit: Visit) -> Shown:
    """Where a file is chosen, and what came of the last ones."""
    return await _upload(visit, {})


@page("GET", TEMPLATE)
async def get_template(_visit: Visit) -> Response[bytes]:
    """A file with all columns and two orders, to be overwritten."""
    lines = [",".join(TITLES.values()), *_EXAMPLES]
    return _download("\r\n".join([*lines, ""]).encode(), "portside-orders.csv")


@page("POST", PATH)
async def upload_file(visit: Visit) -> Shown | Response[bytes]:
    """Read a file and show what would come of it; nothing becomes an order yet."""
    given = (await visit.request.form()).get("file")
    content = await visit.file("file", services().settings.max_body_bytes)
    if not content or not isinstance(given, UploadFile):
        return await _upload(visit, {"file": "Choose a CSV file."})
    name = "".join(sign for sign in given.filename if sign.isprintable()) or "orders.csv"
    try:
        import_id = await read_file(visit.scope, name, content)
    except FieldErrors as wrong:
        return await _upload(visit, {name: str(text) for name, text in wrong.errors.items()})
    return redirect(f"{PATH}/{import_id}")


@page("GET", PATH + "/{import_id}")
async def show_import(visit: Visit) -> Shown | Response[bytes]:
    """A file before its import, meanwhile and after it; to htmx what changes, or nothing when nothing has."""
    async with reading() as tx:
        found = await queries.get_file(tx, visit.scope, visit.id("import_id"))
        counts = (await queries.count_rows(tx, visit.scope, [found.id]))[found.id]
        seen = f"{found.state}-{counts.get('ready', 0)}"
        if visit.wants_fragment and visit.given("seen") == seen:
            return unchanged()
        context = await _import(tx, visit, found, counts, seen)
    if visit.wants_fragment:
        return Shown(template="imports/_import.html", context=context)
    return Shown(template="imports/detail.html", context=context, section="orders")


@page("POST", PATH + "/{import_id}/start")
async def start_import(visit: Visit) -> Response[bytes]:
    """Have the orders that are right written. Said twice, it is done once."""
    import_id = visit.id("import_id")
    async with begin() as tx:
        await actions.start_file(tx, visit.scope, import_id)
    return redirect(f"{PATH}/{import_id}")


@page("POST", PATH + "/{import_id}/discard")
async def discard_import(visit: Visit) -> Response[bytes]:
    """Forget the file; nothing of it was written."""
    import_id = visit.id("import_id")
    try:
        async with begin() as tx:
            await actions.discard_file(tx, visit.scope, import_id)
    except Conflict as wrong:
        return redirect(f"{PATH}/{import_id}", Flash("error", wrong.message))
    return redirect(PATH, Flash("info", "The file is forgotten. No order was made of it."))


@page("GET", PATH + "/{import_id}/errors.csv")
async def get_errors(visit: Visit) -> Response[bytes]:
    """The lines that are wrong as they stood in the file, each with why, to be corrected and uploaded again."""
    async with reading() as tx:
        found = await queries.get_file(tx, visit.scope, visit.id("import_id"))
        most = services().settings.max_bulk_orders
        rows = await queries.list_rows(tx, visit.scope, found.id, "wrong", most)
    width = len(found.header) - (found.header[-1:] == (_ERROR,))
    lines = [[*line.cells[:width], _reasons(row, line.number)] for row in rows for line in row.cells]
    return _download(csv_lines([[*found.header[:width], _ERROR], *lines]), "portside-errors.csv")


def _reasons(row: Row, line: int) -> str:
    """Why a line was left out: its own faults, or those of another line of the same order."""
    told = [problem for problem in row.problems if problem.line == line] or row.problems
    said = [f"{problem.column}: {problem.text}" if problem.column else problem.text for problem in told]
    return " ".join(said) if told is not row.problems else f"Line {told[0].line} of the same order: {' '.join(said)}"


def _download(content: bytes, name: str) -> Response[bytes]:
    # With its mark, because Excel takes UTF-8 without one for Windows-1252.
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(b"\xef\xbb\xbf" + content, media_type="text/csv", headers=headers)


async def _upload(visit: Visit, errors: Mapping[str, str]) -> Shown:
    """The context of imports/upload.html."""
    settings = services().settings
    async with reading() as tx:
        files = await queries.list_files(tx, visit.scope, _LISTED)
        counts = await queries.count_rows(tx, visit.scope, [each.id for each in files])
    context = {
        "back_url": HOME,
        "upload_url": PATH,
        "template_url": TEMPLATE,
        "form": {"data": {}, "errors": errors, "message": ""},
        "most_orders": settings.max_bulk_orders,
        "most_megabytes": f"{settings.max_body_bytes / 1_000_000:.3g}",
        "columns": [{"title": title, "is_needed": key in NEEDED} for key, title in TITLES.items()],
        "files": [
            {
                "href": f"{PATH}/{each.id}",
                "name": each.file_name,
                "state": each.state,
                "created_at": each.created_at,
                **_sums(counts[each.id]),
            }
            for each in files
        ],
    }
    status = 422 if errors else 200
    return Shown(template="imports/upload.html", context=context, section="orders", status=status)


def _sums(counts: Mapping[RowState, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("ready", "made", "known", "wrong")}


async def _import(tx: Tx, visit: Visit, found: OrderFile, counts: Mapping[RowState, int], seen: str) -> dict[str, Any]:
    """The context of imports/detail.html."""
    url = f"{PATH}/{found.id}"
    sums = _sums(counts)
    wrong = await queries.list_rows(tx, visit.scope, found.id, "wrong", SHOWN)
    ready = await queries.list_rows(tx, visit.scope, found.id, "ready", SHOWN) if found.state == "checked" else []
    is_busy = found.state == "importing"
    return {
        "back_url": HOME,
        "file": {
            "name": found.file_name,
            "state": found.state,
            "created_at": found.created_at,
            "unused": list(found.unused),
            "size": sum(sums.values()),
            **sums,
        },
        "wrong": [_wrong_row(row) for row in wrong],
        "ready": [_ready_row(visit, row) for row in ready],
        "start_url": f"{url}/start",
        "discard_url": f"{url}/discard",
        "errors_url": f"{url}/errors.csv" if wrong else None,
        "upload_url": PATH,
        "orders_url": f"{HOME}?tab=all&store=CSV_Import",
        "poll_url": f"{url}?seen={seen}" if is_busy else None,
        "refresh": {"to_ship": await count_to_ship(tx, visit.scope)} if visit.wants_fragment else None,
    }


def _wrong_row(row: Row) -> dict[str, Any]:
    problems = [{"line": each.line, "column": each.column, "text": each.text} for each in row.problems]
    return {"line": row.line, "number": row.order_number or "", "problems": problems}


def _ready_row(visit: Visit, row: Row) -> dict[str, Any]:
    details = draft_of(visit.scope, row, services().settings.max_line_items).order.details
    return {
        "line": row.line,
        "number": row.order_number or "–",
        "recipient": recipient(details.to_address),
        "place": place(details.to_address),
        "contents": contents(details.line_items),
        "weight": details.weight,
        "weight_unit": details.weight_unit or "",
        "total": details.total_price,
        "currency": details.currency or "",
    }


routes = [show_upload, get_template, upload_file, show_import, start_import, discard_import, get_errors]

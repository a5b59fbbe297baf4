"""How the orders of a file are looked at: each becomes what POST /orders would take, or is told what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from portside.addresses.rules import country_code
from portside.addresses.validation.postal import needed_fields
from portside.errors import FieldErrors
from portside.kit.scope import Scope
from portside.order_imports import rules
from portside.order_imports.models import FileLine, Problem, Row, Table
from portside.orders.models import OrderDraft
from portside.orders.rules import places_of_errors
from portside.orders.wire import OrderIn, order_draft
from portside.rest.parse import REQUIRED, parse

_ITEM = "item."
_TO = "to."
_NAMES = {"street1": "street", "zip": "postal code", "state": "state or province"}
_Lines = Sequence[tuple[int, tuple[str, ...]]]


def rows_of(scope: Scope, table: Table, moment: dt.datetime, *, most_orders: int, most_items: int) -> tuple[Row, ...]:
    """The orders of a file, in the order of their first lines; lines of one order number are one order. `moment` is
    when orders were placed of which the file does not say it. Raises FieldErrors on `file` where there are too many."""
    groups = _groups(table)
    if len(groups) > most_orders:
        raise FieldErrors(
            {"file": f"This file has {len(groups):,} orders, and one may have {most_orders:,}. Split it."}
        )
    return tuple(_Reader(scope, table, lines).row(place, moment, most_items) for place, lines in enumerate(groups, 1))


def draft_of(scope: Scope, row: Row, most_items: int) -> OrderDraft:
    """The order that a row which is ready will be. Raises FieldErrors where that is no longer so."""
    return order_draft(scope, parse(OrderIn, row.given), shop_app="CSV_Import", most_lines=most_items)


def _groups(table: Table) -> list[_Lines]:
    groups: dict[object, list[tuple[int, tuple[str, ...]]]] = {}
    index = table.places.get("order_number")
    for line in table.lines:
        number = line[1][index] if index is not None else ""
        # A line without a number is an order of its own.
        groups.setdefault(number or line[0], []).append(line)
    return list(groups.values())


def _leave_out(order: Any, way: Sequence[str | int]) -> None:
    for step in way[:-1]:
        order = order[step]
    order[way[-1]] = None


class _Reader:
    """Reads one order of a file and keeps what is wrong with it."""

    def __init__(self, scope: Scope, table: Table, lines: _Lines) -> None:
        self._scope = scope
        self._table = table
        self._lines = lines
        self._problems: list[Problem] = []
        # The lines of the items that were read, so that what is wrong with one is said of its line.
        self._item_lines: list[int] = []

    def row(self, position: int, moment: dt.datetime, most_items: int) -> Row:
        said = {place: self._said(place) for place in rules.TITLES if not place.startswith(_ITEM)}
        given = self._given(self._order(said, moment), most_items)
        self._tell_of_missing(said)
        self._tell_of_long_lines()
        return Row(
            position=position,
            line=self._lines[0][0],
            state="wrong" if self._problems else "ready",
            order_number=said["order_number"][:255] or None,
            given=b"" if given is None or self._problems else msgspec.json.encode(given),
            cells=tuple(FileLine(number=number, cells=cells) for number, cells in self._lines),
            problems=tuple(sorted(self._problems, key=lambda problem: problem.line)),
        )

    def _given(self, order: dict[str, Any], most_items: int) -> OrderIn | None:
        """What POST /orders would take; None if it is wrong. Some faults only show once others are gone: what is wrong
        is left out and the rest looked at once more, so that somebody hears of everything at once."""
        told: set[tuple[str | int, ...]] = set()
        for attempt in range(2):
            try:
                given = parse(OrderIn, msgspec.json.encode(order))
                order_draft(self._scope, given, shop_app="CSV_Import", most_lines=most_items)
            except FieldErrors as wrong:
                ways = list(places_of_errors(wrong.errors))
                # What was left out is not missing.
                self._tell([(way, text) for way, text in ways if not attempt or (way not in told and text != REQUIRED)])
                told.update(way for way, _ in ways)
                for way in told:
                    _leave_out(order, way)
            else:
                return given
        return None

    def _cell(self, place: str, cells: Sequence[str]) -> str:
        index = self._table.places.get(place)
        return cells[index] if index is not None else ""

    def _said(self, place: str) -> str:
        """What the lines say of the order as a whole: only the first has to, but none may say otherwise."""
        said, where = "", 0
        for number, cells in self._lines:
            text = self._cell(place, cells)
            if said and text and text != said:
                self._problem(number, place, f"Line {where} of the same order says otherwise.")
            elif text and not said:
                said, where = text, number
        return said

    def _order(self, said: Mapping[str, str], moment: dt.datetime) -> dict[str, Any]:
        items = [self._item(number, cells, said) for number, cells in self._lines if self._has_item(cells)]
        weight, total = rules.number_of(said["weight"]), rules.number_of(said["total_price"])
        currency = said["currency"] or next((item["currency"] for item in items if item["currency"]), "")
        return {
            "order_number": said["order_number"] or None,
            "placed_at": rules.moment_of(said["placed_at"], moment),
            "order_status": rules.status_of(said["order_status"]),
            "to_address": {place.removeprefix(_TO): text for place, text in said.items() if place.startswith(_TO)},
            "line_items": items,
            "weight": weight or None,
            "weight_unit": (rules.unit_of(said["weight_unit"]) if weight or not items else "") or None,
            "total_price": total or None,
            "currency": currency or None,
            "shipping_method": said["shipping_method"] or None,
            "notes": said["notes"] or None,
        }

    def _has_item(self, cells: Sequence[str]) -> bool:
        return any(self._cell(place, cells) for place in rules.TITLES if place.startswith(_ITEM))

    def _item(self, number: int, cells: Sequence[str], said: Mapping[str, str]) -> dict[str, Any]:
        self._item_lines.append(number)
        quantity = rules.number_of(self._cell("item.quantity", cells)) or "1"
        weight = rules.number_of(self._cell("item.weight", cells))
        price = rules.number_of(self._cell("item.total_price", cells))
        unit = self._cell("item.weight_unit", cells) or said["weight_unit"]
        return {
            "title": self._cell("item.title", cells) or None,
            "sku": self._cell("item.sku", cells) or None,
            "quantity": int(quantity) if quantity.isascii() and quantity.isdigit() and len(quantity) < 10 else quantity,
            # A file says what one piece weighs and costs, an order what all of them do.
            "weight": rules.times(weight, quantity) or None,
            "weight_unit": (rules.unit_of(unit) or None) if weight else None,
            "total_price": rules.times(price, quantity) or None,
            "currency": self._cell("item.currency", cells) or said["currency"] or None,
        }

    def _tell(self, wrong: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        for way, text in wrong:
            if way[:1] == ("to_address",) and len(way) > 1:
                self._problem(self._lines[0][0], f"{_TO}{way[1]}", text)
            elif way[:1] == ("line_items",) and len(way) > 1 and isinstance(way[1], int):
                self._problem(self._item_lines[way[1]], f"{_ITEM}{way[-1]}", text)
            else:
                self._problem(self._lines[0][0], str(way[0]) if way else "", text)

    def _tell_of_missing(self, said: Mapping[str, str]) -> None:
        country = country_code(said["to.country"])
        told = {problem.column for problem in self._problems}
        for field in needed_fields(country) if country else ("name", "street1", "city"):
            if not said[f"{_TO}{field}"] and self._title(f"{_TO}{field}") not in told:
                self._problem(self._lines[0][0], f"{_TO}{field}", f"Carriers need the {_NAMES.get(field, field)}.")

    def _tell_of_long_lines(self) -> None:
        for number, cells in self._lines:
            if len(cells) > len(self._table.header):
                text = "There are more cells than columns: a text that holds a separator needs quotes around it."
                self._problems.append(Problem(line=number, column="", text=text))

    def _problem(self, line: int, place: str, text: str) -> None:
        self._problems.append(Problem(line=line, column=self._title(place), text=text))

    def _title(self, place: str) -> str:
        """What the file calls the column; what the template calls it, if the file has none."""
        index = self._table.places.get(place)
        return self._table.header[index] if index is not None else rules.TITLES.get(place, "")

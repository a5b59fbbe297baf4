"""What people's spreadsheets make of a list of orders, and what is understood of it."""

from __future__ import annotations

import datetime as dt

import pytest

from portside.errors import FieldErrors
from portside.kit.clock import UTC
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.order_imports.checks import draft_of, rows_of
from portside.order_imports.models import Row
from portside.order_imports.rules import TITLES, columns, moment_of, number_of, read_table
from portside.orders.models import Order

SCOPE = Scope(account_id=new_id(), mode="test", owner="alice@example.com")
NOON = dt.datetime(2026, 3, 12, 12, tzinfo=UTC)
HEADER = (
    "Order Number,Recipient Name,Street Line 1,City,State/Province,Zip/Postal Code,Country,"
    "Order Weight,Order Weight Unit"
)
HIPPO = "1001,Mr Hippo,215 Clayton St,San Francisco,CA,94117,US,1.5,lb"


def rows(text: str | bytes, most_items: int = 100) -> tuple[Row, ...]:
    content = text.encode() if isinstance(text, str) else text
    return rows_of(SCOPE, read_table(content, 100), NOON, most_orders=100, most_items=most_items)


def orders(text: str | bytes) -> list[Order]:
    found = rows(text)
    assert [row.problems for row in found] == [()] * len(found)
    return [draft_of(SCOPE, row, 100).order for row in found]


def told(text: str | bytes) -> list[tuple[int, str, str]]:
    return [(each.line, each.column, each.text) for row in rows(text) for each in row.problems]


def test_a_line_becomes_an_order() -> None:
    (order,) = orders(f"{HEADER}\n{HIPPO}\n")
    to = order.details.to_address
    assert (order.order_number, order.shop_app, order.order_status) == ("1001", "CSV_Import", "PAID")
    assert (to.name, to.street1, to.city, to.state, to.zip, to.country) == tuple(HIPPO.split(",")[1:7])
    assert (order.details.weight, order.details.weight_unit, order.placed_at) == ("1.5", "lb", NOON)


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{HIPPO}".replace("Mr Hippo", "Zoë Müller").encode(),
        b"\xef\xbb\xbf" + f"{HEADER}\r\n{HIPPO}\r\n\r\n".replace("Mr Hippo", "Zoë Müller").encode(),
        f"{HEADER}\n{HIPPO}".replace(",", ";").replace("Mr Hippo", "Zoë Müller").encode("cp1252"),
        f"sep=;\r\n{HEADER}\r\n{HIPPO}".replace(",", ";").replace("Mr Hippo", "Zoë Müller").encode("cp1252"),
        f"{HEADER}\n{HIPPO}".replace(",", "\t").replace("Mr Hippo", "Zoë Müller").encode("utf-16"),
        f"\n\n{HEADER},,\n{HIPPO},,\n,,,\n".replace("Mr Hippo", '"Zoë Müller"').encode(),
    ],
)
def test_every_spreadsheets_way_of_writing_is_read(content: bytes) -> None:
    assert [order.details.to_address.name for order in orders(content)] == ["Zoë Müller"]


def test_a_text_may_hold_separators_quotes_and_lines() -> None:
    text = f'{HEADER},Notes\n{HIPPO},"Ring, please; ""twice""\nand wait"\n1002{HIPPO[4:]},\n'
    first, second = orders(text)
    assert (first.details.notes, second.details.notes) == ('Ring, please; "twice"\nand wait', None)
    assert [row.line for row in rows(text)] == [2, 4]


def test_lines_of_one_number_are_one_order_with_several_items() -> None:
    header = f"{HEADER},Item Title,SKU,Quantity,Item Weight,Item Weight Unit,Item Price,Item Currency"
    nobody = "1001,,,,,,,,"
    text = f"{header}\n{HIPPO[:-6]},,Mug,M-1,3,0.5,lbs,9.10,usd\n1002{HIPPO[4:]},,,,,,,\n{nobody},Rope,,,2,pounds,,\n"
    first, second = orders(text)
    assert [(line.title, line.quantity, line.weight, line.total_price) for line in first.details.line_items] == [
        ("Mug", 3, "1.5", "27.30"),
        ("Rope", 1, "2", None),
    ]
    # Without a weight of its own, the order weighs what its items do.
    assert (first.details.weight, first.details.weight_unit) == ("3.5", "lb")
    assert (second.details.weight, second.details.line_items) == ("1.5", ())


def test_what_is_wrong_is_told_with_its_line_and_column() -> None:
    text = "\n".join(
        [
            f"{HEADER},Quantity,Item Title,Email",
            f"{HIPPO},2,Mug,",
            "1002,,215 Clayton St,San Francisco,,94117,US,heavy,lb,half,Mug,nobody",
            "1003,Ann,1 Main St,Narnia,,,Narnia,1,stone,1,Mug,",
            "1004,Ann,1 Main St,Lyon,,69001,FR,1,kg,1,Mug,,,surplus",
            "1005,Ann,1 Main St,Lyon,,69001,FR,1,kg,1,Mug,",
            "1005,Ann,2 Main St,Lyon,,69001,FR,1,kg,1,Rope,",
            f",{HIPPO[5:]},1,Mug,",
        ]
    )
    assert [row.state for row in rows(text)] == ["ready", "wrong", "wrong", "wrong", "wrong", "ready"]
    said = told(text)
    assert {(line, column) for line, column, _ in said} == {
        (3, "Recipient Name"),
        (3, "State/Province"),
        (3, "Order Weight"),
        (3, "Quantity"),
        (3, "Email"),
        (4, "Country"),
        (4, "Order Weight Unit"),
        (5, ""),
        (7, "Street Line 1"),
    }
    assert (7, "Street Line 1", "Line 6 of the same order says otherwise.") in said
    assert (3, "State/Province", "Carriers need the state or province.") in said


def test_no_postal_code_is_asked_for_where_there_are_none() -> None:
    line = "1001,Ann,8 Finance Street,Central,Hong Kong,,HK,1,kg"
    assert told(f"{HEADER}\n{line}") == []
    assert told(f"{HEADER}\n{HIPPO.replace('94117', '')}") == [(2, "Zip/Postal Code", "Carriers need the postal code.")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n , ,\n", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"Order Number\x00,Name", "no text"),
        (b"\x81\x8d\x8f,Name", "no text"),
        (b"Order Number,Weight\n1,2\n", "no column for: Recipient Name, Street Line 1, City, Country"),
        (f"{HEADER}\n".encode(), "no orders"),
        (HEADER.encode() + b"\nx" * 101, "more than 100 lines"),
        (b"sep=,\n" + HEADER.encode() + b"\nx" * 101, "more than 100 lines"),
        (f'{HEADER}\n"{"x" * 200_000}"'.encode(), "no CSV"),
    ],
)
def test_what_is_no_such_file_is_told_so(content: bytes, words: str) -> None:
    with pytest.raises(FieldErrors) as wrong:
        read_table(content, 100)
    assert words in wrong.value.errors["file"]


def test_columns_are_known_by_many_names() -> None:
    assert columns(list(TITLES.values())) == {place: index for index, place in enumerate(TITLES)}
    shop = ["shipment_id", "sender_name", "recipient_name", "recipient_street1", "recipient_city", "recipient_zip"]
    shop += ["recipient_country", "package_weight", "weight_unit", "package_description"]
    assert columns(shop) == {
        "order_number": 0,
        "to.name": 2,
        "to.street1": 3,
        "to.city": 4,
        "to.zip": 5,
        "to.country": 6,
        "weight": 7,
        "weight_unit": 8,
        "item.title": 9,
    }
    # The surest name counts: what is said of the recipient before what might be anybody's.
    found = columns(["Name", "E-Mail", "SHIPPING NAME", "ship to: street", "Town", "Country code", "Lineitem sku"])
    assert found == {"to.name": 2, "to.email": 1, "to.street1": 3, "to.city": 4, "to.country": 5, "item.sku": 6}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("$1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("2,4", "2.4"),
        ("1.5", "1.5"),
        ("heavy", "heavy"),
        ("", ""),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: str) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", "2026-03-12T12:00:00.000Z"),
        ("2026-03-01", "2026-03-01T00:00:00.000Z"),
        ("2026-03-01 10:30:00 +0200", "2026-03-01T08:30:00.000Z"),
        ("3/12/2026", "2026-03-12T00:00:00.000Z"),
        ("3/12/2026 2:05 PM", "2026-03-12T14:05:00.000Z"),
        ("3/12/2026 12:05 AM", "2026-03-12T00:05:00.000Z"),
        ("31/12/2026", "2026-12-31T00:00:00.000Z"),
        ("1.3.2026 14:05", "2026-03-01T14:05:00.000Z"),
        ("30/30/2026", "30/30/2026"),
        ("3/1/2026 99:00", "3/1/2026 99:00"),
        ("soon", "soon"),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, moment: str) -> None:
    assert moment_of(text, NOON) == moment


def test_what_a_spreadsheet_was_kept_from_taking_for_a_formula_is_itself_again() -> None:
    (order,) = orders(f"{HEADER},Phone,Item Title\n{HIPPO},'+1 555 010 0101,'=mc2\n")
    assert (order.details.to_address.phone, order.details.line_items[0].title) == ("0015550100101", "=mc2")


def test_an_order_may_have_only_so_many_items() -> None:
    lines = "\n".join(f"{HIPPO},Mug {number}" for number in range(4))
    (row,) = rows(f"{HEADER},Item Title\n{lines}", most_items=3)
    assert [each.text for each in row.problems] == ["An order may have at most 3 line items."]

"""Pure: from the bytes of a CSV file to what its columns and cells say."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice

from portside.errors import FieldErrors
from portside.kit.clock import UTC, from_wire, to_wire
from portside.kit.decimals import plain_decimal
from portside.order_imports.models import Table

# What the template calls each column: the names of Shippo's own, and three that it has not.
TITLES = {
    "order_number": "Order Number",
    "placed_at": "Order Date",
    "order_status": "Order Status",
    "to.name": "Recipient Name",
    "to.company": "Company",
    "to.email": "Email",
    "to.phone": "Phone",
    "to.street1": "Street Line 1",
    "to.street_no": "Street Number",
    "to.street2": "Street Line 2",
    "to.city": "City",
    "to.state": "State/Province",
    "to.zip": "Zip/Postal Code",
    "to.country": "Country",
    "item.title": "Item Title",
    "item.sku": "SKU",
    "item.quantity": "Quantity",
    "item.weight": "Item Weight",
    "item.weight_unit": "Item Weight Unit",
    "item.total_price": "Item Price",
    "item.currency": "Item Currency",
    "weight": "Order Weight",
    "weight_unit": "Order Weight Unit",
    "total_price": "Order Amount",
    "currency": "Order Currency",
    "shipping_method": "Shipping Method",
    "notes": "Notes",
}
# Without these there is nowhere to ship to.
NEEDED = ("to.name", "to.street1", "to.city", "to.country")

# Other names, the surest first; of an address with each of the words before them, of an item too. Case, spaces and
# signs do not count.
_ALSO = {
    "order_number": "orderno orderid ordernumber order shipmentid number reference",
    "placed_at": "placedat ordereddate orderdate createdat date",
    "order_status": "status financialstatus paymentstatus",
    "to.name": "name fullname",
    "to.company": "company companyname",
    "to.email": "email emailaddress mail",
    "to.phone": "phone phonenumber telephone",
    "to.street1": "street1 street address1 addressline1 address streetaddress",
    "to.street_no": "streetno streetnumber housenumber",
    "to.street2": "street2 address2 addressline2",
    "to.city": "city town",
    "to.state": "state province stateprovince region",
    "to.zip": "zip zipcode postalcode postcode zippostalcode",
    "to.country": "country countrycode",
    "item.title": "title name description product productname item packagedescription",
    "item.sku": "sku",
    "item.quantity": "quantity qty",
    "item.weight": "weight",
    "item.weight_unit": "weightunit",
    "item.total_price": "price unitprice",
    "item.currency": "currency",
    "weight": "weight totalweight packageweight",
    "weight_unit": "weightunit packageweightunit massunit",
    "total_price": "total totalprice ordertotal amount",
    "currency": "currency",
    "shipping_method": "shippingmethod shippingservice servicelevel service",
    "notes": "notes note ordernotes comment comments",
}
_BEFORE = {
    "to": ("recipient", "shipto", "shipping", "toaddress", "addressto", "to", "delivery", "buyer", "customer", ""),
    "item": ("item", "lineitem", "lineitems", "product", ""),
}
# These words alone mean the recipient's name or the order's weight, not an item's.
_NEVER_BARE = frozenset(
    {"item.title name", "item.weight weight", "item.weight_unit weightunit", "item.currency currency"}
)

_UNITS = {
    "lb": "lbs pound pounds",
    "oz": "ounce ounces",
    "kg": "kgs kilo kilos kilogram kilograms",
    "g": "gr gram grams gramme grammes",
}
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in (unit, *words.split())}
_STATUS_OF = {"UNPAID": "AWAITPAY", "PENDING": "AWAITPAY", "AWAITING PAYMENT": "AWAITPAY", "CANCELED": "CANCELLED"}

_SIGNS = re.compile(r"[\W_]+")
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ ,]+(\d{1,2}):(\d\d)(?::\d\d)?\s*([AaPp][Mm])?)?")
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ ,]+(\d{1,2}):(\d\d)(?::\d\d)?)?")
_SEPARATORS = (",", ";", "\t", "|")


def read_table(content: bytes, most_lines: int) -> Table:
    """A file as a table. Raises FieldErrors on `file` where it is none, has too many lines, or lacks what every order
    needs."""
    text = _text(content)
    separator = _separator(text)
    try:
        # Three more: Excel's own, the names of the columns, and one by which we see that there are too many.
        lines = list(islice(_lines(text, separator), most_lines + 3))
    except csv.Error as error:
        raise _wrong_file(f"This is no CSV file: {error}.") from error
    if lines and len(lines[0][1]) == 1 and lines[0][1][0].lower().startswith("sep="):
        del lines[0]
    if not lines:
        raise _wrong_file("This file is empty.")
    header = lines[0][1]
    places = columns(header)
    if missing := [TITLES[place] for place in NEEDED if place not in places]:
        raise _wrong_file(f"The first line has no column for: {', '.join(missing)}.")
    if len(lines) > most_lines + 1:
        raise _wrong_file(f"This file has more than {most_lines:,} lines. Split it.")
    if len(lines) == 1:
        raise _wrong_file("There are no orders below the names of the columns.")
    filled = tuple((number, cells + ("",) * (len(header) - len(cells))) for number, cells in lines[1:])
    return Table(header=header, places=places, lines=filled)


def _wrong_file(text: str) -> FieldErrors:
    return FieldErrors({"file": text})


def _text(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with one, as Excel calls Unicode; anything else is Windows-1252."""
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise _wrong_file("This is a workbook. In Excel choose “Save as” and then CSV UTF-8.")
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise _wrong_file("This file is no text that we can read. Save it as CSV UTF-8.")


def _separator(text: str) -> str:
    """What parts the names of the columns; Excel may say so itself in a line before them."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:
        return first[-1]
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=bare.count)


def _lines(text: str, separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Lines that say something, each with the number of the file's line on which it begins."""
    reader, begins = csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1
    for found in reader:
        cells = [_cell(cell) for cell in found]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            yield begins, tuple(cells)
        begins = reader.line_num + 1


def _cell(text: str) -> str:
    """Without outer spaces, and without the apostrophe by which spreadsheets are kept from seeing a formula."""
    text = text.strip()
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@" else text


def columns(header: Sequence[str]) -> dict[str, int]:
    """Which column says what. Of several that could, the one with the surest name."""
    names = [_SIGNS.sub("", name.casefold()) for name in header]
    found: dict[str, int] = {}
    for place in TITLES:
        index = next((names.index(name) for name in _names(place) if name in names), None)
        if index is not None and index not in found.values():
            found[place] = index
    return found


def _names(place: str) -> Iterator[str]:
    yield _SIGNS.sub("", TITLES[place].casefold())
    kind, dot, _ = place.partition(".")
    for before in _BEFORE[kind] if dot else ("order", ""):
        for name in _ALSO[place].split():
            if before or f"{place} {name}" not in _NEVER_BARE:
                yield before + name


def number_of(text: str) -> str:
    """`$1,234.50` → `1234.50`, `2,4` → `2.4`; what is no number stays, for somebody to be told of."""
    plain = re.sub(r"[\s$€£]", "", text)
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+\.\d+", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"-?\d{1,3}(\.\d{3})+,\d+", plain):
        plain = plain.replace(".", "").replace(",", ".")
    elif plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    return plain or text


def times(text: str, quantity: str) -> str:
    """What all pieces weigh or cost, given one; as it is where either is no number."""
    one, pieces = plain_decimal(text), plain_decimal(quantity or "1")
    if one is None or pieces is None or len(one) + len(pieces) > 24:
        return text
    return plain_decimal(Decimal(one) * Decimal(pieces)) or text


def unit_of(text: str) -> str:
    """`Pounds` → `lb`."""
    return _UNIT_OF.get(text.casefold().rstrip("."), text)


def status_of(text: str) -> str:
    """`unpaid` → `AWAITPAY`; nothing said means that it is paid, for that is what shops export to be shipped."""
    word = " ".join(re.split(r"[\s_]+", text.upper().strip()))
    return _STATUS_OF.get(word, word.replace(" ", "_")) if word else "PAID"


def moment_of(text: str, otherwise: dt.datetime) -> str:
    """A time as the wire writes it: `2026-03-12 14:05`, `3/12/2026 2:05 PM` (month first, unless it cannot be one),
    `12.3.2026`; without an offset in UTC. What is no time stays."""
    if not text:
        return to_wire(otherwise)
    if found := _SLASHES.fullmatch(text):
        first, second, year, hour, minute, half = found.groups()
        month, day = (second, first) if int(first) > 12 else (first, second)
    elif found := _DOTS.fullmatch(text):
        day, month, year, hour, minute = found.groups()
        half = None
    else:
        known = from_wire(text)
        return to_wire(known) if known else text
    hours = int(hour or 0) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour or 0)
    try:
        return to_wire(dt.datetime(int(year), int(month), int(day), hours, int(minute or 0), tzinfo=UTC))
    except ValueError:
        return text

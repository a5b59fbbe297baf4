"""What a carrier is told of a declaration."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from portside.customs.models import Declaration, DeclarationDetails, InvoicedCharges, Item
from portside.customs.rules import carrier_customs, is_eori, missing_with
from portside.kit.ids import new_id

ITEM = Item(
    id=new_id(),
    description="T-shirt",
    quantity=2,
    net_weight="0.5",
    mass_unit="lb",
    value_amount="20.10",
    value_currency="USD",
    origin_country="PT",
    hs_code="6109.10",
)
DETAILS = DeclarationDetails(
    certify_signer="Alice Example",
    contents_type="MERCHANDISE",
    non_delivery_option="RETURN",
    eel_pfc="NOEEI_30_37_a",
    incoterm="DDP",
    license="L1",
    metadata="ours",
    invoiced_charges=InvoicedCharges(currency="USD", total_taxes="1"),
)


def test_a_declaration_is_told_line_by_line() -> None:
    other = msgspec.structs.replace(ITEM, id=new_id(), tariff_number="610910")
    declaration = Declaration(id=new_id(), item_ids=(ITEM.id, other.id), details=DETAILS)
    told = carrier_customs(declaration, [ITEM, other])
    assert [item.tariff_number for item in told.items] == ["6109.10", "610910"]
    first = told.items[0]
    assert (first.net_grams, first.value, first.currency, first.quantity) == (227, Decimal("20.10"), "USD", 2)
    assert (told.eel_pfc, told.incoterm, told.certify_signer) == ("NOEEI_30_37_a", "DDP", "Alice Example")
    assert told.details == {"license": "L1", "invoiced_charges": {"currency": "USD", "total_taxes": "1"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("PL123456790", True), ("DE12345A", True), ("DE12345", False), ("D1234567", False), ("FR" + "1" * 18, False)],
)
def test_eori_numbers(text: str, expected: bool) -> None:
    assert is_eori(text) is expected


def test_one_thing_declared_makes_another_required() -> None:
    assert missing_with(DETAILS) == []
    assert missing_with(msgspec.structs.replace(DETAILS, contents_type="OTHER")) == ["contents_explanation"]
    assert missing_with(msgspec.structs.replace(DETAILS, eel_pfc="AES_ITN")) == ["aes_itn"]
    assert missing_with(msgspec.structs.replace(DETAILS, b13a_number="1")) == ["b13a_filing_option"]

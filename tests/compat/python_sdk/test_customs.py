"""Customs items and declarations through the SDK."""

from __future__ import annotations

import shippo

from tests.compat.python_sdk.bodies import UNKNOWN, customs_item, declaration, refused


def test_an_item_is_created_retrieved_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.customs_items.create(request=customs_item(hs_code="9014.10"))
    assert (made.quantity, float(made.value_amount), made.origin_country) == (1, 20.0, "US")
    found = sdk.customs_items.get(customs_item_id=made.object_id)
    assert (found.object_id, found.description, found.hs_code) == (made.object_id, "Brass compass", "9014.10")
    assert sdk.customs_items.list(page=1, results=1).results == [found]


def test_a_declaration_makes_its_items(sdk: shippo.Shippo) -> None:
    made = sdk.customs_declarations.create(request=declaration(items=[customs_item(), customs_item(quantity=3)]))
    assert (made.certify, made.certify_signer, made.incoterm, made.eel_pfc) == (
        True,
        "Alice Example",
        "DDP",
        "NOEEI_30_37_a",
    )
    assert [sdk.customs_items.get(customs_item_id=item).quantity for item in made.items] == [1, 3]
    found = sdk.customs_declarations.get(customs_declaration_id=made.object_id)
    assert (found.object_id, found.items) == (made.object_id, made.items)
    assert sdk.customs_declarations.list(page=1, results=1).results == [found]


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "net_weight"):
        sdk.customs_items.create(request=customs_item(net_weight="abc"))
    with refused(404):
        sdk.customs_items.get(customs_item_id=UNKNOWN)
    with refused(400, "items"):
        sdk.customs_declarations.create(request=declaration(items=[]))
    with refused(404):
        sdk.customs_declarations.get(customs_declaration_id=UNKNOWN)

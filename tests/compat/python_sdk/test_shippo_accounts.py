"""Managed accounts through the SDK."""

from __future__ import annotations

import secrets

import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, refused


def request_of(**changes: str) -> components.ShippoAccountUpdateRequest:
    given = {
        "email": f"paula-{secrets.token_hex(4)}@example.com",
        "first_name": "Paula",
        "last_name": "Partner",
        "company_name": "Paula's Platform",
    }
    return components.ShippoAccountUpdateRequest(**{**given, **changes})


def test_a_managed_account_is_created_changed_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.shippo_accounts.create(request=request_of())
    assert (made.first_name, made.company_name) == ("Paula", "Paula's Platform")
    change = request_of(email=made.email, first_name="Renamed")
    changed = sdk.shippo_accounts.update(shippo_account_id=made.object_id, shippo_account_update_request=change)
    assert (changed.object_id, changed.first_name) == (made.object_id, "Renamed")
    assert sdk.shippo_accounts.get(shippo_account_id=made.object_id).first_name == "Renamed"
    assert sdk.shippo_accounts.list(page=1, results=25).results[0].object_id == made.object_id


def test_errors(sdk: shippo.Shippo) -> None:
    with refused(400, "email"):
        sdk.shippo_accounts.create(request=request_of(email="not an e-mail"))
    with refused(404):
        sdk.shippo_accounts.get(shippo_account_id=UNKNOWN)
    with refused(404):
        sdk.shippo_accounts.update(shippo_account_id=UNKNOWN, shippo_account_update_request=request_of())

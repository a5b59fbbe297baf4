"""Managed accounts in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.accounts.models import Account, ManagedAccountDraft, Profile
from portside.accounts.rules import is_email
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.scope import Scope

Name = Annotated[str, Meta(max_length=100)]
BLANK = "This field may not be blank."


class ShippoAccountIn(msgspec.Struct, kw_only=True):
    """The merchant. Several accounts may have the same e-mail: nobody signs in with it."""

    email: Annotated[str, Meta(max_length=254)]
    first_name: Name
    last_name: Name
    company_name: Name

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        return profile_errors(found)


class ShippoAccountOut(msgspec.Struct, kw_only=True):
    """Send `object_id` in the header SHIPPO-ACCOUNT-ID of any request to act for this account."""

    object_id: str
    object_created: str
    object_updated: str
    email: str
    first_name: str
    last_name: str
    company_name: str


def profile(given: ShippoAccountIn) -> Profile:
    """What a request says of the merchant. Raises FieldErrors."""
    said = {name: str(getattr(given, name)).strip() for name in given.__struct_fields__}
    if errors := profile_errors(said):
        raise FieldErrors(errors)
    return Profile(**said)


def profile_errors(said: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong with what a request says of the merchant."""
    errors = {name: [BLANK] for name, text in said.items() if not text.strip()}
    email = said.get("email", "").strip()
    if email and not is_email(email):
        errors["email"] = ["Enter a valid email address."]
    return errors


def managed_account_draft(scope: Scope, given: ShippoAccountIn) -> ManagedAccountDraft:
    """The draft of a managed account of the caller. Raises FieldErrors."""
    return ManagedAccountDraft(scope=scope, profile=profile(given))


def shippo_account_out(account: Account) -> ShippoAccountOut:
    return ShippoAccountOut(
        object_id=account.id,
        object_created=to_wire(account.created_at),
        object_updated=to_wire(account.updated_at),
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        company_name=account.company_name,
    )

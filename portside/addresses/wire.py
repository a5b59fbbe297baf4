"""Addresses in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.addresses.models import Address, AddressDraft, StoredAddress, ValidationMessage
from portside.addresses.rules import country_code, phone_digits
from portside.addresses.validation.judge import validated
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.rest.parse import REQUIRED

Text = Annotated[str, Meta(max_length=100)]
Street = Annotated[str, Meta(max_length=121)]


class AddressIn(msgspec.Struct, kw_only=True):
    """Only `country` is required; an address without what a label needs is kept with `is_complete: false`."""

    country: Annotated[str, Meta(max_length=60, description="ISO 3166-1 alpha-2 code or English name.")]
    name: Text = ""
    company: Text = ""
    street_no: Text = ""
    street1: Street = ""
    street2: Street = ""
    street3: Street = ""
    city: Text = ""
    state: Text = ""
    zip: Annotated[str, Meta(max_length=20)] = ""
    phone: Annotated[str, Meta(max_length=50)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    is_residential: bool | None = None
    metadata: Text = ""
    validate: bool = False

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        return _refused(found.get("country"), found.get("email", ""))


class ValidationResults(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Empty until the address is validated."""

    is_valid: bool | None = None
    messages: tuple[ValidationMessage, ...] | None = None


class NestedAddressOut(msgspec.Struct, kw_only=True):
    """An address inside a shipment."""

    object_id: str
    is_complete: bool
    validation_results: ValidationResults
    name: str
    company: str
    street_no: str
    street1: str
    street2: str
    street3: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    email: str
    is_residential: bool | None
    test: bool


class AddressOut(NestedAddressOut, kw_only=True):
    """An address on its own, and inside an order."""

    object_created: str
    object_updated: str
    object_owner: str
    longitude: float | None
    latitude: float | None
    metadata: str


def address_from_wire(given: AddressIn) -> Address:
    """The address in a request, with an id of its own, validated if the request says so. Raises FieldErrors."""
    country = country_code(given.country)
    errors = _refused(given.country, given.email)
    if country is None or errors:
        raise FieldErrors(errors)
    address = Address(
        id=new_id(),
        country=country,
        name=given.name.strip(),
        company=given.company.strip(),
        street_no=given.street_no.strip(),
        street1=given.street1.strip(),
        street2=given.street2.strip(),
        street3=given.street3.strip(),
        city=given.city.strip(),
        state=given.state.strip(),
        zip=given.zip.strip(),
        phone=phone_digits(given.phone),
        email=given.email.strip(),
        is_residential=given.is_residential,
        metadata=given.metadata,
    )
    return validated(address) if given.validate else address


def _refused(country: str | None, email: str) -> dict[str, list[str]]:
    """What an address may not have; None is a country that could not be read."""
    errors: dict[str, list[str]] = {}
    if country is not None and country_code(country) is None:
        errors["country"] = ["Invalid country. Use an ISO 3166-1 code." if country.strip() else REQUIRED]
    if email and ("@" not in email or email.split("@")[-1] == ""):
        errors["email"] = ["Enter a valid email address."]
    return errors


def address_draft(scope: Scope, given: AddressIn, field: str | None = None) -> AddressDraft:
    """A draft of the address in `field` of a request (None: the request itself). Raises FieldErrors."""
    try:
        return AddressDraft(scope=scope, address=address_from_wire(given))
    except FieldErrors as wrong:
        raise (FieldErrors({field: [wrong.errors]}) if field else wrong) from wrong


def nested_address_out(address: Address, *, test: bool) -> NestedAddressOut:
    return NestedAddressOut(
        object_id=address.id,
        is_complete=address.is_complete,
        validation_results=_validation_out(address),
        name=address.name,
        company=address.company,
        street_no=address.street_no,
        street1=address.street1,
        street2=address.street2,
        street3=address.street3,
        city=address.city,
        state=address.state,
        zip=address.zip,
        country=address.country,
        phone=address.phone,
        email=address.email,
        is_residential=address.is_residential,
        test=test,
    )


def address_out(stored: StoredAddress, scope: Scope) -> AddressOut:
    address = stored.address
    created = to_wire(stored.created_at)
    return AddressOut(
        object_id=address.id,
        is_complete=address.is_complete,
        validation_results=_validation_out(address),
        name=address.name,
        company=address.company,
        street_no=address.street_no,
        street1=address.street1,
        street2=address.street2,
        street3=address.street3,
        city=address.city,
        state=address.state,
        zip=address.zip,
        country=address.country,
        phone=address.phone,
        email=address.email,
        is_residential=address.is_residential,
        test=scope.is_test,
        object_created=created,
        object_updated=created if stored.updated_at is stored.created_at else to_wire(stored.updated_at),
        object_owner=scope.owner,
        longitude=address.longitude,
        latitude=address.latitude,
        metadata=address.metadata,
    )


def _validation_out(address: Address) -> ValidationResults:
    if (found := address.validation) is None:
        return _NOT_VALIDATED
    return ValidationResults(is_valid=found.is_valid, messages=found.messages)


_NOT_VALIDATED = ValidationResults()

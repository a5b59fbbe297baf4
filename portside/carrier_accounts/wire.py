"""Carrier accounts in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from portside.carrier_accounts.models import (
    MASK,
    SHIPPO_ACCOUNTS,
    Authorization,
    CarrierAccount,
    CarrierAccountChange,
    CarrierAccountDraft,
    Parameter,
    ParameterGiven,
)
from portside.carrier_accounts.rules import signs_in
from portside.carriers.catalogue import ServiceLevel, carrier_name, carrier_token, service_levels
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.scope import Scope
from portside.rest.parse import parse_values

Metadata = Annotated[str, Meta(max_length=100)]
Number = Annotated[str, Meta(min_length=1, max_length=200, description="The carrier's number or name for the account.")]
Needed = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=200)]
TwoLetters = Annotated[str, Meta(min_length=2, max_length=2)]
UsZip = Annotated[str, Meta(min_length=5, max_length=5)]
Token = Annotated[str, Meta(max_length=60, description="A carrier's token, e.g. `ups`.")]

# Certificates are among the parameters of some carriers.
_LONGEST_VALUE = 10_000
_MOST_PARAMETERS = 100
_LONGEST_NAME = 100


class CarrierAccountIn(msgspec.Struct, kw_only=True):
    """An account that the caller has with a carrier. Its parameters are never shown again."""

    carrier: Token
    account_id: Number
    parameters: dict[str, Any]
    active: bool = True
    metadata: Metadata = ""
    test: bool | None = None


class CarrierAccountUpdate(msgspec.Struct, kw_only=True):
    """Of `parameters`: what is left out, or is the mask, stays; null clears; anything else is set."""

    carrier: Token | None = None
    account_id: Number | None = None
    parameters: dict[str, Any] | None = None
    active: bool | None = None
    metadata: Metadata | None = None
    test: bool | None = None


class Filters(msgspec.Struct, kw_only=True):
    service_levels: bool = False
    carrier: Token = ""
    account_id: Annotated[str, Meta(max_length=200)] = ""


class RegistrationIn(msgspec.Struct, kw_only=True):
    """A new account of the platform's with a carrier; some carriers want parameters and their terms accepted."""

    carrier: Token
    parameters: dict[str, Any] = {}


class CanadaPostRegistration(msgspec.Struct, kw_only=True):
    canada_post_terms: bool
    company: Needed
    email: Needed
    full_name: Needed
    phone: Needed


class DhlExpressRegistration(msgspec.Struct, kw_only=True):
    user_accepted_terms_and_conditions: bool


class UpsRegistration(msgspec.Struct, kw_only=True):
    ups_agreements: bool
    billing_address_street1: Needed
    billing_address_city: Needed
    billing_address_state: TwoLetters
    billing_address_zip: UsZip
    billing_address_country_iso2: TwoLetters
    pickup_address_street1: Needed
    pickup_address_city: Needed
    pickup_address_state: TwoLetters
    pickup_address_zip: UsZip
    pickup_address_country_iso2: TwoLetters
    billing_address_street2: Text = ""
    pickup_address_street2: Text = ""
    pickup_address_same_as_billing_address: bool = False
    company: Text = ""
    email: Text = ""
    full_name: Text = ""
    phone: Text = ""


class NoRegistration(msgspec.Struct, kw_only=True):
    """Most carriers want to know nothing."""


_REGISTRATIONS: Mapping[str, type[Any]] = {
    "canada_post": CanadaPostRegistration,
    "dhl_express": DhlExpressRegistration,
    "ups": UpsRegistration,
}
_TERMS = ("canada_post_terms", "user_accepted_terms_and_conditions", "ups_agreements")


class RegistrationQuery(msgspec.Struct, kw_only=True):
    carrier: Literal["ups", "usps", "canada_post"]


class SignInQuery(msgspec.Struct, kw_only=True):
    redirect_uri: str = ""
    state: Annotated[str, Meta(max_length=1000)] = ""


class Images(msgspec.Struct, kw_only=True):
    """Addresses of the carrier's logo by width; empty, because logos are their owners'."""

    small: str = msgspec.field(default="", name="75")
    large: str = msgspec.field(default="", name="200")


class Authentication(msgspec.Struct, kw_only=True):
    """`oauth` accounts are connected by signing in at the carrier, and have a status."""

    type: Literal["default", "oauth"]
    status: Authorization | UnsetType = UNSET


class ObjectInfo(msgspec.Struct, kw_only=True):
    authentication: Authentication


class CarrierAccountOut(msgspec.Struct, kw_only=True):
    """`parameters` are names with masks. `service_levels` are there when the list was asked for them; `object_info` is
    left out for a retired client that it would break."""

    carrier: str
    object_id: str
    object_owner: str
    account_id: str
    parameters: dict[str, str]
    test: bool
    active: bool
    is_shippo_account: bool
    metadata: str
    carrier_name: str
    carrier_images: Images
    object_info: ObjectInfo | UnsetType = UNSET
    service_levels: list[ServiceLevel] | UnsetType = UNSET


class RegistrationOut(msgspec.Struct, kw_only=True):
    """`carrier_account` is the id of the account that the registration opened."""

    carrier_account: str
    object_created: str
    object_updated: str
    object_owner: str
    status: str


def known_carrier(text: str) -> str:
    """The carrier's token. Raises FieldErrors."""
    token = carrier_token(text)
    if token is None:
        raise FieldErrors({"carrier": [f'"{text}" is not a valid choice.']})
    return token


def carrier_account_draft(scope: Scope, given: CarrierAccountIn) -> CarrierAccountDraft:
    """A draft of an own account. Raises FieldErrors."""
    return CarrierAccountDraft(
        scope=scope,
        carrier=known_carrier(given.carrier),
        account_id=_number(given.account_id),
        parameters=_parameters(given.parameters),
        active=given.active,
        is_test=scope.is_test or bool(given.test),
        metadata=given.metadata,
    )


def carrier_account_change(scope: Scope, given: CarrierAccountUpdate) -> CarrierAccountChange:
    """What an update asks for. Raises FieldErrors."""
    # Shippo masks numbers too, and its clients send back what they were shown.
    number = None if given.account_id is None or not given.account_id.strip("*") else _number(given.account_id)
    return CarrierAccountChange(
        carrier=known_carrier(given.carrier) if given.carrier else None,
        account_id=number,
        parameters=_parameters(given.parameters or {}),
        active=given.active,
        is_test=None if scope.is_test else given.test,
        metadata=given.metadata,
    )


def registration(given: RegistrationIn) -> tuple[str, dict[str, Parameter]]:
    """The carrier to register with, and what it wants to know. Raises FieldErrors."""
    carrier = known_carrier(given.carrier)
    if carrier not in SHIPPO_ACCOUNTS:
        raise FieldErrors({"carrier": [f'There is no Shippo account for the carrier "{given.carrier}".']})
    try:
        details = parse_values(_REGISTRATIONS.get(carrier, NoRegistration), given.parameters)
    except FieldErrors as wrong:
        raise FieldErrors({"parameters": [wrong.errors]}) from wrong
    values: dict[str, Parameter] = msgspec.to_builtins(details)
    declined = {name: ["The terms must be accepted."] for name in _TERMS if values.get(name) is False}
    if declined:
        raise FieldErrors({"parameters": [declined]})
    return carrier, values


def _number(text: str) -> str:
    if not text.strip():
        raise FieldErrors({"account_id": ["This field may not be blank."]})
    return text.strip()


def _parameters(given: Mapping[str, Any]) -> dict[str, ParameterGiven]:
    if len(given) > _MOST_PARAMETERS:
        raise FieldErrors({"parameters": [f"Ensure this field has no more than {_MOST_PARAMETERS} parameters."]})
    wrong: dict[str, list[str]] = {}
    for name, value in given.items():
        if len(name) > _LONGEST_NAME:
            wrong[name[:_LONGEST_NAME]] = ["This name is too long."]
        elif value is not None and not isinstance(value, str | bool | int | float):
            wrong[name] = ["Not a valid value. Send text, a number, a boolean or null."]
        elif isinstance(value, str) and len(value) > _LONGEST_VALUE:
            wrong[name] = [f"Ensure this field has no more than {_LONGEST_VALUE} characters."]
    if wrong:
        raise FieldErrors({"parameters": [wrong]})
    return dict(given)


def carrier_account_out(
    account: CarrierAccount, scope: Scope, *, user_agent: str = "", with_service_levels: bool = False
) -> CarrierAccountOut:
    info = ObjectInfo(authentication=_authentication(account))
    return CarrierAccountOut(
        carrier=account.carrier,
        object_id=account.id,
        object_owner=scope.owner,
        account_id=account.account_id,
        parameters=dict.fromkeys(account.parameter_names, MASK),
        test=account.is_test,
        active=account.active,
        is_shippo_account=account.is_shippo_account,
        metadata=account.metadata,
        carrier_name=carrier_name(account.carrier),
        carrier_images=Images(),
        # Shippo's retired Ruby client makes a property of every `object_` key and fails at those it does not know.
        object_info=UNSET if "RubyBindings" in user_agent else info,
        service_levels=list(service_levels(account.carrier)) if with_service_levels else UNSET,
    )


def _authentication(account: CarrierAccount) -> Authentication:
    if not signs_in(account.carrier, is_shippo_account=account.is_shippo_account):
        return Authentication(type="default")
    return Authentication(type="oauth", status=account.authorization or "disconnected")


def registration_out(account: CarrierAccount, scope: Scope) -> RegistrationOut:
    return RegistrationOut(
        carrier_account=account.id,
        object_created=to_wire(account.created_at),
        object_updated=to_wire(account.updated_at),
        object_owner=scope.owner,
        status="REGISTERED",
    )

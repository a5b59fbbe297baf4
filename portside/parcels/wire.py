"""Parcels in Shippo's shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from portside.carriers.templates import Template, find_template
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.decimals import fixed
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.kit.units import DistanceUnit, MassUnit
from portside.parcels.models import (
    CashOnDelivery,
    Insurance,
    InsuranceProvider,
    Parcel,
    ParcelDraft,
    ParcelExtra,
    PaymentMethod,
    StoredParcel,
)
from portside.parcels.rules import size_error
from portside.rest.parse import REQUIRED, DecimalText

Text = Annotated[str, Meta(max_length=100)]
Reference = Annotated[str, Meta(max_length=50)]

_CURRENCY = re.compile(r"[A-Z]{3}")
# Digits after the point in everything but the answer to the POST, which repeats what was sent.
_PLACES = 4


class InsuranceIn(msgspec.Struct, kw_only=True):
    """Without an amount, or with a zero one, nothing is insured."""

    amount: DecimalText | None = None
    currency: Annotated[str, Meta(max_length=10)] = ""
    content: Annotated[str, Meta(max_length=255)] = ""
    provider: InsuranceProvider | None = None


class CashOnDeliveryIn(msgspec.Struct, kw_only=True):
    amount: DecimalText | None = None
    currency: Annotated[str, Meta(max_length=10)] = ""
    payment_method: PaymentMethod = "ANY"


class ParcelExtraIn(msgspec.Struct, kw_only=True):
    COD: CashOnDeliveryIn | None = None
    insurance: InsuranceIn | None = None
    reference_1: Reference = ""
    reference_2: Reference = ""


class ParcelIn(msgspec.Struct, kw_only=True):
    """Dimensions are required unless a template has them; a template's own dimensions win over those sent."""

    weight: DecimalText
    mass_unit: MassUnit
    length: DecimalText | None = None
    width: DecimalText | None = None
    height: DecimalText | None = None
    distance_unit: DistanceUnit | None = None
    template: Annotated[str, Meta(max_length=100, description="Token of a carrier's parcel template.")] = ""
    extra: ParcelExtraIn | None = None
    metadata: Text = ""

    @staticmethod
    def also_required(given: Mapping[str, Any]) -> tuple[str, ...]:
        return () if given.get("template") else ("length", "width", "height", "distance_unit")

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        template = found.get("template", "").strip()
        names = ("weight",) if template else ("length", "width", "height", "weight")
        errors = {name: [wrong] for name in names if (wrong := size_error(found.get(name) or "1"))}
        return errors | (template_errors(template) if template else {})


class ParcelOut(msgspec.Struct, kw_only=True):
    """A parcel, on its own and inside a shipment."""

    object_state: Literal["VALID"]
    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    template: str | None
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit
    weight: str
    mass_unit: MassUnit
    value_amount: str | None
    value_currency: str | None
    metadata: str
    extra: ParcelExtra
    line_items: list[Any]
    test: bool


class _Box(NamedTuple):
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit


def parcel_draft(scope: Scope, given: ParcelIn) -> ParcelDraft:
    """A draft of the parcel in a request. Raises FieldErrors."""
    return ParcelDraft(scope=scope, parcel=parcel_from_wire(given))


def parcel_from_wire(given: ParcelIn) -> Parcel:
    """The parcel in a request, with an id of its own. Raises FieldErrors."""
    errors: dict[str, Any] = {}
    template = find_template(given.template.strip())
    if given.template.strip():
        errors |= template_errors(given.template)
    box = None if errors else _box(given, template, errors)
    if wrong := size_error(given.weight):
        errors["weight"] = [wrong]
    extra = extra_from_wire(given.extra, errors) if given.extra else ParcelExtra()
    if errors or box is None:
        raise FieldErrors(errors)
    return Parcel(
        id=new_id(),
        length=box.length,
        width=box.width,
        height=box.height,
        distance_unit=box.distance_unit,
        weight=given.weight,
        mass_unit=given.mass_unit,
        template=template.token if template else None,
        extra=extra,
        metadata=given.metadata,
    )


def template_errors(token: str) -> dict[str, list[str]]:
    """What is wrong with the token of a template."""
    return {} if find_template(token.strip()) else {"template": [f'"{token}" is not a valid choice.']}


def _box(given: ParcelIn, template: Template | None, errors: dict[str, Any]) -> _Box | None:
    """The dimensions: a fixed template's, or the sender's. Notes errors, and gives None if there are any."""
    if template is not None and not template.is_variable_dimensions:
        return _Box(template.length, template.width, template.height, template.distance_unit)
    is_soft = template is not None and template.is_soft
    sizes = {"length": given.length, "width": given.width, "height": given.height or ("0" if is_soft else None)}
    wrong: dict[str, Any] = {}
    for name, text in sizes.items():
        problem = REQUIRED if text is None else size_error(text, may_be_zero=is_soft and name == "height")
        if problem:
            wrong[name] = [problem]
    if given.distance_unit is None:
        wrong["distance_unit"] = [REQUIRED]
    errors.update(wrong)
    if wrong or given.distance_unit is None:
        return None
    return _Box(sizes["length"] or "", sizes["width"] or "", sizes["height"] or "", given.distance_unit)


def extra_from_wire(given: ParcelExtraIn, errors: dict[str, Any]) -> ParcelExtra:
    """The extras in a request; what is wrong with them goes to `errors["extra"]`."""
    wrong: dict[str, Any] = {}
    cod = cod_from_wire(given.COD, wrong) if given.COD else None
    insurance = insurance_from_wire(given.insurance, wrong) if given.insurance else None
    if wrong:
        errors["extra"] = [wrong]
    return ParcelExtra(cod=cod, insurance=insurance, reference_1=given.reference_1, reference_2=given.reference_2)


def cod_from_wire(given: CashOnDeliveryIn, errors: dict[str, Any]) -> CashOnDelivery | None:
    """Cash on delivery in a request; what is wrong with it goes to `errors["COD"]`. None if nothing is asked for."""
    if given.amount is None and not given.currency:
        return None
    wrong = _money_errors(given.amount, given.currency)
    if given.amount and not Decimal(given.amount):
        wrong["amount"] = ["Ensure this value is greater than 0."]
    if wrong:
        errors["COD"] = [wrong]
    return CashOnDelivery(
        amount=given.amount or "", currency=given.currency.strip().upper(), payment_method=given.payment_method
    )


def insurance_from_wire(given: InsuranceIn, errors: dict[str, Any]) -> Insurance | None:
    """Insurance in a request; what is wrong with it goes to `errors["insurance"]`. None if nothing is insured."""
    if given.amount is None and not (given.content or given.provider):
        return None
    if given.amount is not None and not Decimal(given.amount):
        return None
    if wrong := _money_errors(given.amount, given.currency):
        errors["insurance"] = [wrong]
    return Insurance(
        amount=given.amount or "",
        currency=given.currency.strip().upper(),
        content=given.content,
        provider=given.provider,
    )


def _money_errors(amount: str | None, currency: str) -> dict[str, Any]:
    wrong: dict[str, Any] = {}
    if amount is None:
        wrong["amount"] = [REQUIRED]
    elif amount.startswith("-"):
        wrong["amount"] = ["Ensure this value is greater than or equal to 0."]
    if not currency.strip():
        wrong["currency"] = [REQUIRED]
    elif not _CURRENCY.fullmatch(currency.strip().upper()):
        wrong["currency"] = ["Invalid currency. Use an ISO 4217 code."]
    return wrong


def parcel_out(stored: StoredParcel, scope: Scope, *, as_sent: bool = False) -> ParcelOut:
    """Sizes and weight with four decimals, or `as_sent` in the answer to the POST."""
    parcel = stored.parcel

    def shown(text: str) -> str:
        return text if as_sent else fixed(text, _PLACES)

    return ParcelOut(
        object_state="VALID",
        object_created=to_wire(stored.created_at),
        object_updated=to_wire(stored.updated_at),
        object_id=parcel.id,
        object_owner=scope.owner,
        template=parcel.template,
        length=shown(parcel.length),
        width=shown(parcel.width),
        height=shown(parcel.height),
        distance_unit=parcel.distance_unit,
        weight=shown(parcel.weight),
        mass_unit=parcel.mass_unit,
        value_amount=None,
        value_currency=None,
        metadata=parcel.metadata,
        extra=parcel.extra,
        line_items=[],
        test=scope.is_test,
    )

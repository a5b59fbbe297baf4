"""Parcel templates in Shippo's shapes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.carriers.catalogue import carrier_name
from portside.carriers.templates import Template, find_template
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import new_id
from portside.kit.scope import Scope
from portside.kit.units import DistanceUnit, MassUnit
from portside.parcel_templates.models import StoredUserTemplate, UserTemplate, UserTemplateDraft
from portside.parcels.rules import size_error
from portside.rest.parse import REQUIRED, DecimalText

MUST_BE_EMPTY = "This field must be empty with a carrier's parcel template, which has dimensions of its own."


class TemplateFilter(msgspec.Struct, kw_only=True):
    """`user`: only carriers that the account has accounts with; `enabled`: only active ones."""

    include: Literal["all", "user", "enabled"] = "all"
    carrier: Annotated[str, Meta(description="A carrier's token.")] = ""


class CarrierTemplateOut(msgspec.Struct, kw_only=True):
    """A carrier's packaging; where `is_variable_dimensions`, the sender says how big it is and the sizes are zero."""

    name: str
    token: str
    carrier: str
    is_variable_dimensions: bool
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit


class CarrierTemplateList(msgspec.Struct, kw_only=True):
    results: list[CarrierTemplateOut]


class TemplateReference(msgspec.Struct, kw_only=True):
    """A carrier's template as the API returned it."""

    token: str


class UserTemplateIn(msgspec.Struct, kw_only=True):
    """Either `template`, a carrier's token, with a weight, or a name and dimensions of one's own, with or without one.

    A weight is the least that a parcel in this packaging weighs.
    """

    name: Annotated[str, Meta(max_length=100)] = ""
    template: str | TemplateReference | None = None
    length: DecimalText | None = None
    width: DecimalText | None = None
    height: DecimalText | None = None
    distance_unit: DistanceUnit | None = None
    weight: DecimalText | None = None
    weight_unit: MassUnit | None = None


class UserTemplateOut(msgspec.Struct, kw_only=True):
    object_id: str
    object_owner: str
    object_created: str
    object_updated: str
    name: str
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit
    weight: str | None
    weight_unit: MassUnit | None
    template: CarrierTemplateOut | None
    test: bool


class UserTemplateList(msgspec.Struct, kw_only=True):
    results: list[UserTemplateOut]


def user_template_draft(scope: Scope, given: UserTemplateIn) -> UserTemplateDraft:
    """The draft of a new template. Raises FieldErrors."""
    errors: dict[str, Any] = {}
    if _token(given) and given.weight is None:
        errors["weight"] = [REQUIRED]
    return UserTemplateDraft(scope=scope, template=_template(given, errors))


def user_template_change(given: UserTemplateIn) -> UserTemplate:
    """What an update asks for; what it leaves out is None. Raises FieldErrors."""
    return _template(given, {})


def _template(given: UserTemplateIn, errors: dict[str, Any]) -> UserTemplate:
    token = _token(given)
    packaging = find_template(token)
    if token and packaging is None:
        raise FieldErrors({"template": [f'"{token[:100]}" is not a valid choice.']})
    name = given.name.strip() or (packaging.name if packaging else "")
    if not name:
        errors["name"] = [REQUIRED]
    if packaging is not None and not packaging.is_variable_dimensions:
        sizes = _fixed_sizes(given, packaging, errors)
        unit: DistanceUnit | None = packaging.distance_unit
    else:
        sizes = _own_sizes(given, errors, is_soft=packaging is not None and packaging.is_soft)
        unit = given.distance_unit
    _check_weight(given, errors)
    if errors or unit is None:
        raise FieldErrors(errors)
    length, width, height = sizes
    return UserTemplate(
        id=new_id(),
        name=name,
        length=length,
        width=width,
        height=height,
        distance_unit=unit,
        weight=given.weight,
        weight_unit=given.weight_unit,
        carrier_template=packaging.token if packaging else None,
    )


def _token(given: UserTemplateIn) -> str:
    return (given.template.token if isinstance(given.template, TemplateReference) else given.template or "").strip()


def _fixed_sizes(given: UserTemplateIn, packaging: Template, errors: dict[str, Any]) -> tuple[str, str, str]:
    """The packaging's dimensions. Sending them back as they were returned is fine, others are not."""
    sizes = {"length": packaging.length, "width": packaging.width, "height": packaging.height}
    for field, size in sizes.items():
        sent = getattr(given, field)
        if sent is not None and Decimal(sent) != Decimal(size):
            errors[field] = [MUST_BE_EMPTY]
    if given.distance_unit not in (None, packaging.distance_unit):
        errors["distance_unit"] = [MUST_BE_EMPTY]
    return packaging.length, packaging.width, packaging.height


def _own_sizes(given: UserTemplateIn, errors: dict[str, Any], *, is_soft: bool) -> tuple[str, str, str]:
    """The sender's dimensions; of a soft pack the height may be left out."""
    sizes = {"length": given.length, "width": given.width, "height": given.height or ("0" if is_soft else None)}
    for field, size in sizes.items():
        wrong = REQUIRED if size is None else size_error(size, may_be_zero=is_soft and field == "height")
        if wrong:
            errors[field] = [wrong]
    if given.distance_unit is None:
        errors["distance_unit"] = [REQUIRED]
    return sizes["length"] or "", sizes["width"] or "", sizes["height"] or ""


def _check_weight(given: UserTemplateIn, errors: dict[str, Any]) -> None:
    if given.weight is None:
        return
    if wrong := size_error(given.weight):
        errors["weight"] = [wrong]
    if given.weight_unit is None:
        errors["weight_unit"] = [REQUIRED]


def carrier_template_out(template: Template) -> CarrierTemplateOut:
    return CarrierTemplateOut(
        name=template.name,
        token=template.token,
        carrier=carrier_name(template.carrier),
        is_variable_dimensions=template.is_variable_dimensions,
        length=template.length,
        width=template.width,
        height=template.height,
        distance_unit=template.distance_unit,
    )


def user_template_out(stored: StoredUserTemplate, scope: Scope) -> UserTemplateOut:
    template = stored.template
    packaging = find_template(template.carrier_template) if template.carrier_template else None
    return UserTemplateOut(
        object_id=template.id,
        object_owner=scope.owner,
        object_created=to_wire(stored.created_at),
        object_updated=to_wire(stored.updated_at),
        name=template.name,
        length=template.length,
        width=template.width,
        height=template.height,
        distance_unit=template.distance_unit,
        weight=template.weight,
        weight_unit=template.weight_unit,
        template=carrier_template_out(packaging) if packaging else None,
        test=scope.is_test,
    )

"""Live rates in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.addresses.models import Address
from portside.addresses.wire import AddressIn, address_from_wire
from portside.carriers.contract import RateQuery
from portside.errors import FieldErrors
from portside.kit.clock import now
from portside.kit.decimals import fixed
from portside.kit.ids import Id, as_id, new_id
from portside.kit.scope import Scope
from portside.kit.units import DistanceUnit, MassUnit
from portside.live_rates.models import CartLine, Checkout, LiveRate, Setup, Wanted
from portside.live_rates.rules import cart_grams, packed
from portside.orders.rules import GRAMS
from portside.orders.wire import ADDRESS_NOT_FOUND, NOT_NEGATIVE, LineItemIn
from portside.parcel_templates.models import StoredUserTemplate, UserTemplate
from portside.parcel_templates.wire import TemplateReference, UserTemplateOut, user_template_out
from portside.parcels.models import Parcel
from portside.parcels.rules import carrier_parcel
from portside.parcels.wire import ParcelIn, parcel_from_wire
from portside.rates.models import Message
from portside.rates.wire import MessageOut, message_out
from portside.rest.parse import REQUIRED, DecimalText
from portside.shipments.rules import party

# What a weight in grams can say: six digits (parcels.rules).
_HEAVIEST_GRAMS = 999_999

NO_TEMPLATE = "UserParcelTemplate with supplied object_id not found."
NO_PARCEL = "This field is required as long as the account has no default parcel template."
NO_SENDER = "This field is required as long as the account has no address of its own and has shipped nothing."


class LiveRateParcelIn(msgspec.Struct, kw_only=True):
    """A parcel, or a parcel template as the API returned it; without a weight it weighs what the items weigh."""

    length: DecimalText | None = None
    width: DecimalText | None = None
    height: DecimalText | None = None
    distance_unit: DistanceUnit | None = None
    weight: DecimalText | None = None
    mass_unit: MassUnit | None = None
    weight_unit: MassUnit | None = None
    template: str | TemplateReference | None = None


class LiveRateIn(msgspec.Struct, kw_only=True):
    """A cart. Addresses are ids or complete objects; without `address_from` the account's own address is taken, or
    where it shipped from last. `parcel` is the id of one of its parcel templates, or a whole parcel; without it the
    default template is taken.

    The parcel weighs what it, or the template, says, and never less than the line items together.
    """

    address_to: AddressIn | str
    line_items: list[LineItemIn]
    address_from: AddressIn | str | None = None
    parcel: LiveRateParcelIn | str | None = None


class LiveRateOut(msgspec.Struct, kw_only=True):
    """One option: `title` is the service group's name. `amount_local` is about the same in the currency of the
    recipient's country; the days are those of the carrier's rate behind it, if there is one."""

    title: str
    description: str
    amount: str
    amount_local: str
    currency: str
    currency_local: str
    estimated_days: int | None


class LiveRateList(msgspec.Struct, kw_only=True):
    """All options on one page, cheapest first. `messages` say why a carrier's prices are not among them."""

    next: None
    previous: None
    count: int
    results: list[LiveRateOut]
    messages: list[MessageOut]


class DefaultTemplateIn(msgspec.Struct, kw_only=True):
    object_id: Annotated[str, Meta(min_length=1, max_length=100, description="The id of a parcel template of yours.")]


class DefaultTemplateOut(msgspec.Struct, kw_only=True):
    result: UserTemplateOut | None


def cart(given: Sequence[LineItemIn], most_lines: int) -> tuple[CartLine, ...]:
    """The lines of a request. Raises FieldErrors."""
    if len(given) > most_lines:
        raise FieldErrors({"line_items": [f"A cart may have at most {most_lines} line items."]})
    wrong = [
        {field: [NOT_NEGATIVE] for field in ("total_price", "weight") if (getattr(line, field) or "").startswith("-")}
        | ({"weight_unit": [REQUIRED]} if line.weight is not None and line.weight_unit is None else {})
        for line in given
    ]
    if any(wrong):
        raise FieldErrors({"line_items": wrong})
    lines = tuple(_line(line) for line in given)
    if cart_grams(lines) > _HEAVIEST_GRAMS:
        raise FieldErrors({"line_items": [f"The items must weigh no more than {_HEAVIEST_GRAMS} g together."]})
    return lines


def _line(given: LineItemIn) -> CartLine:
    known = given.weight is not None and given.weight_unit is not None
    return CartLine(
        price=Decimal(given.total_price or 0),
        currency=given.currency.upper() if given.currency else None,
        grams=Decimal(given.weight or 0) * GRAMS[given.weight_unit or "g"] if known else None,
    )


def wanted(given: LiveRateIn) -> Wanted:
    """What the request names by id, and what it leaves to the account's settings."""
    ids = [as_id(address) for address in (given.address_to, given.address_from) if isinstance(address, str)]
    return Wanted(
        addresses=tuple(found for found in ids if found is not None),
        template=as_id(given.parcel) if isinstance(given.parcel, str) else None,
        needs_template=_is_blank(given.parcel),
        needs_sender=_is_blank(given.address_from),
    )


def checkout(given: LiveRateIn, lines: Sequence[CartLine], setup: Setup) -> Checkout:
    """The request with what it refers to put in. Raises FieldErrors with all that is wrong."""
    errors: dict[str, Any] = {}
    ship_to = _address("address_to", given.address_to, setup, errors)
    ship_from = setup.sender
    if not _is_blank(given.address_from):
        ship_from = _address("address_from", given.address_from, setup, errors)
    elif ship_from is None and setup.asks_carriers:
        errors["address_from"] = [NO_SENDER]
    parcel = None
    if setup.asks_carriers or not _is_blank(given.parcel):
        parcel = _parcel(given.parcel, lines, setup, errors)
    if errors or ship_to is None:
        raise FieldErrors(errors)
    query = None
    if setup.asks_carriers and ship_from is not None and parcel is not None:
        query = _rate_query(ship_from, ship_to, packed(parcel, cart_grams(lines)))
    return Checkout(lines=tuple(lines), country=ship_to.country, query=query)


def _rate_query(ship_from: Address, ship_to: Address, parcel: Parcel) -> RateQuery:
    sender = party(ship_from)
    return RateQuery(
        ship_from=sender, ship_to=party(ship_to), return_to=sender, parcels=(carrier_parcel(parcel),), ship_date=now()
    )


def _is_blank(given: object) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _address(field: str, given: AddressIn | str | None, setup: Setup, errors: dict[str, Any]) -> Address | None:
    """An address of the account as it is, or the one in the request, which must be complete."""
    if given is None or isinstance(given, str):
        stored = setup.addresses.get(as_id(given) or "")
        if stored is None:
            errors[field] = [REQUIRED if _is_blank(given) else ADDRESS_NOT_FOUND]
        return stored
    try:
        address = address_from_wire(given)
    except FieldErrors as wrong:
        errors[field] = [wrong.errors]
        return None
    if address.lacks:
        errors[field] = [{name: [REQUIRED] for name in address.lacks}]
    return address


def _parcel(
    given: LiveRateParcelIn | str | None, lines: Sequence[CartLine], setup: Setup, errors: dict[str, Any]
) -> Parcel | None:
    """The parcel as it is described; without a weight it weighs what its items weigh."""
    if isinstance(given, LiveRateParcelIn):
        weight, unit = given.weight, given.mass_unit or given.weight_unit
    elif setup.template is not None:
        weight, unit = setup.template.weight, setup.template.weight_unit
    else:
        errors["parcel"] = [NO_PARCEL if _is_blank(given) else NO_TEMPLATE]
        return None
    if weight is None:
        if wrong := _unweighed(lines):
            errors["line_items"] = wrong
            return None
        weight, unit = str(cart_grams(lines)), "g"
    if unit is None:
        errors["parcel"] = [{"mass_unit": [REQUIRED]}]
        return None
    if not isinstance(given, LiveRateParcelIn):
        return _from_template(setup.template, weight, unit) if setup.template else None
    try:
        return parcel_from_wire(_parcel_in(given, weight, unit))
    except FieldErrors as wrong_parcel:
        errors["parcel"] = [wrong_parcel.errors]
        return None


def _unweighed(lines: Sequence[CartLine]) -> list[Any]:
    """What is wrong with the lines' weights where nothing else says what the parcel weighs."""
    if any(line.grams is None for line in lines):
        return [{"weight": [REQUIRED]} if line.grams is None else {} for line in lines]
    return [] if cart_grams(lines) else ["Neither the items nor the parcel say what they weigh."]


def _parcel_in(given: LiveRateParcelIn, weight: str, unit: MassUnit) -> ParcelIn:
    template = given.template.token if isinstance(given.template, TemplateReference) else given.template or ""
    return ParcelIn(
        weight=weight,
        mass_unit=unit,
        length=given.length,
        width=given.width,
        height=given.height,
        distance_unit=given.distance_unit,
        template=template,
    )


def _from_template(template: UserTemplate, weight: str, unit: MassUnit) -> Parcel:
    return Parcel(
        id=new_id(),
        length=template.length,
        width=template.width,
        height=template.height,
        distance_unit=template.distance_unit,
        weight=weight,
        mass_unit=unit,
        template=template.carrier_template,
    )


def live_rate_list(rates: Sequence[LiveRate], messages: Sequence[Message]) -> LiveRateList:
    return LiveRateList(
        next=None,
        previous=None,
        count=len(rates),
        results=[_live_rate_out(rate) for rate in rates],
        messages=[message_out(message) for message in messages],
    )


def _live_rate_out(rate: LiveRate) -> LiveRateOut:
    return LiveRateOut(
        title=rate.title,
        description=rate.description,
        amount=fixed(rate.amount, 2),
        amount_local=fixed(rate.amount_local, 2),
        currency=rate.currency,
        currency_local=rate.currency_local,
        estimated_days=rate.estimated_days,
    )


def chosen_template(given: DefaultTemplateIn) -> Id:
    """Raises FieldErrors."""
    found = as_id(given.object_id)
    if found is None:
        raise FieldErrors({"object_id": [NO_TEMPLATE]})
    return found


def default_template_out(stored: StoredUserTemplate | None, scope: Scope) -> DefaultTemplateOut:
    return DefaultTemplateOut(result=None if stored is None else user_template_out(stored, scope))

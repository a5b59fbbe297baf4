"""Prices and transit days of the simulated carriers: deterministic, from weights and zones, every number in a table.

Each charge is rounded half up to a cent on its own and a quote's amount is their exact sum, so an invoice adds up.
Business days know weekends, not holidays.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from portside.simulator.countries import is_us_domestic
from portside.simulator.geography import CarrierToken, Lane, PlaceUnknown, find_lane, zone
from portside.simulator.rate_cards import OUNCES_PER_POUND, to_dollars
from portside.simulator.tariff_types import (
    Charge,
    LaneKind,
    Measure,
    NotServed,
    Options,
    Piece,
    Quotation,
    Quote,
    RateRequest,
    Refusal,
    Service,
    Tariff,
    ValueFee,
)
from portside.simulator.ups_tariff import UPS
from portside.simulator.usps_tariff import USPS

TARIFFS: dict[CarrierToken, Tariff] = {"usps": USPS, "ups": UPS}

_SATURDAY, _SUNDAY = 5, 6


class _Sides(msgspec.Struct, frozen=True):
    """A piece's sides in whole inches, begun inches counted, longest first."""

    length: int
    second: int
    third: int

    @property
    def cubic_inches(self) -> int:
        return self.length * self.second * self.third

    @property
    def length_and_girth(self) -> int:
        return self.length + 2 * (self.second + self.third)


class _Bill(msgspec.Struct):
    """One piece's charges in cents, by name, and the weight they were read at."""

    billed_ounces: int
    charges: dict[str, int]
    insurance: int | None
    messages: list[str]


def services(carrier: CarrierToken) -> tuple[Service, ...]:
    """Every service the simulated carrier sells, on any lane."""
    return TARIFFS[carrier].services


def find_service(carrier: CarrierToken, token: str) -> Service | None:
    return next((service for service in services(carrier) if service.token == token), None)


def rate_all(carrier: CarrierToken, request: RateRequest) -> Quotation:
    """A price for each service that serves the shipment, and the reason for each that could have but does not.

    Services of another kind of lane (worldwide ones within the country) are left out without a word, as carriers do.
    When all refuse for one and the same reason it is said once, with `service=""`.
    """
    tariff = TARIFFS[carrier]
    try:
        lane = _check_request(tariff, request)
    except NotServed as refused:
        return Quotation((), (Refusal("", refused.kind, refused.text),))
    quotes: list[Quote] = []
    refusals: list[Refusal] = []
    for service in tariff.services:
        if lane_kind(lane) not in service.lanes:
            continue
        try:
            quotes.append(_quote(tariff, service, lane, request))
        except NotServed as refused:
            refusals.append(Refusal(service.token, refused.kind, refused.text))
    return Quotation(tuple(quotes), _merge_refusals(quotes, refusals))


def rate(carrier: CarrierToken, token: str, request: RateRequest) -> Quote:
    """The price of one service. Raises NotServed with the carrier's words."""
    tariff = TARIFFS[carrier]
    service = find_service(carrier, token)
    if service is None:
        raise NotServed(f"{tariff.name} has no service {token!r}.", "input")
    return _quote(tariff, service, _check_request(tariff, request), request)


def lane_kind(lane: Lane) -> LaneKind:
    """Which family of services a lane belongs to."""
    if lane.is_us_domestic:
        if {lane.origin.state, lane.destination.state} & {"AA", "AE", "AP"}:
            return "military"
        return "contiguous" if lane.is_contiguous else "offshore"
    if lane.is_within_country:
        return "within_country"
    zone_name = zone("ups", lane)
    if zone_name == "910":
        return "europe"
    return "neighbour" if zone_name in ("901", "902") else "world"


def deliver_on(ship_date: dt.date, business_days: int, *, saturdays: bool) -> dt.date:
    """The day `business_days` after the hand-over; a parcel handed over on a day off counts from the next one."""
    day = ship_date
    while _is_day_off(day, saturdays):
        day += dt.timedelta(days=1)
    for _ in range(business_days):
        day += dt.timedelta(days=1)
        while _is_day_off(day, saturdays):
            day += dt.timedelta(days=1)
    return day


def _is_day_off(day: dt.date, saturdays: bool) -> bool:
    return day.weekday() == _SUNDAY or (day.weekday() == _SATURDAY and not saturdays)


def _check_request(tariff: Tariff, request: RateRequest) -> Lane:
    """What no service of the carrier gets round: places, embargoes, PO boxes, the number and packs of the pieces."""
    try:
        lane = find_lane(request.origin, request.destination)
    except PlaceUnknown as unknown:
        raise NotServed(str(unknown), "input") from unknown
    embargoed = {lane.origin.country, lane.destination.country} & tariff.embargoed
    if embargoed:
        raise NotServed(f"{tariff.name} does not serve {', '.join(sorted(embargoed))}.")
    if tariff.ships_only_from_us and not is_us_domestic(lane.origin.country):
        raise NotServed(f"{tariff.name} only ships from the United States.")
    if not any(lane_kind(lane) in service.lanes for service in tariff.services):
        raise NotServed(f"{tariff.name} does not serve {lane_kind(lane).replace('_', ' ')} addresses.")
    if request.to_po_box and not tariff.delivers_to_po_boxes:
        raise NotServed(f"{tariff.name} does not deliver to PO boxes.")
    if request.options.dangerous_goods and not tariff.dangerous_goods:
        raise NotServed(f"{tariff.name} takes no dangerous goods.")
    if not request.pieces:
        raise NotServed("A shipment needs at least one parcel.", "input")
    if len(request.pieces) > tariff.max_pieces:
        raise NotServed(f"{tariff.name} takes at most {tariff.max_pieces} parcel(s) per shipment.")
    for piece in request.pieces:
        _check_piece(tariff, piece)
    return lane


def _check_piece(tariff: Tariff, piece: Piece) -> None:
    if piece.ounces <= 0:
        raise NotServed("A parcel's weight must be above zero.", "input")
    if min(piece.length, piece.width, piece.height) < 0:
        raise NotServed("A parcel's sides cannot be negative.", "input")
    if piece.template and not _knows_template(tariff, piece.template):
        raise NotServed(f"{tariff.name} does not take the pack {piece.template}.")


def _knows_template(tariff: Tariff, template: str) -> bool:
    return (
        template in tariff.plain_templates
        or template in tariff.billed_as
        or any(pack == template for _, pack in tariff.flat_prices)
    )


def _quote(tariff: Tariff, service: Service, lane: Lane, request: RateRequest) -> Quote:
    zone_name = zone(tariff.carrier, lane)
    if lane_kind(lane) not in service.lanes or not service.card.serves(zone_name):
        raise NotServed(f"{service.name} is not offered from {lane.origin.country} to {lane.destination.country}.")
    if request.options.dangerous_goods and service.token not in tariff.dangerous_goods:
        raise NotServed(f"{service.name} takes no dangerous goods.")
    days = service.card.transit_days(zone_name)
    delivery_date, on_saturday = _delivery(service, request.ship_date, days, request.options)
    bills = [_bill_piece(tariff, service, zone_name, piece, request.options) for piece in request.pieces]
    charges = _add_up(bill.charges for bill in bills)
    messages = list(dict.fromkeys(text for bill in bills for text in bill.messages))
    if on_saturday:
        charges["Saturday delivery"] = tariff.saturday_fee * len(bills)
    elif request.options.saturday_delivery and service.saturday != "always":
        messages.append(f"{service.name} cannot be brought on a Saturday for this ship date; the option was ignored.")
    _add_fuel(service, charges)
    insurance = [bill.insurance for bill in bills if bill.insurance is not None]
    return Quote(
        carrier=tariff.carrier,
        service=service.token,
        service_name=service.name,
        amount=to_dollars(sum(charges.values())),
        currency="USD",
        zone=zone_name,
        days=days,
        delivery_date=delivery_date,
        arrives_by=service.arrives_by,
        billed_ounces=sum(bill.billed_ounces for bill in bills),
        charges=tuple(Charge(name, to_dollars(cents)) for name, cents in charges.items()),
        insurance_price=to_dollars(sum(insurance)) if insurance else None,
        messages=tuple(messages),
    )


def _delivery(service: Service, ship_date: dt.date, days: int, options: Options) -> tuple[dt.date, bool]:
    """The delivery date, and whether a paid Saturday delivery made it a Saturday."""
    if service.saturday == "on_request" and options.saturday_delivery:
        asked = deliver_on(ship_date, days, saturdays=True)
        # Only a parcel that is under way on Friday can gain from it; others pay nothing and come on a working day.
        if asked.weekday() == _SATURDAY and ship_date.weekday() < _SATURDAY:
            return asked, True
    return deliver_on(ship_date, days, saturdays=service.saturday == "always"), False


def _bill_piece(tariff: Tariff, service: Service, zone_name: str, piece: Piece, options: Options) -> _Bill:
    sides = _sides(piece)
    flat = tariff.flat_prices.get((service.token, piece.template))
    _check_limits(tariff, service, piece, sides)
    if flat is not None:
        if piece.ounces > flat.max_ounces:
            raise NotServed(f"{piece.template} may weigh at most {flat.max_ounces // OUNCES_PER_POUND} lb.")
        bill = _Bill(
            service.card.billed_ounces(piece.ounces),
            {"Flat rate": flat.near if zone_name == tariff.near_zone else flat.far}, None, [],
        )  # fmt: skip
    else:
        bill = _bill_by_weight(tariff, service, zone_name, piece, sides)
    _add_options(tariff, service, piece, options, bill)
    return bill


def _bill_by_weight(tariff: Tariff, service: Service, zone_name: str, piece: Piece, sides: _Sides) -> _Bill:
    ounces = tariff.billed_as.get(piece.template) or max(
        service.card.billed_ounces(piece.ounces), _dimensional_ounces(service, piece, sides)
    )
    cents = service.card.price(zone_name, ounces)
    if cents is None:
        raise NotServed(f"{service.name} has no price for {ounces // OUNCES_PER_POUND} lb.")
    charges = {"Transport": cents}
    dearest: dict[str, tuple[int, str]] = {}
    for fee in service.size_fees:
        if _measured(fee.measure, piece, sides) > fee.over:
            dearest[fee.group] = max(dearest.get(fee.group, (0, "")), (fee.cents, fee.name))
    charges |= {name: fee_cents for fee_cents, name in dearest.values()}
    return _Bill(ounces, charges, None, [])


def _sides(piece: Piece) -> _Sides:
    return _Sides(*sorted(map(math.ceil, (piece.length, piece.width, piece.height)), reverse=True))


def _dimensional_ounces(service: Service, piece: Piece, sides: _Sides) -> int:
    """The weight a light but large piece is billed at, whole pounds. A carrier's own pack is billed by real weight."""
    if piece.template or sides.cubic_inches <= service.dim_free_cubic_inches:
        return 0
    return -(-sides.cubic_inches // service.dim_divisor) * OUNCES_PER_POUND


def _measured(measure: Measure, piece: Piece, sides: _Sides) -> Decimal | int:
    match measure:
        case "length":
            return sides.length
        case "second_side":
            return sides.second
        case "length_and_girth":
            return sides.length_and_girth
        case "cubic_inches":
            return sides.cubic_inches
        case "ounces":
            return piece.ounces


def _check_limits(tariff: Tariff, service: Service, piece: Piece, sides: _Sides) -> None:
    template = piece.template
    if template and not _takes_template(tariff, service, template):
        raise NotServed(f"{service.name} does not take the pack {template}.")
    if piece.ounces > service.max_ounces:
        raise NotServed(f"{service.name} takes at most {service.max_ounces // OUNCES_PER_POUND} lb per parcel.")
    if sides.length > service.max_length:
        raise NotServed(f"{service.name} takes parcels up to {service.max_length} in long.")
    if sides.length_and_girth > service.max_length_and_girth:
        raise NotServed(f"{service.name} takes at most {service.max_length_and_girth} in of length and girth.")


def _takes_template(tariff: Tariff, service: Service, template: str) -> bool:
    if any(pack == template for _, pack in tariff.flat_prices):
        return (service.token, template) in tariff.flat_prices
    # Soft and irregular packs go with every service; a carrier's other packs only by the services that give them away.
    return service.own_packaging or template in {"USPS_IrregularParcel", "USPS_SoftPack"}


def _add_options(tariff: Tariff, service: Service, piece: Piece, options: Options, bill: _Bill) -> None:
    if service.residential_fee and options.residential:
        bill.charges["Residential delivery"] = service.residential_fee
    if options.signature:
        fee = service.signatures.get(options.signature)
        if fee is None:
            bill.messages.append(
                f"{service.name} does not offer signature {options.signature}; the option was ignored."
            )
        else:
            bill.charges["Signature"] = fee
    insured = options.insured_value if piece.insured_value is None else piece.insured_value
    if insured > 0:
        bill.insurance = bill.charges["Insurance"] = _value_fee(service, tariff.insurance, insured)
    cod = options.cod_amount if piece.cod_amount is None else piece.cod_amount
    if cod > 0:
        if tariff.cod_fee is None:
            bill.messages.append(f"{service.name} does not offer COD; the option was ignored.")
        else:
            bill.charges["Collect on delivery"] = tariff.cod_fee


def _value_fee(service: Service, fee: ValueFee, dollars: Decimal) -> int:
    cents = int((dollars * 100).quantize(Decimal(1), ROUND_HALF_UP))
    if cents > fee.most:
        raise NotServed(f"{service.name} insures at most {to_dollars(fee.most)} USD.")
    if cents <= fee.free:
        return 0
    if cents <= fee.minimum_covers:
        return fee.minimum
    return fee.minimum + -(-(cents - fee.minimum_covers) // 100_00) * fee.per_hundred


def _add_fuel(service: Service, charges: dict[str, int]) -> None:
    """Fuel is a share of the transport and size charges, not of the services at the door."""
    if service.fuel_percent:
        doors = {"Signature", "Insurance", "Collect on delivery"}
        base = sum(cents for name, cents in charges.items() if name not in doors)
        charges["Fuel surcharge"] = int((base * service.fuel_percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def _add_up(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, cents in part.items():
            total[name] = total.get(name, 0) + cents
    return total


def _merge_refusals(quotes: list[Quote], refusals: list[Refusal]) -> tuple[Refusal, ...]:
    if not quotes and len({refusal.text for refusal in refusals}) == 1:
        return (Refusal("", refusals[0].kind, refusals[0].text),)
    return tuple(refusals)

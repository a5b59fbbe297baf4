"""The `extra` of a shipment: the options that carriers know, normalised before they are stored.

Current clients read `extra` with closed enums and strict types, so what an old client writes loosely (`true` for a
signature, text for booleans, empty text for nothing) is made exact here; keys that nobody documented are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.errors import BadRequest, FieldErrors
from portside.parcels.wire import CashOnDeliveryIn, InsuranceIn, cod_from_wire, insurance_from_wire
from portside.rest.parse import DecimalText, parse_values

Reference = Annotated[str, Meta(max_length=50)]
ShortText = Annotated[str, Meta(max_length=100)]

NO_BILLING_ACCOUNT = "You need to specify a billing account when using the billing extra service."


class BillingIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    type: Literal["SENDER", "RECIPIENT", "THIRD_PARTY", "THIRD_PARTY_CONSIGNEE", "COLLECT"] | None = None
    account: ShortText | None = None
    zip: ShortText | None = None
    country: ShortText | None = None
    participation_code: ShortText | None = None


class LongReferenceIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A reference of FedEx and UPS labels; `prefix` is printed on ZPL labels only."""

    value: Annotated[str, Meta(max_length=40)] | None = None
    prefix: Annotated[str, Meta(max_length=11)] | None = None
    ref_sort: int | None = None


class UpsReferenceIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    value: Annotated[str, Meta(max_length=35)] | None = None
    prefix: Annotated[str, Meta(max_length=11)] | None = None
    ref_sort: int | None = None


class AlcoholIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    contains_alcohol: bool | None = None
    recipient_type: Literal["licensee", "consumer"] | None = None


class DryIceIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`weight` is in kilograms."""

    contains_dry_ice: bool | None = None
    weight: DecimalText | None = None


class ContainsIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    contains: bool | None = None


class DangerousGoodsIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    contains: bool | None = None
    biological_material: ContainsIn | None = None
    lithium_batteries: ContainsIn | None = None


class ExtraIn(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Options of a shipment. Carriers ignore those that they do not offer, or decline with a message."""

    signature_confirmation: Literal["STANDARD", "ADULT", "CERTIFIED", "INDIRECT", "CARRIER_CONFIRMATION"] | None = None
    insurance: InsuranceIn | None = None
    cod: CashOnDeliveryIn | None = msgspec.field(name="COD", default=None)
    billing: BillingIn | None = None
    is_return: bool | None = None
    return_service_type: Literal["PRINT_AND_MAIL", "ATTEMPT_1", "ATTEMPT_3", "ELECTRONIC_LABEL", "NO_RETURN"] | None = (
        None
    )
    reference_1: Reference | None = None
    reference_2: Reference | None = None
    customer_reference: LongReferenceIn | None = None
    po_number: LongReferenceIn | None = None
    invoice_number: LongReferenceIn | None = None
    dept_number: LongReferenceIn | None = None
    rma_number: LongReferenceIn | None = None
    accounts_receivable_customer_account: UpsReferenceIn | None = None
    appropriation_number: UpsReferenceIn | None = None
    bill_of_lading_number: UpsReferenceIn | None = None
    cod_number: UpsReferenceIn | None = None
    dealer_order_number: UpsReferenceIn | None = None
    fda_product_code: UpsReferenceIn | None = None
    manifest_number: UpsReferenceIn | None = None
    model_number: UpsReferenceIn | None = None
    part_number: UpsReferenceIn | None = None
    production_code: UpsReferenceIn | None = None
    purchase_request_number: UpsReferenceIn | None = None
    salesperson_number: UpsReferenceIn | None = None
    serial_number: UpsReferenceIn | None = None
    store_number: UpsReferenceIn | None = None
    transaction_reference_number: UpsReferenceIn | None = None
    saturday_delivery: bool | None = None
    authority_to_leave: bool | None = None
    carbon_neutral: bool | None = None
    premium: bool | None = None
    bypass_address_validation: bool | None = None
    request_retail_rates: bool | None = None
    qr_code_requested: bool | None = None
    usmca_eligible: bool | None = None
    delivery_instructions: Annotated[str, Meta(max_length=500)] | None = None
    alcohol: AlcoholIn | None = None
    dry_ice: DryIceIn | None = None
    dangerous_goods: DangerousGoodsIn | None = None
    dangerous_goods_code: Literal["01", "02", "03", "04", "05", "06", "07", "08", "09"] | None = None
    ancillary_endorsement: Literal["FORWARDING_SERVICE_REQUESTED", "RETURN_SERVICE_REQUESTED"] | None = None
    preferred_delivery_timeframe: (
        Literal["10001200", "12001400", "14001600", "16001800", "18002000", "19002100"] | None
    ) = None
    lasership_attrs: (
        list[
            Literal[
                "TwoPersonDelivery",
                "Explosive",
                "Alcohol",
                "Hazmat",
                "ControlledSubstance",
                "Refrigerated",
                "DryIce",
                "Perishable",
                "NoRTS",
            ]
        ]
        | None
    ) = None
    lasership_declared_value: DecimalText | None = None
    customer_branch: ShortText | None = None
    container_type: ShortText | None = None
    carrier_hub_id: ShortText | None = None
    carrier_hub_travel_time: int | None = None
    critical_pull_time: ShortText | None = None
    fulfillment_center: ShortText | None = None


KNOWN = frozenset(field.encode_name for field in msgspec.structs.fields(ExtraIn))

# Words of old clients for a signature; DIRECT is what FedEx calls the standard one.
_SIGNATURES = {"TRUE": "STANDARD", "1": "STANDARD", "DIRECT": "STANDARD", "FALSE": None, "0": None, "": None}


def normal_extra(given: Mapping[str, Any]) -> dict[str, Any]:
    """The extra as it is stored and shown. Raises FieldErrors with `extra` on top."""
    try:
        known = parse_values(ExtraIn, _loosely_meant(given))
        others = parse_values(dict[str, Any], {key: value for key, value in given.items() if key not in KNOWN})
    except FieldErrors as wrong:
        raise FieldErrors({"extra": [wrong.errors]}) from wrong
    except BadRequest as wrong:
        raise FieldErrors({"extra": [wrong.message]}) from wrong
    if known.billing is not None and not known.billing.account:
        raise FieldErrors({"extra": [NO_BILLING_ACCOUNT]})
    errors: dict[str, Any] = {}
    money = {
        "insurance": insurance_from_wire(known.insurance, errors) if known.insurance else None,
        "COD": cod_from_wire(known.cod, errors) if known.cod else None,
    }
    if errors:
        raise FieldErrors({"extra": [errors]})
    return {**others, **_without_empty(msgspec.to_builtins(known) | msgspec.to_builtins(money))}


def _loosely_meant(given: Mapping[str, Any]) -> dict[str, Any]:
    meant = {key: value for key, value in given.items() if key in KNOWN}
    if "signature_confirmation" in meant:
        word = str(meant["signature_confirmation"] or "").strip().upper()
        meant["signature_confirmation"] = _SIGNATURES.get(word, word)
    for key in ("preferred_delivery_timeframe", "dangerous_goods_code"):
        if isinstance(meant.get(key), int):
            meant[key] = str(meant[key])
    return meant


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    """Without nulls, empty texts and empty objects, which mean nothing and are out of the enums that clients know."""
    kept = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in values.items()}
    return {key: value for key, value in kept.items() if value not in (None, "", {}, [])}

"""Customs items and declarations in Shippo's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from portside.addresses.models import AddressDraft
from portside.addresses.rules import country_code
from portside.addresses.wire import AddressIn, address_draft
from portside.customs.models import (
    B13aFilingOption,
    ContentsType,
    Declaration,
    DeclarationDetails,
    DeclarationDraft,
    DutiesPayor,
    EelPfc,
    ExporterIdentification,
    Incoterm,
    InvoicedCharges,
    Item,
    ItemDraft,
    NonDeliveryOption,
    PayorAddress,
    StoredDeclaration,
    StoredItem,
    TaxId,
)
from portside.customs.rules import (
    NOT_NEGATIVE,
    is_eori,
    item_errors,
    missing_with,
    read_country,
    read_currency,
)
from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.decimals import fixed
from portside.kit.ids import Id, as_id, new_id
from portside.kit.scope import Scope
from portside.kit.units import MassUnit
from portside.rest.parse import REQUIRED, DecimalText

Text = Annotated[str, Meta(max_length=500)]
Metadata = Annotated[str, Meta(max_length=100)]
Country = Annotated[str, Meta(max_length=60, description="ISO 3166-1 alpha-2 code or English name.")]
Currency = Annotated[str, Meta(max_length=10, description="ISO 4217 code.")]

_CHARGES = ("total_shipping", "total_taxes", "total_duties", "other_fees")
# What is the same in a request, in the row and in the answer.
_SAME = (
    "certify_signer",
    "contents_type",
    "contents_explanation",
    "non_delivery_option",
    "aes_itn",
    "b13a_number",
    "commercial_invoice",
    "is_vat_collected",
    "certificate",
    "disclaimer",
    "exporter_reference",
    "importer_reference",
    "invoice",
    "license",
    "notes",
    "metadata",
)


class ItemIn(msgspec.Struct, kw_only=True):
    """`net_weight` and `value_amount` are totals of the line. Inside a declaration, `object_id` means that item."""

    description: Text
    quantity: Annotated[int, Meta(gt=0, le=2_000_000_000)]
    net_weight: DecimalText
    mass_unit: MassUnit
    value_amount: DecimalText
    value_currency: Currency
    origin_country: Country
    tariff_number: Annotated[str, Meta(max_length=12)] = ""
    hs_code: Annotated[str, Meta(max_length=50)] = ""
    sku_code: Text = ""
    eccn_ear99: Text = ""
    metadata: Metadata = ""
    object_id: str = ""

    @staticmethod
    def also_wrong(found: Mapping[str, Any]) -> dict[str, Any]:
        return item_errors(found)


class InvoicedChargesIn(msgspec.Struct, kw_only=True):
    currency: Currency = ""
    total_shipping: DecimalText | None = None
    total_taxes: DecimalText | None = None
    total_duties: DecimalText | None = None
    other_fees: DecimalText | None = None


class DeclarationIn(msgspec.Struct, kw_only=True):
    """`items` are ids or objects; `address_importer` is an address or the id of one."""

    certify: bool
    certify_signer: Text
    contents_type: ContentsType
    items: Annotated[list[str | ItemIn], Meta(min_length=1, max_length=1000)]
    non_delivery_option: NonDeliveryOption
    contents_explanation: Text = ""
    eel_pfc: EelPfc | None = None
    aes_itn: Text = ""
    incoterm: Incoterm | None = None
    b13a_filing_option: B13aFilingOption | None = None
    b13a_number: Text = ""
    commercial_invoice: bool = False
    is_vat_collected: bool = False
    certificate: Text = ""
    disclaimer: Annotated[str, Meta(max_length=2000)] = ""
    exporter_reference: Text = ""
    importer_reference: Text = ""
    invoice: Text = ""
    license: Text = ""
    notes: Annotated[str, Meta(max_length=2000)] = ""
    address_importer: str | AddressIn | None = None
    duties_payor: DutiesPayor | None = None
    exporter_identification: ExporterIdentification | None = None
    invoiced_charges: InvoicedChargesIn | None = None
    metadata: Metadata = ""


class ItemOut(msgspec.Struct, kw_only=True):
    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    object_state: Literal["VALID"]
    description: str
    quantity: int
    net_weight: str
    mass_unit: MassUnit
    value_amount: str
    value_currency: str
    origin_country: str
    tariff_number: str
    hs_code: str | None
    sku_code: str | None
    eccn_ear99: str | None
    metadata: str
    test: bool


class DeclarationOut(msgspec.Struct, kw_only=True):
    """`items` are ids, and `address_importer` is one; text that was not set is empty."""

    object_created: str
    object_updated: str
    object_id: str
    object_owner: str
    object_state: Literal["VALID"]
    certify_signer: str
    certify: bool
    items: list[ItemOut | str]
    non_delivery_option: str
    contents_type: str
    contents_explanation: str
    exporter_reference: str
    importer_reference: str
    invoice: str
    commercial_invoice: bool
    license: str
    certificate: str
    notes: str
    eel_pfc: str
    aes_itn: str
    disclaimer: str
    incoterm: str
    b13a_filing_option: str
    b13a_number: str
    is_vat_collected: bool
    address_importer: str
    duties_payor: DutiesPayor | None
    exporter_identification: ExporterIdentification | None
    invoiced_charges: InvoicedCharges | None
    metadata: str
    test: bool


def item_draft(scope: Scope, given: ItemIn) -> ItemDraft:
    """A draft of the item in a request, with an id of its own. Raises FieldErrors."""
    if errors := item_errors(msgspec.structs.asdict(given)):
        raise FieldErrors(errors)
    item = Item(
        id=new_id(),
        description=given.description.strip(),
        quantity=given.quantity,
        net_weight=given.net_weight,
        mass_unit=given.mass_unit,
        value_amount=given.value_amount,
        value_currency=given.value_currency.strip().upper(),
        origin_country=country_code(given.origin_country) or "",
        tariff_number=given.tariff_number.strip(),
        hs_code=given.hs_code.strip() or None,
        sku_code=given.sku_code or None,
        eccn_ear99=given.eccn_ear99 or None,
        metadata=given.metadata,
    )
    return ItemDraft(scope=scope, item=item)


def declaration_draft(scope: Scope, given: DeclarationIn, field: str | None = None) -> DeclarationDraft:
    """A draft of the declaration in `field` of a request (None: the request itself). Raises FieldErrors."""
    errors: dict[str, Any] = {}
    if not given.certify:
        errors["certify"] = ["The sender must certify the declaration."]
    item_ids, new_items = _items(scope, given.items, errors)
    importer_id, new_importer = _importer(scope, given.address_importer, errors)
    details = _details(given, errors)
    if errors:
        raise FieldErrors({field: [errors]} if field else errors)
    return DeclarationDraft(
        scope=scope,
        declaration=Declaration(id=new_id(), item_ids=item_ids, importer_id=importer_id, details=details),
        new_items=new_items,
        new_importer=new_importer,
        field=field,
    )


def _items(
    scope: Scope, given: list[str | ItemIn], errors: dict[str, Any]
) -> tuple[tuple[Id, ...], tuple[ItemDraft, ...]]:
    """The ids of all items in order, and drafts of those that are new."""
    ids: list[Id] = []
    drafts: list[ItemDraft] = []
    wrong: dict[int, Any] = {}
    for index, entry in enumerate(given):
        known = as_id(entry.strip() if isinstance(entry, str) else entry.object_id)
        if known is not None:
            ids.append(known)
        elif isinstance(entry, str):
            wrong[index] = f"CustomsItem with supplied object_id {entry[:80]} not found."
        else:
            try:
                drafts.append(item_draft(scope, entry))
                ids.append(drafts[-1].item.id)
            except FieldErrors as bad:
                wrong[index] = bad.errors
    if wrong:
        errors["items"] = [wrong.get(index, {}) for index in range(len(given))]
    return tuple(ids), tuple(drafts)


def _importer(
    scope: Scope, given: str | AddressIn | None, errors: dict[str, Any]
) -> tuple[Id | None, AddressDraft | None]:
    if isinstance(given, AddressIn):
        try:
            draft = address_draft(scope, given, "address_importer")
        except FieldErrors as wrong:
            errors.update(wrong.errors)
            return None, None
        return draft.address.id, draft
    if not given or not given.strip():
        return None, None
    known = as_id(given.strip())
    if known is None:
        errors["address_importer"] = ["Address with supplied object_id not found."]
    return known, None


def _details(given: DeclarationIn, errors: dict[str, Any]) -> DeclarationDetails:
    same: dict[str, Any] = {name: getattr(given, name) for name in _SAME}
    same.update({name: value.strip() for name, value in same.items() if isinstance(value, str)})
    details = DeclarationDetails(
        **same,
        eel_pfc=given.eel_pfc,
        incoterm=given.incoterm,
        b13a_filing_option=given.b13a_filing_option,
        duties_payor=_duties_payor(given.duties_payor, errors),
        exporter_identification=_exporter(given.exporter_identification, errors),
        invoiced_charges=_invoiced_charges(given.invoiced_charges, errors),
    )
    errors.update({field: [REQUIRED] for field in missing_with(details)})
    return details


def _duties_payor(given: DutiesPayor | None, errors: dict[str, Any]) -> DutiesPayor | None:
    """Who pays, with the country as its code; None if nothing is said."""
    if given is None or given.address is None or not given.address.country.strip():
        return None if given in (None, DutiesPayor(), DutiesPayor(address=PayorAddress())) else given
    wrong: dict[str, Any] = {}
    address = msgspec.structs.replace(given.address, country=read_country(given.address.country, "country", wrong))
    if wrong:
        errors["duties_payor"] = [{"address": [wrong]}]
    return msgspec.structs.replace(given, address=address)


def _exporter(given: ExporterIdentification | None, errors: dict[str, Any]) -> ExporterIdentification | None:
    """Who exports, with the EORI number without spaces; None if nothing is said."""
    if given is None:
        return None
    number = given.eori_number.replace(" ", "").upper()
    if number and not is_eori(number):
        text = "Enter a valid EORI number: two letters for the country and 6 to 17 letters or digits."
        errors["exporter_identification"] = [{"eori_number": [text]}]
    tax_id = None if given.tax_id == TaxId() else given.tax_id
    found = ExporterIdentification(eori_number=number, tax_id=tax_id)
    return None if found == ExporterIdentification() else found


def _invoiced_charges(given: InvoicedChargesIn | None, errors: dict[str, Any]) -> InvoicedCharges | None:
    if given is None or given == InvoicedChargesIn():
        return None
    wrong: dict[str, Any] = {}
    amounts = {name: getattr(given, name) for name in _CHARGES}
    wrong.update({name: [NOT_NEGATIVE] for name, text in amounts.items() if text and text.startswith("-")})
    charges = InvoicedCharges(currency=read_currency(given.currency, "currency", wrong), **amounts)
    if wrong:
        errors["invoiced_charges"] = [wrong]
    return charges


def item_out(stored: StoredItem, scope: Scope, *, as_sent: bool = False) -> ItemOut:
    """The weight with four decimals and the value with two, or `as_sent` in the answer to the POST."""
    item = stored.item
    return ItemOut(
        object_created=to_wire(stored.created_at),
        object_updated=to_wire(stored.updated_at),
        object_id=item.id,
        object_owner=scope.owner,
        object_state="VALID",
        description=item.description,
        quantity=item.quantity,
        net_weight=item.net_weight if as_sent else fixed(item.net_weight, 4),
        mass_unit=item.mass_unit,
        value_amount=item.value_amount if as_sent else fixed(item.value_amount, 2),
        value_currency=item.value_currency,
        origin_country=item.origin_country,
        tariff_number=item.tariff_number,
        hs_code=item.hs_code,
        sku_code=item.sku_code,
        eccn_ear99=item.eccn_ear99,
        metadata=item.metadata,
        test=scope.is_test,
    )


def declaration_out(stored: StoredDeclaration, scope: Scope, *, as_sent: bool = False) -> DeclarationOut:
    """On its own and inside a shipment; charges with two decimals, or `as_sent` in the answer to the POST."""
    declaration, details = stored.declaration, stored.declaration.details
    return DeclarationOut(
        **{name: getattr(details, name) for name in _SAME},
        object_created=to_wire(stored.created_at),
        object_updated=to_wire(stored.updated_at),
        object_id=declaration.id,
        object_owner=scope.owner,
        object_state="VALID",
        certify=True,
        items=list(declaration.item_ids),
        eel_pfc=details.eel_pfc or "",
        incoterm=details.incoterm or "",
        b13a_filing_option=details.b13a_filing_option or "",
        address_importer=declaration.importer_id or "",
        duties_payor=details.duties_payor,
        exporter_identification=details.exporter_identification,
        invoiced_charges=details.invoiced_charges if as_sent else _charges_out(details.invoiced_charges),
        test=scope.is_test,
    )


def _charges_out(charges: InvoicedCharges | None) -> InvoicedCharges | None:
    if charges is None:
        return None
    amounts = {name: getattr(charges, name) for name in _CHARGES}
    return msgspec.structs.replace(charges, **{name: fixed(text, 2) for name, text in amounts.items() if text})

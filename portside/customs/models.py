"""Customs items and declarations as they are stored."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from portside.addresses.models import AddressDraft
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.units import MassUnit

ContentsType = Literal[
    "DOCUMENTS", "GIFT", "SAMPLE", "MERCHANDISE", "HUMANITARIAN_DONATION", "RETURN_MERCHANDISE", "OTHER"
]
NonDeliveryOption = Literal["ABANDON", "RETURN"]
# The exemption from filing with the US Census Bureau (15 CFR 30), or that a filing was made.
EelPfc = Literal["NOEEI_30_37_a", "NOEEI_30_37_h", "NOEEI_30_37_f", "NOEEI_30_36", "AES_ITN"]
Incoterm = Literal["DDP", "DDU", "FCA", "DAP", "eDAP"]
# Canada's export declaration, form B13A.
B13aFilingOption = Literal["FILED_ELECTRONICALLY", "SUMMARY_REPORTING", "NOT_REQUIRED"]
PayorType = Literal["SENDER", "RECIPIENT", "THIRD_PARTY"]
TaxIdType = Literal["EIN", "VAT", "IOSS", "ARN"]
Text = Annotated[str, Meta(max_length=500)]


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line; `net_weight` and `value_amount` are decimal text and the line's totals."""

    id: Id
    description: str
    quantity: int
    net_weight: str
    mass_unit: MassUnit
    value_amount: str
    value_currency: str
    origin_country: str
    tariff_number: str = ""
    hs_code: str | None = None
    sku_code: str | None = None
    eccn_ear99: str | None = None
    metadata: str = ""


class PayorAddress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: Text = ""
    zip: Text = ""
    country: Text = ""


class DutiesPayor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who pays the duties; `account` is theirs with the carrier."""

    type: PayorType | None = None
    account: Text = ""
    address: PayorAddress | None = None


class TaxId(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    number: Text = ""
    type: TaxIdType | None = None


class ExporterIdentification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    eori_number: Text = ""
    tax_id: TaxId | None = None


class InvoicedCharges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the buyer was charged beside the goods; decimal text."""

    currency: str
    total_shipping: str | None = None
    total_taxes: str | None = None
    total_duties: str | None = None
    other_fees: str | None = None


class DeclarationDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the sender declares; unset text is empty."""

    certify_signer: str
    contents_type: ContentsType
    non_delivery_option: NonDeliveryOption
    contents_explanation: str = ""
    eel_pfc: EelPfc | None = None
    aes_itn: str = ""
    incoterm: Incoterm | None = None
    b13a_filing_option: B13aFilingOption | None = None
    b13a_number: str = ""
    commercial_invoice: bool = False
    is_vat_collected: bool = False
    certificate: str = ""
    disclaimer: str = ""
    exporter_reference: str = ""
    importer_reference: str = ""
    invoice: str = ""
    license: str = ""
    notes: str = ""
    duties_payor: DutiesPayor | None = None
    exporter_identification: ExporterIdentification | None = None
    invoiced_charges: InvoicedCharges | None = None
    metadata: str = ""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A certified declaration. Its items and the importer's address are rows of their own."""

    id: Id
    item_ids: tuple[Id, ...]
    details: DeclarationDetails
    importer_id: Id | None = None


class ItemDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An item to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    item: Item


class DeclarationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration to be written, with those of its items and importer that are new.

    `field` is where the request had it, so that a reference that leads nowhere can be named.
    """

    scope: Scope
    declaration: Declaration
    new_items: tuple[ItemDraft, ...] = ()
    new_importer: AddressDraft | None = None
    field: str | None = None


class StoredItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item and when it was written."""

    item: Item
    created_at: dt.datetime
    updated_at: dt.datetime


class StoredDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration and when it was written."""

    declaration: Declaration
    created_at: dt.datetime
    updated_at: dt.datetime

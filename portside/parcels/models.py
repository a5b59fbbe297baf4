"""A parcel as it is stored; also the snapshot that shipments keep."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.units import DistanceUnit, MassUnit

PaymentMethod = Literal["SECURED_FUNDS", "CASH", "ANY"]
InsuranceProvider = Literal["FEDEX", "UPS", "ONTRAC"]


class CashOnDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier collects at the door; `amount` is decimal text."""

    amount: str
    currency: str
    payment_method: PaymentMethod = "ANY"


class Insurance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a parcel is insured for; without a provider by the platform's insurer. `amount` is decimal text."""

    amount: str
    currency: str
    content: str = ""
    provider: InsuranceProvider | None = None


class ParcelExtra(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The extras of one parcel, in the wire's own shape; what is not set is absent."""

    cod: CashOnDelivery | None = msgspec.field(default=None, name="COD")
    insurance: Insurance | None = None
    reference_1: str = ""
    reference_2: str = ""


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and weight are decimal text, kept as they were sent: at most 6 digits before and 4 after the point.

    `template` is one of carriers/templates.py, whose fixed dimensions replace the sender's.
    """

    id: Id
    length: str
    width: str
    height: str
    distance_unit: DistanceUnit
    weight: str
    mass_unit: MassUnit
    template: str | None = None
    extra: ParcelExtra = ParcelExtra()
    metadata: str = ""


class ParcelDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel to be written, with the scope it belongs to (law 3)."""

    scope: Scope
    parcel: Parcel


class StoredParcel(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel and when it was written."""

    parcel: Parcel
    created_at: dt.datetime
    updated_at: dt.datetime

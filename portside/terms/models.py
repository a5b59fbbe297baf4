"""What a platform settles for an account: what it pays, what it may use, how its labels, messages and pages look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

# Shippo's `label_file_type`.
LabelFileType = Literal[
    "PNG",
    "PNG_2.3x7.5",
    "PDF",
    "PDF_2.3x7.5",
    "PDF_4x6",
    "PDF_4x8",
    "PDF_A4",
    "PDF_A5",
    "PDF_A6",
    "ZPLII",
]
# Where a link of a message to the buyer leads: to the tracking page here, or to the carrier's.
TrackingPage = Literal["branded", "carrier"]
# What buyers are told. Two are no status of a track: out for delivery, and delayed.
BuyerStatus = Literal["PRE_TRANSIT", "TRANSIT", "DELAYED", "OUT_FOR_DELIVERY", "DELIVERED", "RETURNED", "FAILURE"]


class Money(msgspec.Struct, frozen=True):
    """An amount that is not negative, in a currency that others can be converted to."""

    amount: Decimal
    currency: str


class Markup(msgspec.Struct, frozen=True, kw_only=True):
    """`percent` and `fixed` are added to a price, which is `minimum` at least."""

    percent: Decimal = Decimal(0)
    fixed: Money | None = None
    minimum: Money | None = None


class PriceRule(msgspec.Struct, frozen=True, kw_only=True):
    """One markup for everything, or others for some carriers and services; the closest one holds alone."""

    general: Markup = Markup()
    carriers: Mapping[str, Markup] = {}
    services: Mapping[str, Markup] = {}


class Discount(msgspec.Struct, frozen=True, kw_only=True):
    """Percents off the carriers' prices: of everything, or others for some carriers."""

    percent: Decimal = Decimal(0)
    carriers: Mapping[str, Decimal] = {}


class NotificationDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """Which statuses of a parcel its buyer is told, by channel."""

    email: tuple[BuyerStatus, ...] = ()
    sms: tuple[BuyerStatus, ...] = ()


class Branding(msgspec.Struct, frozen=True, kw_only=True):
    """How the account's pages and messages to buyers look; `color` is `#rrggbb`. What is empty is not settled."""

    name: str = ""
    logo_url: str = ""
    color: str = ""
    support_email: str = ""
    tracking_page: TrackingPage | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that a platform settles. `price_rule` is None where a plan gives it; without a list everything is allowed."""

    discount_tier: str | None = None
    plan: str | None = None
    price_rule: PriceRule | None = None
    allowed_carriers: tuple[str, ...] | None = None
    allowed_services: tuple[str, ...] | None = None
    label_format: LabelFileType | None = None
    notifications: NotificationDefaults | None = None
    branding: Branding | None = None


class StoredSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account as its platform sees them; before any are settled without revision and dates."""

    account_id: Id
    settings: Settings
    revision: Id | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be settled: `settings`, of which only the fields of `names` are meant (None: all). `expected` is the
    revision that the caller has seen (`""`: none was settled yet; None: whichever)."""

    settings: Settings
    names: frozenset[str] | None = None
    expected: str | None = None
    address: str = ""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for an account now, with the plan and the tier looked up. A managed account for which nothing was
    settled has empty terms of its platform's: its labels are in the platform's ledger."""

    partner_id: Id
    rule: PriceRule = PriceRule()
    discount: Discount = Discount()
    allowed_carriers: frozenset[str] | None = None
    allowed_services: frozenset[str] | None = None
    label_format: LabelFileType | None = None
    notifications: NotificationDefaults | None = None
    branding: Branding | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A price rule of a platform's by its name."""

    name: str
    rule: PriceRule
    created_at: dt.datetime
    updated_at: dt.datetime


class PlanDraft(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope
    name: str
    rule: PriceRule
    address: str = ""


class DiscountTier(msgspec.Struct, frozen=True, kw_only=True):
    """A discount of a platform's by its name."""

    name: str
    discount: Discount
    created_at: dt.datetime
    updated_at: dt.datetime


class DiscountTierDraft(msgspec.Struct, frozen=True, kw_only=True):
    scope: Scope
    name: str
    discount: Discount
    address: str = ""

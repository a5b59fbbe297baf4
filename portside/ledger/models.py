"""A line of a platform's ledger, and sums of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

from portside.kit.ids import Id
from portside.kit.scope import Scope

Kind = Literal["purchase", "refund", "adjustment"]


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """What one purchase at a carrier costs, for all its labels, and whose ledger it goes into."""

    partner_id: Id
    carrier: str
    service_token: str
    cost: Decimal
    charged: Decimal
    currency: str


class LineDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A line to be written; `scope` is the merchant's. Amounts are negative where money goes back."""

    scope: Scope
    partner_id: Id
    kind: Kind
    cost: Decimal
    charged: Decimal
    currency: str
    label_id: Id | None = None
    carrier: str = ""
    service_token: str = ""
    tracking_number: str = ""
    note: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it stands for ever. `account_name` is the merchant's today."""

    id: Id
    account_id: Id
    account_name: str
    kind: Kind
    label_id: Id | None
    carrier: str
    service_token: str
    tracking_number: str
    cost: Decimal
    charged: Decimal
    currency: str
    note: str
    created_at: dt.datetime

    @property
    def margin(self) -> Decimal:
        return self.charged - self.cost


class LineFilter(msgspec.Struct, kw_only=True):
    """Which lines: of one account, of one kind, of one parcel, of a time; None is all."""

    account_id: Id | None = None
    kind: Kind | None = None
    tracking_number: str | None = None
    object_created_gt: dt.datetime | None = None
    object_created_gte: dt.datetime | None = None
    object_created_lt: dt.datetime | None = None
    object_created_lte: dt.datetime | None = None


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one currency together."""

    currency: str
    lines: int
    cost: Decimal
    charged: Decimal

    @property
    def margin(self) -> Decimal:
        return self.charged - self.cost

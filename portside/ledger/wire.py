"""The ledger as platforms read it, and the corrections that they add."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from portside.errors import FieldErrors
from portside.kit.clock import to_wire
from portside.kit.ids import Id, as_id
from portside.kit.money import is_convertible, places
from portside.kit.scope import Scope
from portside.ledger.models import Kind, Line, LineDraft, LineFilter, Total
from portside.rest.parse import REQUIRED, DecimalText
from portside.rest.window import CreatedWindow

COLUMNS = (
    "object_id",
    "object_created",
    "account",
    "account_name",
    "kind",
    "transaction",
    "carrier",
    "servicelevel_token",
    "tracking_number",
    "cost",
    "charged",
    "margin",
    "currency",
    "note",
)
_CENT = Decimal("0.01")
_MOST = 100_000

NO_ACCOUNT = "You manage no such account and none of your apps is connected to one."
NO_LABEL = "Your ledger has no purchase of such a transaction of this account."


class LedgerFilter(CreatedWindow, kw_only=True):
    """Which lines: of one account, of one kind, of one parcel, of a time."""

    account: str | None = None
    kind: Kind | None = None
    tracking_number: str | None = None


class LedgerLineOut(msgspec.Struct, kw_only=True):
    """`cost` is what the carrier asks, `charged` what the account pays, `margin` the difference; all three are negative
    in a refund. A shipment of several parcels has a line for each label, which together are its rate."""

    object_id: str
    object_created: str
    account: str
    account_name: str
    kind: Kind
    transaction: str | None
    carrier: str
    servicelevel_token: str
    tracking_number: str
    cost: str
    charged: str
    margin: str
    currency: str
    note: str
    test: bool


class LedgerTotalOut(msgspec.Struct, kw_only=True):
    currency: str
    lines: int
    cost: str
    charged: str
    margin: str


class LedgerTotals(msgspec.Struct, kw_only=True):
    """What the lines come to, by currency."""

    results: list[LedgerTotalOut]


class AdjustmentIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A correction: what a label cost more (or less, negative) afterwards, and what the account is charged for it."""

    account: str
    currency: Annotated[str, Meta(max_length=3)]
    note: Annotated[str, Meta(max_length=200)]
    cost: DecimalText | None = None
    charged: DecimalText | None = None
    transaction: str | None = None


def line_filter(given: LedgerFilter) -> LineFilter:
    """Raises FieldErrors."""
    account_id = as_id(given.account) if given.account else None
    if given.account and account_id is None:
        raise FieldErrors({"account": ["This is no id of an account."]})
    window = {name: getattr(given, name) for name in CreatedWindow.__struct_fields__}
    number = "".join((given.tracking_number or "").split()).upper() or None
    return LineFilter(account_id=account_id, kind=given.kind, tracking_number=number, **window)


def account_of(given: AdjustmentIn) -> Id:
    """Raises FieldErrors."""
    account_id = as_id(given.account)
    if account_id is None:
        raise FieldErrors({"account": [NO_ACCOUNT]})
    return account_id


def label_of(given: AdjustmentIn) -> Id | None:
    """Raises FieldErrors."""
    label_id = as_id(given.transaction) if given.transaction else None
    if given.transaction and label_id is None:
        raise FieldErrors({"transaction": [NO_LABEL]})
    return label_id


def adjustment(platform: Scope, merchant: Scope, given: AdjustmentIn, of: Line | None) -> LineDraft:
    """The draft of an adjustment, of the label in that line if there is one. Raises FieldErrors."""
    errors: dict[str, Any] = {}
    currency = given.currency.strip().upper()
    if not is_convertible(currency):
        errors["currency"] = [f'"{given.currency[:20]}" is not a currency that amounts can be converted to.']
    elif of is not None and currency != of.currency:
        errors["currency"] = [f"The label was bought in {of.currency}."]
    cost, charged = _amount(given.cost, currency, "cost", errors), _amount(given.charged, currency, "charged", errors)
    if not given.note.strip():
        errors["note"] = [REQUIRED]
    if not errors and not cost and not charged:
        errors["charged"] = ["An adjustment of nothing is none."]
    if errors:
        raise FieldErrors(errors)
    return LineDraft(
        scope=merchant,
        partner_id=platform.account_id,
        kind="adjustment",
        cost=cost,
        charged=charged,
        currency=currency,
        label_id=None if of is None else of.label_id,
        carrier="" if of is None else of.carrier,
        service_token="" if of is None else of.service_token,
        tracking_number="" if of is None else of.tracking_number,
        note=given.note.strip(),
    )


def _amount(text: str | None, currency: str, field: str, errors: dict[str, Any]) -> Decimal:
    amount = Decimal(text or 0)
    if abs(amount) > _MOST:
        errors[field] = [f"Ensure this value is between -{_MOST} and {_MOST}."]
    elif amount != amount.quantize(places(currency)):
        errors[field] = [f"Amounts in {currency} are multiples of {places(currency)}."]
    return amount


def shown(amount: Decimal) -> Decimal:
    """An amount with two places, or as many as it needs: some carriers ask for parts of a cent."""
    cents = amount.quantize(_CENT)
    return cents if cents == amount else amount.normalize()


def line_out(line: Line, scope: Scope) -> LedgerLineOut:
    return LedgerLineOut(
        object_id=line.id,
        object_created=to_wire(line.created_at),
        account=line.account_id,
        account_name=line.account_name,
        kind=line.kind,
        transaction=line.label_id,
        carrier=line.carrier,
        servicelevel_token=line.service_token,
        tracking_number=line.tracking_number,
        cost=format(shown(line.cost), "f"),
        charged=format(shown(line.charged), "f"),
        margin=format(shown(line.margin), "f"),
        currency=line.currency,
        note=line.note,
        test=scope.is_test,
    )


def line_cells(line: Line) -> Sequence[object]:
    """A line as cells of COLUMNS; amounts are numbers."""
    return (
        line.id,
        to_wire(line.created_at),
        line.account_id,
        line.account_name,
        line.kind,
        line.label_id,
        line.carrier,
        line.service_token,
        line.tracking_number,
        shown(line.cost),
        shown(line.charged),
        shown(line.margin),
        line.currency,
        line.note,
    )


def totals_out(totals: Sequence[Total]) -> LedgerTotals:
    return LedgerTotals(
        results=[
            LedgerTotalOut(
                currency=total.currency,
                lines=total.lines,
                cost=format(shown(total.cost), "f"),
                charged=format(shown(total.charged), "f"),
                margin=format(shown(total.margin), "f"),
            )
            for total in totals
        ]
    )

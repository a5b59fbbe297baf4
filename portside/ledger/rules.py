"""Pure facts about ledger lines: how a purchase is divided among its labels."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from portside.kit.ids import Id
from portside.kit.money import places
from portside.kit.scope import Scope
from portside.ledger.models import LineDraft, Sale


def sold(scope: Scope, sale: Sale, labels: Sequence[tuple[Id, str]]) -> list[LineDraft]:
    """The lines of a purchase, one for each of its labels (id and tracking number): together exactly the sale."""
    costs = divided(sale.cost, len(labels), sale.currency)
    prices = divided(sale.charged, len(labels), sale.currency)
    return [
        LineDraft(
            scope=scope,
            partner_id=sale.partner_id,
            kind="purchase",
            cost=cost,
            charged=charged,
            currency=sale.currency,
            label_id=label_id,
            carrier=sale.carrier,
            service_token=sale.service_token,
            tracking_number=number,
        )
        for (label_id, number), cost, charged in zip(labels, costs, prices, strict=True)
    ]


def divided(amount: Decimal, parts: int, currency: str) -> list[Decimal]:
    """An amount in equal parts of the currency's smallest unit; the first takes what does not divide."""
    if not parts:
        return []
    part = (amount / parts).quantize(places(currency), ROUND_FLOOR)
    return [amount - part * (parts - 1), *[part] * (parts - 1)]

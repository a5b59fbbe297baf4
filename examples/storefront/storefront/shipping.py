"""Everything that calls Portside's API: the official `shippo` SDK, pointed at Portside and given a merchant's token.

Where the SDK has no method (changing an order, packing slips, a webhook's secret), the same token goes out with httpx.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import httpx
import requests
import shippo
from shippo.models import components as c
from shippo.models import operations

from storefront.database import Row
from storefront.refusals import ShippingError, refusal, telling

API_VERSION = "2018-02-08"
SECONDS = 20.0
# What a checkout waits for prices, before it goes on with the shop's own.
CHECKOUT_SECONDS = 6.0
BOX = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "mass_unit": "lb"}
# What "buy at once" buys.
AT_ONCE = "usps_ground_advantage"
# What buyers choose from at the checkout. The prices are the carriers'; `flat_rate` is for when they do not answer.
SPEEDS = (
    {"name": "Standard", "description": "In a few days", "flat_rate": "7.90", "services": ["usps_ground_advantage"]},
    {"name": "Express", "description": "As fast as it goes", "flat_rate": "24.90", "services": ["usps_priority"]},
)


@dataclasses.dataclass(frozen=True)
class Offer:
    """What shipping a cart may cost, in cents."""

    title: str
    price: int
    days: int | None


class PatientSession(requests.Session):
    """The SDK sets no timeout of its own, and an answer that never comes must not keep a page for ever."""

    seconds = SECONDS

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        given["timeout"] = self.seconds
        return super().send(request, **given)


class Shipping:
    """Acts for one merchant. `key` makes what is created be created once, however often it is tried."""

    def __init__(self, portside_url: str, access_token: str, *, key: str = "", seconds: float = SECONDS) -> None:
        headers = {"Idempotency-Key": key} if key else {}
        session = PatientSession()
        session.seconds = seconds
        session.headers.update(headers)
        # The SDK writes `ShippoToken` before keys that begin with `shippo_`; others have to bring their scheme.
        authorization = f"Bearer {access_token}"
        self.sdk = shippo.Shippo(
            api_key_header=authorization, server_url=portside_url, shippo_api_version=API_VERSION, client=session
        )
        self._http = httpx.Client(
            base_url=portside_url, timeout=seconds, headers={"Authorization": authorization, **headers}
        )

    # Setting up, once per connection

    def subscribe(self, url: str, *, is_test: bool) -> tuple[str, str]:
        """Have everything that happens in this account sent to `url`; gives the webhook's id and signing secret."""
        with telling():
            known = [hook for hook in self.sdk.webhooks.list_webhooks().results or [] if hook.url == url]
            wanted = c.WebhookUpdateRequest(event=c.WebhookEventTypeEnum.ALL, url=url, active=True, is_test=is_test)
            if known:
                hook = self.sdk.webhooks.update_webhook(webhook_id=known[0].object_id, webhook_update_request=wanted)
            else:
                hook = self.sdk.webhooks.create_webhook(request=wanted)
        secret = self._call("GET", f"/webhooks/{hook.object_id}/secret")["secret"]
        return str(hook.object_id), str(secret)

    def offer_speeds(self) -> None:
        """The merchant's service groups are what the checkout offers; make ours if the merchant has none."""
        with telling():
            if self.sdk.service_groups.list():
                return
            request = operations.ListCarrierAccountsRequest(carrier=c.CarriersEnum.USPS)
            accounts = self.sdk.carrier_accounts.list(request=request).results or []
            for speed in SPEEDS if accounts else ():
                levels = [
                    c.ServiceGroupAccountAndServiceLevel(
                        account_object_id=accounts[0].object_id, service_level_token=token
                    )
                    for token in speed["services"]
                ]
                self.sdk.service_groups.create(
                    request=c.ServiceGroupCreateRequest(
                        name=str(speed["name"]),
                        description=str(speed["description"]),
                        type=c.ServiceGroupTypeEnum.LIVE_RATE,
                        flat_rate=str(speed["flat_rate"]),
                        flat_rate_currency="USD",
                        service_levels=levels,
                    )
                )

    # Checkout

    def live_rates(self, sender: dict[str, str], buyer: dict[str, str], lines: Sequence[Row]) -> list[Offer]:
        """What the buyer may choose from, cheapest first."""
        request = c.LiveRateCreateRequest(
            address_from=c.AddressCompleteCreateRequest(**sender),
            address_to=c.AddressCompleteCreateRequest(**buyer),
            line_items=[line_item(line) for line in lines],
            parcel=c.Parcel(**box(pounds_of(lines))),
        )
        with telling():
            found = self.sdk.rates_at_checkout.create(request=request).results or []
        return [Offer(rate.title, round(Decimal(rate.amount) * 100), rate.estimated_days) for rate in found]

    # Orders

    def push_order(self, order: Row, lines: Sequence[Row], sender: dict[str, str]) -> str:
        """Hand an order over; gives its id there. One order is one call."""
        goods = sum(line["price"] for line in lines)
        request = c.OrderCreateRequest(
            order_number=order["number"],
            order_status=c.OrderStatusEnum.PAID,
            placed_at=order["placed_at"],
            to_address=c.AddressCreateRequest(**buyer_address(order)),
            from_address=c.AddressCreateRequest(**sender),
            line_items=[line_item(line) for line in lines],
            currency="USD",
            subtotal_price=dollars(goods),
            shipping_cost=dollars(order["shipping_price"]),
            shipping_cost_currency="USD",
            shipping_method=order["shipping_title"],
            total_tax="0.00",
            total_price=dollars(order["total"]),
            weight=pounds_of(lines),
            weight_unit=c.WeightUnitEnum.LB,
        )
        with telling():
            return str(self.sdk.orders.create(request=request).object_id)

    def change_address(self, order: Row) -> None:
        self._call("PATCH", f"/orders/{order['portside_id']}", {"to_address": buyer_address(order)})

    def cancel_order(self, portside_id: str) -> None:
        self._call("PATCH", f"/orders/{portside_id}", {"order_status": "CANCELLED"})

    def packing_slip(self, portside_id: str) -> str:
        """The address of a PDF; it works for a day."""
        return str(self._call("GET", f"/orders/{portside_id}/packingslip")["slip_url"])

    # Labels

    def rates(self, order: Row, lines: Sequence[Row], sender: dict[str, str]) -> list[Any]:
        """What the merchant's carriers ask for this order, cheapest first (DF-1, DF-2)."""
        with telling():
            shipment = self.sdk.shipments.create(request=shipment_request(order, lines, sender))
        found = sorted(shipment.rates or [], key=lambda rate: Decimal(rate.amount))
        if not found:
            said = " ".join(message.text for message in shipment.messages or [] if message.text)
            raise ShippingError(said or "No carrier offers a rate for this order.")
        return found

    def buy(self, rate_id: str, order: Row) -> dict[str, Any]:
        """A label for a rate (DF-3). Buying the same rate again gives the same label."""
        request = c.TransactionCreateRequest(
            rate=rate_id,
            order=order["portside_id"],
            metadata=f"order {order['number']}",
            label_file_type=c.LabelFileTypeEnum.PDF_4X6,
            async_=False,
        )
        with telling():
            return as_json(self.sdk.transactions.create(request=request))

    def buy_at_once(self, order: Row, lines: Sequence[Row], sender: dict[str, str]) -> dict[str, Any]:
        """A label in one call, without looking at rates (DF-3b); `key` keeps a second click from buying again."""
        with telling():
            listed = self.sdk.carrier_accounts.list(
                request=operations.ListCarrierAccountsRequest(carrier=c.CarriersEnum.USPS)
            )
            if not listed.results:
                raise ShippingError("Buying at once uses USPS, and this account has no USPS.")
            request = c.InstantTransactionCreateRequest(
                shipment=shipment_request(order, lines, sender),
                carrier_account=listed.results[0].object_id,
                servicelevel_token=AT_ONCE,
                order=order["portside_id"],
                metadata=f"order {order['number']}",
                label_file_type=c.LabelFileTypeEnum.PDF_4X6,
                async_=False,
            )
            return as_json(self.sdk.transactions.create(request=request))

    def provider(self, rate_id: str) -> str:
        """Which carrier a rate is of; a label's webhook does not say."""
        with telling():
            return str(self.sdk.rates.get(rate_id=rate_id).provider)

    def refund(self, transaction_id: str) -> None:
        with telling():
            self.sdk.refunds.create(transaction=transaction_id, async_=False)

    # Tracking

    def track(self, carrier: str, number: str) -> dict[str, Any]:
        """What the carrier says now (DF-6, DF-7)."""
        with telling():
            return as_json(self.sdk.tracking_status.get(carrier=carrier, tracking_number=number))

    def follow(self, carrier: str, number: str, metadata: str) -> dict[str, Any]:
        """Hear of a parcel whose label was bought elsewhere."""
        with telling():
            return as_json(self.sdk.tracking_status.create(carrier=carrier, tracking_number=number, metadata=metadata))

    def advance(self, number: str = "") -> None:
        """Let a day pass at the simulated carriers, or the time until this parcel's next scan; in test mode only."""
        body: dict[str, Any] = {"to_next_scan": True, "tracking_number": number} if number else {"days": 1}
        self._call("POST", "/simulator/advance", body)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ShippingError("Portside cannot be reached just now.") from error
        if answer.is_error:
            raise refusal(answer.status_code, answer.text)
        return answer.json()


def as_json(found: Any) -> dict[str, Any]:
    """An object of the SDK as webhooks bring it, so that news have one shape whichever way they come."""
    plain: dict[str, Any] = json.loads(found.to_json())
    return plain


def shipment_request(order: Row, lines: Sequence[Row], sender: dict[str, str]) -> Any:
    return c.ShipmentCreateRequest(
        address_from=c.AddressCreateRequest(**sender),
        address_to=c.AddressCreateRequest(**buyer_address(order)),
        parcels=[c.ParcelCreateRequest(**box(pounds_of(lines)))],
        metadata=f"order {order['number']}",
        async_=False,
    )


def buyer_address(order: Row) -> dict[str, str]:
    fields = ("name", "street1", "street2", "city", "state", "zip", "country", "phone", "email")
    return {field: order[field] for field in fields}


def box(pounds: str) -> dict[str, str]:
    return {**BOX, "weight": pounds}


def line_item(line: Row) -> Any:
    return c.LineItem(
        title=line["title"],
        sku=line["product_id"],
        quantity=line["quantity"],
        total_price=dollars(line["price"]),
        currency="USD",
        weight=line["pounds"],
        weight_unit=c.WeightUnitEnum.LB,
    )


def pounds_of(lines: Sequence[Row]) -> str:
    return str(sum(Decimal(line["pounds"]) for line in lines))


def dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"

"""What the SDK's tests send, made of the SDK's own request models."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from shippo.models import components, errors

UNKNOWN = "0" * 32


def sender(**changes: Any) -> components.AddressCreateRequest:
    given = {
        "name": "Alice Example",
        "company": "Alice Ltd",
        "street1": "215 Clayton St",
        "city": "San Francisco",
        "state": "CA",
        "zip": "94117",
        "country": "US",
        "phone": "+1 555 341 9393",
        "email": "alice@example.com",
    }
    return components.AddressCreateRequest(**{**given, **changes})


def buyer(**changes: Any) -> components.AddressCreateRequest:
    given = {"name": "Carla Buyer", "street1": "965 Mission St", "street2": "Ste 572", "zip": "94103"}
    return sender(**{**given, **changes})


def buyer_abroad() -> components.AddressCreateRequest:
    return sender(
        name="Tom Sample", street1="159 Broadhurst Gardens", city="London", state="", zip="NW6 3AU", country="GB"
    )


def complete_address(**changes: Any) -> components.AddressCompleteCreateRequest:
    given = {
        "name": "Alice Example",
        "street1": "215 Clayton St",
        "city": "San Francisco",
        "state": "CA",
        "zip": "94117",
        "country": "US",
        "phone": "+1 555 341 9393",
        "email": "alice@example.com",
    }
    return components.AddressCompleteCreateRequest(**{**given, **changes})


def parcel(**changes: Any) -> components.ParcelCreateRequest:
    given = {
        "length": "10",
        "width": "8",
        "height": "4.5",
        "distance_unit": components.DistanceUnitEnum.IN,
        "weight": "2",
        "mass_unit": components.WeightUnitEnum.LB,
    }
    return components.ParcelCreateRequest(**{**given, **changes})


def customs_item(**changes: Any) -> components.CustomsItemCreateRequest:
    given = {
        "description": "Brass compass",
        "quantity": 1,
        "net_weight": "1.5",
        "mass_unit": components.WeightUnitEnum.LB,
        "value_amount": "20",
        "value_currency": "USD",
        "origin_country": "US",
    }
    return components.CustomsItemCreateRequest(**{**given, **changes})


def declaration(**changes: Any) -> components.CustomsDeclarationCreateRequest:
    given = {
        "contents_type": components.CustomsDeclarationContentsTypeEnum.MERCHANDISE,
        "non_delivery_option": components.CustomsDeclarationNonDeliveryOptionEnum.RETURN,
        "certify": True,
        "certify_signer": "Alice Example",
        "incoterm": components.CustomsDeclarationIncotermEnum.DDP,
        "eel_pfc": components.CustomsDeclarationEelPfcEnum.NOEEI_30_37_A,
        "items": [customs_item()],
    }
    return components.CustomsDeclarationCreateRequest(**{**given, **changes})


def shipment_request(**changes: Any) -> components.ShipmentCreateRequest:
    given = {"address_from": sender(), "address_to": buyer(), "parcels": [parcel()], "async_": False}
    return components.ShipmentCreateRequest(**{**given, **changes})


def order_request(**changes: Any) -> components.OrderCreateRequest:
    given = {
        "to_address": buyer(),
        "from_address": sender(),
        "line_items": [line_item()],
        "placed_at": moment(),
        "order_number": "#1068",
        "order_status": components.OrderStatusEnum.PAID,
        "shipping_cost": "12.83",
        "shipping_cost_currency": "USD",
        "shipping_method": "USPS First Class Package",
        "subtotal_price": "12.10",
        "total_price": "24.93",
        "total_tax": "0.00",
        "currency": "USD",
        "weight": "0.40",
        "weight_unit": components.WeightUnitEnum.LB,
    }
    return components.OrderCreateRequest(**{**given, **changes})


def line_item(**changes: Any) -> components.LineItem:
    given = {
        "title": "Demo magazine",
        "sku": "DM-123",
        "quantity": 1,
        "total_price": "12.10",
        "currency": "USD",
        "weight": "0.40",
        "weight_unit": components.WeightUnitEnum.LB,
    }
    return components.LineItem(**{**given, **changes})


def later(**given: float) -> dt.datetime:
    """Now and that much."""
    return dt.datetime.now(dt.UTC) + dt.timedelta(**given)


def moment(**given: float) -> str:
    """Now and that much, as the API writes moments."""
    return later(**given).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@contextmanager
def refused(status: int, *said: str) -> Iterator[None]:
    """The SDK raises for an answer with this status whose body says all that."""
    with pytest.raises(errors.SDKError) as caught:
        yield
    assert caught.value.status_code == status, caught.value.body
    assert [text for text in said if text not in caught.value.body] == []

"""What clients write into `extra`, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from portside.errors import FieldErrors
from portside.shipments.extra import NO_BILLING_ACCOUNT, normal_extra


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        ({"signature_confirmation": True}, {"signature_confirmation": "STANDARD"}),
        ({"signature_confirmation": "True"}, {"signature_confirmation": "STANDARD"}),
        ({"signature_confirmation": "adult"}, {"signature_confirmation": "ADULT"}),
        ({"signature_confirmation": "DIRECT"}, {"signature_confirmation": "STANDARD"}),
        ({"signature_confirmation": False}, {}),
        ({"signature_confirmation": "False"}, {}),
        ({"signature_confirmation": ""}, {}),
        ({"signature_confirmation": None}, {}),
        ({"is_return": "true", "saturday_delivery": 0}, {"is_return": True, "saturday_delivery": False}),
        (
            {"insurance": {"amount": 200, "currency": "usd", "content": "pedal", "provider": ""}},
            {"insurance": {"amount": "200", "currency": "USD", "content": "pedal"}},
        ),
        (
            {"COD": {"amount": "12.50", "currency": "USD"}},
            {"COD": {"amount": "12.50", "currency": "USD", "payment_method": "ANY"}},
        ),
        ({"insurance": {}, "COD": {}, "billing": None, "alcohol": {}}, {}),
        (
            {"billing": {"type": "RECIPIENT", "account": 123456, "zip": 94117}},
            {"billing": {"type": "RECIPIENT", "account": "123456", "zip": "94117"}},
        ),
        ({"reference_1": 42, "reference_2": ""}, {"reference_1": "42"}),
        ({"po_number": {"value": "PO", "ref_sort": "2"}}, {"po_number": {"value": "PO", "ref_sort": 2}}),
        ({"preferred_delivery_timeframe": 10001200}, {"preferred_delivery_timeframe": "10001200"}),
        (
            {"dry_ice": {"contains_dry_ice": "1", "weight": 1.5}},
            {"dry_ice": {"contains_dry_ice": True, "weight": "1.5"}},
        ),
        (
            {"dangerous_goods": {"contains": True, "lithium_batteries": {"contains": "true"}}},
            {"dangerous_goods": {"contains": True, "lithium_batteries": {"contains": True}}},
        ),
        ({"lasership_attrs": ["Alcohol"]}, {"lasership_attrs": ["Alcohol"]}),
        ({"return_service_type": "NO_RETURN"}, {"return_service_type": "NO_RETURN"}),
        ({"something_new": {"deep": [1, "a"]}}, {"something_new": {"deep": [1, "a"]}}),
    ],
)
def test_loose_writing_is_made_exact(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert normal_extra(sent) == kept


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"signature_confirmation": "MAYBE"}, ["signature_confirmation"]),
        ({"signature_confirmation": {"a": 1}}, ["signature_confirmation"]),
        ({"insurance": {"amount": "lots", "currency": "USD"}}, ["insurance", "amount"]),
        ({"insurance": {"amount": "-1", "currency": "USD"}}, ["insurance", "amount"]),
        ({"insurance": {"amount": "1", "currency": "dollars"}}, ["insurance", "currency"]),
        ({"insurance": {"amount": "1", "currency": "USD", "provider": "ACME"}}, ["insurance", "provider"]),
        ({"insurance": "all of it"}, ["insurance"]),
        ({"COD": {"amount": "5", "currency": "USD", "payment_method": "IOU"}}, ["COD", "payment_method"]),
        ({"billing": {"type": "FRIEND", "account": "1"}}, ["billing", "type"]),
        ({"return_service_type": "CATAPULT"}, ["return_service_type"]),
        ({"lasership_attrs": ["Alcohol", "Confetti"]}, ["lasership_attrs"]),
        ({"reference_1": "x" * 51}, ["reference_1"]),
        ({"is_return": "perhaps"}, ["is_return"]),
        ({"alcohol": {"contains_alcohol": True, "recipient_type": "me"}}, ["alcohol", "recipient_type"]),
    ],
)
def test_what_makes_no_sense_is_named(sent: dict[str, Any], path: list[str]) -> None:
    with pytest.raises(FieldErrors) as caught:
        normal_extra(sent)
    errors: Any = caught.value.errors["extra"]
    for name in path:
        assert list(errors[0]) == [name]
        errors = errors[0][name]


def test_billing_needs_an_account() -> None:
    with pytest.raises(FieldErrors) as caught:
        normal_extra({"billing": {"type": "SENDER"}})
    assert caught.value.errors == {"extra": [NO_BILLING_ACCOUNT]}


def test_bottomless_values_are_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(FieldErrors):
        normal_extra({"unknown": deep})

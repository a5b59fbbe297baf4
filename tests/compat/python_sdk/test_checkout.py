"""Parcel templates, service groups and rates at checkout through the SDK."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import shippo
from shippo.models import components

from tests.compat.python_sdk.bodies import UNKNOWN, complete_address, line_item, refused

POUND = components.WeightUnitEnum.LB
INCH = components.DistanceUnitEnum.IN


def test_carriers_templates_are_listed_and_retrieved(sdk: shippo.Shippo) -> None:
    everybody = sdk.carrier_parcel_templates.list().results
    assert {template.carrier for template in everybody} >= {"USPS", "FedEx"}
    usps = sdk.carrier_parcel_templates.list(carrier="usps").results
    assert usps and {template.carrier.lower() for template in usps} == {"usps"}
    one = sdk.carrier_parcel_templates.get(carrier_parcel_template_token=usps[0].token)
    assert (one.token, float(one.length) > 0) == (usps[0].token, True)
    with refused(404):
        sdk.carrier_parcel_templates.get(carrier_parcel_template_token="NoSuchTemplate")


@contextmanager
def own_template(sdk: shippo.Shippo) -> Iterator[components.UserParcelTemplate]:
    request = components.UserParcelTemplateWithoutCarrierTemplateCreateRequest(
        name="My box", length="6", width="3", height="9", distance_unit=INCH, weight="12", weight_unit=POUND
    )
    made = sdk.user_parcel_templates.create(request=request)
    yield made
    sdk.user_parcel_templates.delete(user_parcel_template_object_id=made.object_id)
    with refused(404):
        sdk.user_parcel_templates.get(user_parcel_template_object_id=made.object_id)


def test_own_templates_are_kept(sdk: shippo.Shippo) -> None:
    with own_template(sdk) as made:
        assert (made.name, float(made.length)) == ("My box", 6.0)
        assert sdk.user_parcel_templates.get(user_parcel_template_object_id=made.object_id).name == "My box"
        assert made.object_id in {entry.object_id for entry in sdk.user_parcel_templates.list().results}
        change = components.UserParcelTemplateUpdateRequest(
            name="My bigger box", length="7", width="3", height="9", distance_unit=INCH
        )
        changed = sdk.user_parcel_templates.update(
            user_parcel_template_object_id=made.object_id, user_parcel_template_update_request=change
        )
        assert (changed.name, float(changed.length)) == ("My bigger box", 7.0)


def test_an_own_template_of_a_carriers_template(sdk: shippo.Shippo) -> None:
    request = components.UserParcelTemplateWithCarrierTemplateCreateRequest(
        template="USPS_FlatRatePaddedEnvelope", weight="1", weight_unit=POUND
    )
    made = sdk.user_parcel_templates.create(request=request)
    assert made.template is not None and made.template.token == "USPS_FlatRatePaddedEnvelope"
    sdk.user_parcel_templates.delete(user_parcel_template_object_id=made.object_id)


def group_of(account: str) -> dict[str, object]:
    return {
        "name": "In a few days",
        "description": "compat",
        "type": components.ServiceGroupTypeEnum.LIVE_RATE,
        "flat_rate": "5",
        "flat_rate_currency": "USD",
        "service_levels": [
            components.ServiceGroupAccountAndServiceLevel(account_object_id=account, service_level_token=token)
            for token in ("usps_priority", "usps_ground_advantage")
        ],
    }


@pytest.fixture
def group(sdk: shippo.Shippo, usps: str) -> Iterator[components.ServiceGroup]:
    request = components.ServiceGroupCreateRequest(
        **group_of(usps),
        free_shipping_threshold_min="500",
        free_shipping_threshold_currency="USD",
        rate_adjustment=15,
    )
    made = sdk.service_groups.create(request=request)
    yield made
    sdk.service_groups.delete(service_group_id=made.object_id)
    with refused(404):
        sdk.service_groups.delete(service_group_id=made.object_id)


def test_service_groups_are_kept(sdk: shippo.Shippo, usps: str, group: components.ServiceGroup) -> None:
    assert (group.name, len(group.service_levels)) == ("In a few days", 2)
    assert [entry.object_id for entry in sdk.service_groups.list()] == [group.object_id]
    given = {**group_of(usps), "description": "changed", "is_active": True}
    request = components.ServiceGroupUpdateRequest(object_id=group.object_id, **given)
    assert sdk.service_groups.update(request=request).description == "changed"


def test_a_group_of_a_strangers_account_is_refused(sdk: shippo.Shippo) -> None:
    with refused(400):
        sdk.service_groups.create(request=components.ServiceGroupCreateRequest(**group_of(UNKNOWN)))


def test_a_checkout_is_offered_the_group(sdk: shippo.Shippo, group: components.ServiceGroup) -> None:
    box = components.Parcel(length="10", width="15", height="10", distance_unit=INCH, weight="1", mass_unit=POUND)
    request = components.LiveRateCreateRequest(
        address_from=complete_address(),
        address_to=complete_address(name="Carla Buyer", zip="94132"),
        line_items=[line_item()],
        parcel=box,
    )
    (offer,) = sdk.rates_at_checkout.create(request=request).results
    assert offer.title == group.name and float(offer.amount) > 0


def test_the_default_parcel_serves_a_checkout_without_one(sdk: shippo.Shippo, group: components.ServiceGroup) -> None:
    with own_template(sdk) as template:
        sdk.rates_at_checkout.update_default_parcel_template(object_id=template.object_id)
        kept = sdk.rates_at_checkout.get_default_parcel_template().result
        assert kept is not None and kept.object_id == template.object_id
        request = components.LiveRateCreateRequest(
            address_from=complete_address(), address_to=complete_address(zip="94132"), line_items=[line_item()]
        )
        assert [offer.title for offer in sdk.rates_at_checkout.create(request=request).results] == [group.name]
        sdk.rates_at_checkout.delete_default_parcel_template()
        assert sdk.rates_at_checkout.get_default_parcel_template().result is None

"""Parcels through the SDK, and pages as it walks them."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
import shippo
from shippo.models import components

from tests.compat.conftest import Merchant
from tests.compat.python_sdk.bodies import UNKNOWN, parcel, refused


def test_a_parcel_is_created_retrieved_and_listed(sdk: shippo.Shippo) -> None:
    made = sdk.parcels.create(request=parcel(metadata="compat"))
    assert (float(made.height), made.distance_unit, made.mass_unit) == (
        4.5,
        components.DistanceUnitEnum.IN,
        components.WeightUnitEnum.LB,
    )
    found = sdk.parcels.get(parcel_id=made.object_id)
    assert (found.object_id, found.metadata, float(found.weight)) == (made.object_id, "compat", 2.0)
    assert sdk.parcels.list(page=1, results=1).results == [found]


def test_a_carriers_template_gives_the_dimensions(sdk: shippo.Shippo) -> None:
    template = components.ParcelTemplateUSPSEnum.USPS_FLAT_RATE_PADDED_ENVELOPE
    request = components.ParcelCreateFromTemplateRequest(
        template=template, weight="1", mass_unit=components.WeightUnitEnum.LB
    )
    made = sdk.parcels.create(request=request)
    assert made.template == template
    assert (float(made.length), float(made.width)) == (12.5, 9.5)


@pytest.mark.parametrize(
    ("field", "value"), [("weight", "heavy"), ("weight", "-1"), ("length", "nan"), ("distance_unit", None)]
)
def test_a_bad_measure_is_named(sdk: shippo.Shippo, field: str, value: str | None) -> None:
    with refused(400, field):
        sdk.parcels.create(request=parcel(**{field: value}))


def test_an_unknown_parcel_is_404(sdk: shippo.Shippo) -> None:
    with refused(404, "Not found."):
        sdk.parcels.get(parcel_id=UNKNOWN)


def test_pages_are_walked_without_gaps_or_repeats(sdk: shippo.Shippo) -> None:
    made = [sdk.parcels.create(request=parcel()).object_id for _ in range(5)][::-1]
    seen: list[str] = []
    for page in range(1, 100):
        found = sdk.parcels.list(page=page, results=2)
        assert len(found.results) <= 2
        seen += [entry.object_id for entry in found.results]
        if not found.next:
            break
        assert re.match(r"http://127\.0\.0\.1:\d+/parcels", found.next)
        assert "results=2" in found.next and f"page={page + 1}" in found.next
    assert len(seen) == len(set(seen))
    assert seen[:5] == made


def test_the_next_link_is_followed_verbatim(sdk: shippo.Shippo, owner: Merchant) -> None:
    for _ in range(3):
        sdk.parcels.create(request=parcel())
    first = sdk.parcels.list(page=1, results=2)
    assert first.previous is None
    request = urllib.request.Request(first.next, headers={"Authorization": f"ShippoToken {owner.token}"})
    with urllib.request.urlopen(request) as answer:
        second = json.load(answer)
    assert second["previous"]
    assert second["results"][0]["object_id"] == sdk.parcels.list(page=2, results=2).results[0].object_id

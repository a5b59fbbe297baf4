"""Carts that cannot be answered, each with the fields that are wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.checkout import BUYER, CART, LINE, PARCEL, made_group

UNKNOWN = "0" * 32
_WEIGHTLESS = {key: value for key, value in LINE.items() if not key.startswith("weight")}
_SIZE = {key: value for key, value in PARCEL.items() if key not in ("weight", "mass_unit")}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"address_to": None}, {"address_to": ["This field may not be null."]}),
        ({"address_to": ""}, {"address_to": ["This field is required."]}),
        ({"address_to": UNKNOWN}, {"address_to": ["Address with supplied object_id not found."]}),
        ({"address_to": BUYER | {"zip": ""}}, {"address_to": [{"zip": ["This field is required."]}]}),
        ({"address_to": BUYER | {"state": ""}}, {"address_to": [{"state": ["This field is required."]}]}),
        ({"address_from": {"country": "US"}}, None),
        ({"address_from": BUYER | {"country": "Atlantis"}}, None),
        ({"address_from": None}, None),
        ({"line_items": None}, {"line_items": ["This field may not be null."]}),
        ({"line_items": [LINE, LINE | {"weight": "-1"}]}, None),
        (
            {"line_items": [LINE | {"weight_unit": None}]},
            {"line_items": [{"weight_unit": ["This field is required."]}]},
        ),
        ({"line_items": [LINE | {"total_price": "cheap"}]}, None),
        ({"line_items": [LINE | {"weight": "999999", "weight_unit": "lb"}]}, None),
        ({"parcel": None}, None),
        ({"parcel": UNKNOWN}, {"parcel": ["UserParcelTemplate with supplied object_id not found."]}),
        ({"parcel": "no id"}, {"parcel": ["UserParcelTemplate with supplied object_id not found."]}),
        ({"parcel": {"weight": "1", "mass_unit": "lb"}}, None),
        ({"parcel": PARCEL | {"mass_unit": None}}, {"parcel": [{"mass_unit": ["This field is required."]}]}),
        ({"parcel": PARCEL | {"weight": "0"}}, {"parcel": [{"weight": ["Ensure this value is greater than 0."]}]}),
        ({"parcel": PARCEL | {"template": "NoSuchTemplate"}}, None),
    ],
)
async def test_a_wrong_field_is_named(
    api: httpx.AsyncClient, changes: dict[str, Any], errors: dict[str, Any] | None
) -> None:
    await made_group(api)
    answer = await api.post("/live-rates", json={**CART, **changes})
    assert (answer.status_code, list(answer.json())) == (400, list(changes))
    assert errors is None or answer.json() == errors


async def test_all_that_is_wrong_is_said_at_once(api: httpx.AsyncClient) -> None:
    await made_group(api)
    answer = await api.post("/live-rates", json={"address_to": UNKNOWN, "line_items": [LINE]})
    assert (answer.status_code, set(answer.json())) == (400, {"address_to", "address_from", "parcel"})


@pytest.mark.parametrize("lines", [[], [_WEIGHTLESS], [LINE, _WEIGHTLESS], [LINE | {"weight": "0"}]])
async def test_somebody_must_say_what_the_parcel_weighs(api: httpx.AsyncClient, lines: list[dict[str, Any]]) -> None:
    await made_group(api)
    cart = {**CART, "line_items": lines}
    refused = await api.post("/live-rates", json=cart | {"parcel": _SIZE})
    assert (refused.status_code, list(refused.json())) == (400, ["line_items"])
    assert (await api.post("/live-rates", json=cart)).status_code == 200


async def test_a_cart_ends_somewhere(api: httpx.AsyncClient) -> None:
    answer = await api.post("/live-rates", json={**CART, "line_items": [LINE] * 1001})
    assert answer.json() == {"line_items": ["A cart may have at most 1000 line items."]}

"""Parcels over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from portside.carriers.templates import templates

SIZES: dict[str, Any] = {"length": "10", "width": "8.50", "height": 4, "distance_unit": "in"}
PARCEL: dict[str, Any] = {**SIZES, "weight": "2", "mass_unit": "lb"}
KEYS = """
    object_state object_created object_updated object_id object_owner template length width height distance_unit
    weight mass_unit value_amount value_currency metadata extra line_items test
"""


async def test_a_parcel_is_created_as_sent_and_read_with_four_decimals(api: httpx.AsyncClient) -> None:
    made = await api.post("/parcels/", json={**PARCEL, "template": "", "metadata": "probe"})
    assert made.status_code == 201
    body = made.json()
    assert (body["length"], body["width"], body["height"], body["weight"]) == ("10", "8.50", "4", "2")
    assert body["template"] is None and body["extra"] == {} and body["line_items"] == [] and body["test"] is True
    read = (await api.get(f"/parcels/{body['object_id']}")).json()
    assert read == {**body, "length": "10.0000", "width": "8.5000", "height": "4.0000", "weight": "2.0000"}
    assert (await api.get("/v1/parcels/")).json()["results"] == [read]


async def test_a_parcel_has_the_documented_keys(api: httpx.AsyncClient) -> None:
    body = (await api.post("/parcels", json=PARCEL)).json()
    assert set(body) == set(KEYS.split())
    assert body["object_state"] == "VALID" and "@" in body["object_owner"] and body["metadata"] == ""


async def test_a_template_brings_its_dimensions(api: httpx.AsyncClient) -> None:
    given = {"template": "USPS_FlatRatePaddedEnvelope", "weight": "1", "mass_unit": "lb", "length": "99"}
    body = (await api.post("/parcels", json=given)).json()
    assert [body[key] for key in ("length", "width", "height", "distance_unit")] == ["12.50", "9.50", "1.00", "in"]
    assert body["template"] == "USPS_FlatRatePaddedEnvelope"


async def test_a_template_without_dimensions_needs_the_senders(api: httpx.AsyncClient) -> None:
    plain = {"template": "UPS_MI_Flat", "weight": "1", "mass_unit": "oz"}
    missing = await api.post("/parcels", json=plain)
    assert missing.status_code == 400 and set(missing.json()) == {"length", "width", "height", "distance_unit"}
    made = await api.post("/parcels", json={**plain, **SIZES})
    assert made.status_code == 201 and made.json()["length"] == "10"


async def test_a_soft_pack_needs_length_and_width_only(api: httpx.AsyncClient) -> None:
    soft = {"template": "USPS_SoftPack", "weight": "1", "mass_unit": "oz", "distance_unit": "in"}
    assert set((await api.post("/parcels", json=soft)).json()) == {"length", "width"}
    made = (await api.post("/parcels", json={**soft, "length": "9", "width": "6"})).json()
    assert (made["length"], made["width"], made["height"]) == ("9", "6", "0")


async def test_a_parcel_as_it_was_read_can_be_sent_again(api: httpx.AsyncClient) -> None:
    made = (await api.post("/parcels", json={**PARCEL, "extra": {"reference_1": "a"}})).json()
    read = (await api.get(f"/parcels/{made['object_id']}")).json()
    again = (await api.post("/parcels", json=read)).json()
    same = set(read) - {"object_id", "object_created", "object_updated"}
    assert {key: again[key] for key in same} == {key: read[key] for key in same}


async def test_extras_are_normalised(api: httpx.AsyncClient) -> None:
    extra = {
        "COD": {"amount": 20, "currency": "usd"},
        "insurance": {"amount": "200.5", "currency": "usd", "content": "lamp", "provider": ""},
        "reference_1": 17,
        "unknown": True,
    }
    expected = {
        "COD": {"amount": "20", "currency": "USD", "payment_method": "ANY"},
        "insurance": {"amount": "200.5", "currency": "USD", "content": "lamp"},
        "reference_1": "17",
    }
    made = (await api.post("/parcels", json={**PARCEL, "extra": extra})).json()
    assert made["extra"] == expected
    assert (await api.get(f"/parcels/{made['object_id']}")).json()["extra"] == expected
    nothing = {"insurance": {"amount": "0", "currency": ""}, "COD": {}}
    assert (await api.post("/parcels", json={**PARCEL, "extra": nothing})).json()["extra"] == {}
    as_text = await api.post("/parcels", data={**PARCEL, "extra": '{reference_2: \'x\', "reference_1": "y"}'})
    assert as_text.status_code == 400 and list(as_text.json()) == ["extra"]
    bare = await api.post("/parcels", data={**PARCEL, "extra": '{reference_1: "y"}'})
    assert bare.json()["extra"] == {"reference_1": "y"}


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"mass_unit": None}, {"mass_unit": ["This field may not be null."]}),
        ({"mass_unit": "lbs"}, {"mass_unit": ['"lbs" is not a valid choice.']}),
        ({"distance_unit": "inch"}, {"distance_unit": ['"inch" is not a valid choice.']}),
        ({"weight": "heavy"}, {"weight": ["A valid number is required."]}),
        ({"weight": "-1"}, {"weight": ["Ensure this value is greater than 0."]}),
        ({"weight": 0}, {"weight": ["Ensure this value is greater than 0."]}),
        ({"weight": "NaN"}, {"weight": ["A valid number is required."]}),
        ({"weight": "1e400"}, {"weight": ["A valid number is required."]}),
        ({"weight": True}, {"weight": ["A valid number is required."]}),
        ({"length": "1234567"}, {"length": ["Ensure that there are no more than 6 digits before the decimal point."]}),
        ({"length": 1.00001}, {"length": ["Ensure that there are no more than 4 decimal places."]}),
        ({"width": "", "height": "0"}, {"width": None, "height": None}),
        ({"template": "USPS_Nothing"}, {"template": ['"USPS_Nothing" is not a valid choice.']}),
        ({"metadata": "x" * 101}, {"metadata": ["Ensure this field has no more than 100 characters."]}),
        ({"metadata": "a\x00b"}, {"metadata": ["Null characters are not allowed."]}),
        ({"extra": "text"}, {"extra": None}),
        ({"extra": {"reference_1": "x" * 51}}, {"extra": None}),
        ({"extra": {"COD": {"amount": "1"}}}, {"extra": [{"COD": [{"currency": ["This field is required."]}]}]}),
        ({"extra": {"COD": {"amount": "0", "currency": "USD"}}}, {"extra": None}),
        (
            {"extra": {"insurance": {"amount": "-1", "currency": "dollars"}}},
            {
                "extra": [
                    {
                        "insurance": [
                            {
                                "amount": ["Ensure this value is greater than or equal to 0."],
                                "currency": ["Invalid currency. Use an ISO 4217 code."],
                            }
                        ]
                    }
                ]
            },
        ),
        ({"extra": {"insurance": {"content": "a lamp"}}}, {"extra": None}),
        ({"extra": {"insurance": {"amount": "1", "currency": "USD", "provider": "ACME"}}}, {"extra": None}),
    ],
)
async def test_a_wrong_field_is_named(
    api: httpx.AsyncClient, change: dict[str, Any], errors: dict[str, list[Any] | None]
) -> None:
    answer = await api.post("/parcels", json={**PARCEL, **change})
    assert answer.status_code == 400
    assert set(answer.json()) == set(errors)
    for field, expected in errors.items():
        assert expected is None or answer.json()[field] == expected


async def test_the_dust_of_a_clients_floats_is_no_mistake(api: httpx.AsyncClient) -> None:
    answer = await api.post("/parcels", json={**PARCEL, "weight": 0.1 + 0.2})
    assert (answer.status_code, answer.json()["weight"]) == (201, "0.3")


@pytest.mark.parametrize("template", ["", "No_Such_Box"])
async def test_everything_wrong_is_named_at_once(api: httpx.AsyncClient, template: str) -> None:
    wrong = {"weight": "-1", "mass_unit": "lbs", "metadata": "x" * 101}
    wrong |= {"template": template} if template else {"length": "0", "height": "1.23456", "width": "x"}
    answer = await api.post("/parcels", json={**SIZES, **wrong})
    assert answer.status_code == 400 and set(answer.json()) == set(wrong)


async def test_everything_missing_is_named_at_once(api: httpx.AsyncClient) -> None:
    required = "This field is required."
    box, mass = ("length", "width", "height", "distance_unit"), ("weight", "mass_unit")
    assert (await api.post("/parcels", json={})).json() == {key: [required] for key in (*box, *mass)}
    answer = await api.post("/parcels", json={"weight": "1", "mass_unit": "lb"})
    assert answer.json() == {key: [required] for key in box}
    answer = await api.post("/parcels", json={"template": "USPS_FlatRateEnvelope"})
    assert answer.json() == {key: [required] for key in mass}


async def test_missing_and_foreign_look_the_same(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/parcels", json=PARCEL)).json()["object_id"]
    foreign = await charlie_api.get(f"/parcels/{made}")
    missing = await charlie_api.get("/parcels/" + "0" * 32)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json() == {"detail": "Not found."}
    assert (await charlie_api.get("/parcels")).json()["results"] == []


async def test_every_template_can_be_sent(api: httpx.AsyncClient) -> None:
    assert len(templates()) == 68
    for token in ("UPS_MI_MEDIA_MAIL", "DHLeC_SM_Flats", "DPD_UK_Express_Pak", "Fastway_Australia_Satchel_A2"):
        made = await api.post("/parcels", json={**PARCEL, "template": token})
        assert made.status_code == 201 and made.json()["template"] == token

"""Validating addresses: what is judged how (a table), and what clients see of it over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from portside.addresses.models import Address, Validation
from portside.addresses.validation.judge import validated
from portside.kit.ids import Id
from tests.orders.data import order_body

# The closed list of Shippo's clients (AddressValidationResultsMessageCodeEnum of its SDKs).
_CODES = """
    verification_error, unknown_street, component_mismatch_error, multiple_match,
    sub_premise_number_invalid, sub_premise_number_missing, premise_number_invalid, premise_number_missing,
    box_number_invalid, box_number_missing, pmb_number_missing, postal_code_change, administrative_area_change,
    locality_change, dependent_locality_change, street_name_change, street_type_change, street_directional_change,
    sub_premise_type_change, sub_premise_number_change, double_dependent_locality_change,
    subadministrative_area_change, subnational_area_change, po_box_change, premise_type_change, house_number_change,
    organization_change, extraneous_information, usps_door_inaccessible, administrative_area_partial, city_partial,
    street_partial, building_partial, subpremise_partial, administrative_area_full, city_full, thoroughfare_full,
    premises_full, subpremise_full, geocoded_street, geocoded_neighborhood, geocoded_community, geocoded_state,
    geocoded_rooftop, geocoded_interpolated_rooftop, invalid_postal_code, postal_code_not_found, empty_request,
    service_error, street_detail_missing, Invalid City/State/Zip, Default Match, Unknown Street, Address Not Found,
    Non-Deliverable ZIP4, Multiple Responses, Invalid Dual Address, Invalid State, Invalid City, Ambiguous Address
    """
CODES = {code.strip() for code in _CODES.split(",")}

# street1|city|state|zip
SF = "215 Clayton St.|San Francisco|CA|94117"


def at(street: str) -> str:
    return f"{street}|San Francisco|CA|94117"


def judged(country: str, row: str, **fields: Any) -> tuple[Address, Validation]:
    street1, city, state, zip_ = row.split("|")
    given = Address(id=Id("0" * 32), country=country, street1=street1, city=city, state=state, zip=zip_, **fields)
    made = validated(given)
    assert made.validation is not None
    for message in made.validation.messages:
        assert message.code in CODES and message.source == "Shippo Address Validator"
        assert message.type in {"address_error", "address_warning"} and message.text.endswith(".")
    return made, made.validation


def lines(address: Address) -> str:
    return "|".join((address.street1, address.city, address.state, address.zip))


GOOD_US: list[tuple[str, str]] = [
    (SF, "215 CLAYTON ST|SAN FRANCISCO|CA|94117"),
    ("215 clayton street|san francisco|California|94117-1913", "215 CLAYTON ST|SAN FRANCISCO|CA|94117-1913"),
    ("965 Mission St #572|San Francisco|ca|941031234", "965 MISSION ST #572|SAN FRANCISCO|CA|94103-1234"),
    ("12 N. Main Street North, Apt. 4|St. Louis|MO|63101", "12 N MAIN ST NORTH APT 4|SAINT LOUIS|MO|63101"),
    ("1600 Pennsylvania Avenue N.W.|Washington|D.C.|20500", "1600 PENNSYLVANIA AVE NW|WASHINGTON|DC|20500"),
    ("One Apple Park Way|Cupertino|CA|95014", "ONE APPLE PARK WAY|CUPERTINO|CA|95014"),
    ("1450 S 800 E|Salt Lake City|UT|84105", "1450 S 800 E|SALT LAKE CITY|UT|84105"),
    ("12-34 150th Street|Whitestone|NY|11357", "12-34 150TH ST|WHITESTONE|NY|11357"),
    ("N6W23001 Bluemound Rd|Waukesha|WI|53188", "N6W23001 BLUEMOUND RD|WAUKESHA|WI|53188"),
    ("1 Knightsbridge Court|Brooklyn Heights|NY|11201", "1 KNIGHTSBRIDGE CT|BROOKLYN HEIGHTS|NY|11201"),
    ("P.O. Box 12|Boston|MA|02108", "PO BOX 12|BOSTON|MA|02108"),
    ("rr 2 box 152|O'Fallon|MO|63366", "RR 2 BOX 152|O FALLON|MO|63366"),
    ("General Delivery|Talkeetna|AK|99676", "GENERAL DELIVERY|TALKEETNA|AK|99676"),
    ("150 Calle San José|San Juan|PR|00901", "150 CALLE SAN JOSÉ|SAN JUAN|PR|00901"),
    ("PSC 3 Box 4120|APO|AP|96309", "PSC 3 BOX 4120|APO|AP|96309"),
]


@pytest.mark.parametrize(("row", "wanted"), GOOD_US)
def test_a_good_us_address_is_written_as_the_postal_service_does(row: str, wanted: str) -> None:
    made, result = judged("US", row)
    assert (result.is_valid, result.messages) == (True, ())
    assert lines(made) == wanted


BAD_US: list[tuple[str, list[str]]] = [
    ("|||", ["empty_request"]),
    ("|San Francisco|CA|94117", ["street_detail_missing"]),
    (at("Clayton St"), ["premise_number_missing"]),
    (at("Clayton St Apt 4"), ["premise_number_missing"]),
    (at("5th Avenue"), ["premise_number_missing"]),
    (at("Highway 50"), ["premise_number_missing"]),
    (at("215"), ["street_detail_missing"]),
    (at("0 Clayton St"), ["premise_number_invalid"]),
    (at("0798987987987 ClaytonKLJLKJL St."), ["premise_number_invalid"]),
    (at("215215 Clayton St."), ["premise_number_invalid"]),
    (at("215 ClaytonKLJLKJL St."), ["unknown_street"]),
    (at("123 asdfasdf"), ["unknown_street"]),
    (at("123 Fake Street"), ["unknown_street"]),
    (at("Foobar"), ["unknown_street"]),
    (at("xxxxx"), ["unknown_street"]),
    (at("PO Box"), ["box_number_missing"]),
    (at("P O Box 000"), ["box_number_invalid"]),
    (at("RR 2"), ["box_number_missing"]),
    ("215 Clayton St|San Francisco|CA|", ["invalid_postal_code"]),
    ("215 Clayton St||CA|", ["invalid_postal_code", "Invalid City"]),
    ("215 Clayton St|San Francisco|CA|9411", ["invalid_postal_code"]),
    ("215 Clayton St|San Francisco|CA|NW6 3AU", ["invalid_postal_code"]),
    ("215 Clayton St|San Francisco|CA|00000", ["postal_code_not_found"]),
    ("215 Clayton St|San Francisco|ZZ|94117", ["Invalid State"]),
    ("215 Clayton St|San Francisco|NY|94117", ["Invalid City/State/Zip"]),
    ("215 Clayton St|San Francisco|CA|74338", ["Invalid City/State/Zip"]),
    ("215 Clayton St|Los Angeles|CA|94117", ["Invalid City/State/Zip"]),
]


@pytest.mark.parametrize(("row", "codes"), BAD_US)
def test_a_us_address_that_cannot_be_delivered_is_invalid(row: str, codes: list[str]) -> None:
    made, result = judged("US", row, metadata="kept")
    assert not result.is_valid and not made.is_complete
    assert [message.code for message in result.messages if message.type == "address_error"] == codes
    assert (made.latitude, made.longitude, made.metadata) == (None, None, "kept")


CORRECTED_US: list[tuple[str, str, list[str]]] = [
    ("1 Main St|Sam Fransisco|CA|94117", "1 MAIN ST|SAN FRANCISCO|CA|94117", ["locality_change"]),
    ("1 Main St|NYC|NY|10001", "1 MAIN ST|NEW YORK|NY|10001", ["locality_change"]),
    ("1 Main St|Daly City|CA|94117", "1 MAIN ST|SAN FRANCISCO|CA|94117", ["locality_change"]),
    (
        "1 Main St|||94117",
        "1 MAIN ST|SAN FRANCISCO|CA|94117",
        ["administrative_area_change", "locality_change"],
    ),
    ("1 Main St|Boston|MA|2108", "1 MAIN ST|BOSTON|MA|02108", ["postal_code_change"]),
    (
        "1 Main St Apt|Boston|MA|02108",
        "1 MAIN ST APT|BOSTON|MA|02108",
        ["sub_premise_number_missing"],
    ),
    (
        "The White House|Washington|DC|20501",
        "THE WHITE HOUSE|WASHINGTON|DC|20501",
        ["premise_number_missing"],
    ),
    ("PSC 3|APO|AP|96309", "PSC 3|APO|AP|96309", ["box_number_missing"]),
]


@pytest.mark.parametrize(("row", "wanted", "codes"), CORRECTED_US)
def test_what_the_zip_code_makes_certain_is_corrected_with_a_warning(row: str, wanted: str, codes: list[str]) -> None:
    made, result = judged("US", row)
    assert result.is_valid and lines(made) == wanted
    assert [(message.code, message.type) for message in result.messages] == [
        (code, "address_warning") for code in codes
    ]


GOOD_ELSEWHERE: list[tuple[str, str, str]] = [
    ("GB", "159 Broadhurst Gardens|London||nw63au", "159 Broadhurst Gardens|London||NW6 3AU"),
    ("GB", "Rose Cottage|Ambleside|Cumbria|LA22 9AB", "Rose Cottage|Ambleside|Cumbria|LA22 9AB"),
    ("PL", "ul. Żółta 10|Łódź||90001", "ul. Żółta 10|Łódź||90-001"),
    ("DE", "Hauptstr. 5|Berlin|Berlin|D-10115", "Hauptstr. 5|Berlin|Berlin|10115"),
    ("CA", "100 Queen St W|Toronto|Ontario|m5h2n2", "100 Queen St W|Toronto|ON|M5H 2N2"),
    ("CA", "1 rue Rachel|Montréal|Québec|H2W 1C5", "1 rue Rachel|Montréal|QC|H2W 1C5"),
    ("AU", "1 George St|Sydney|New South Wales|2000", "1 George St|Sydney|NSW|2000"),
    ("JP", "1-1-2 Otemachi|Chiyoda|Tōkyō-to|1000004", "1-1-2 Otemachi|Chiyoda|Tōkyō-to|100-0004"),
    ("JP", "大手町1-1-2|千代田区|東京都|〒100-0004", "大手町1-1-2|千代田区|東京都|100-0004"),
    ("CN", "88 Tianhe Lu|Guangzhou|Guangdong|510620", "88 Tianhe Lu|Guangzhou|Guangdong|510620"),
    ("BR", "Av. Paulista 9|São Paulo|SP|01310100", "Av. Paulista 9|São Paulo|SP|01310-100"),
    ("IE", "The Old Mill|Dublin|Dublin|D02AF30", "The Old Mill|Dublin|Dublin|D02 AF30"),
    (
        "HK",
        "1 Queen's Road|Central|Hong Kong Island|",
        "1 Queen's Road|Central|Hong Kong Island|",
    ),
    ("PR", "150 Calle Sol|San Juan||00901", "150 CALLE SOL|SAN JUAN||00901"),
]


@pytest.mark.parametrize(("country", "row", "wanted"), GOOD_ELSEWHERE)
def test_a_good_address_elsewhere_keeps_its_spelling(country: str, row: str, wanted: str) -> None:
    made, result = judged(country, row)
    assert (result.is_valid, result.messages) == (True, ())
    assert lines(made) == wanted


BAD_ELSEWHERE: list[tuple[str, str, list[str]]] = [
    ("GB", "10 Downing St|London||12345", ["invalid_postal_code"]),
    ("GB", "10 Downing St|||SW1A 2AA", ["Invalid City"]),
    ("PL", "|Warszawa||00-950", ["street_detail_missing"]),
    ("PL", "Żółta 10|Warszawa||0950", ["invalid_postal_code"]),
    ("DE", "12|Berlin||10115", ["street_detail_missing"]),
    ("DE", "qwertz|Berlin||", ["unknown_street", "invalid_postal_code"]),
    ("DE", "|||", ["empty_request"]),
    ("CA", "100 Queen St W|Toronto|BC|M5H 2N2", ["component_mismatch_error"]),
    ("CA", "100 Queen St W|Toronto|ON|94117", ["invalid_postal_code"]),
    ("JP", "大手町1-1-2|千代田区|大阪府|100-0004", ["component_mismatch_error"]),
    ("CN", "88 Tianhe Lu|Guangzhou|Guangdong|51062", ["invalid_postal_code"]),
]


@pytest.mark.parametrize(("country", "row", "codes"), BAD_ELSEWHERE)
def test_an_address_elsewhere_that_cannot_be_delivered_is_invalid(country: str, row: str, codes: list[str]) -> None:
    made, result = judged(country, row)
    assert not result.is_valid and not made.is_complete
    assert [message.code for message in result.messages if message.type == "address_error"] == codes


@pytest.mark.parametrize(
    ("country", "row", "code", "state"),
    [
        ("CA", "100 Queen St W|Toronto||M5H 2N2", "administrative_area_change", "ON"),
        ("IT", "Via Roma 1|Milano|Lombardia|20121", "administrative_area_change", "MI"),
        ("JP", "1-1-2 Otemachi|Chiyoda||100-0004", "administrative_area_change", "Tokyo"),
        ("JP", "大手町1-1-2|千代田区||100-0004", "administrative_area_change", "東京都"),
        ("CN", "88 Tianhe Lu|Guangzhou|Nowhere|510620", "administrative_area_partial", "Nowhere"),
        ("DE", "Unter den Linden|Berlin||10117", "premise_number_missing", ""),
    ],
)
def test_doubts_elsewhere_are_warnings(country: str, row: str, code: str, state: str) -> None:
    made, result = judged(country, row)
    assert result.is_valid and made.state == state
    assert [(message.code, message.type) for message in result.messages] == [(code, "address_warning")]


def test_the_street_may_stand_below_the_name_of_a_building() -> None:
    _, below = judged("US", "Empire State Building|New York|NY|10118", street2="350 5th Ave Ste 300")
    assert below.is_valid and below.messages == ()
    _, gate = judged("US", "Clayton St|San Francisco|CA|94117", street2="Gate 5")
    assert [message.code for message in gate.messages] == ["premise_number_missing"]


def test_validating_what_was_validated_changes_nothing() -> None:
    once, _ = judged("US", "12 N. Main Street North, Apt. 4|St. Louis|Missouri|63101")
    assert validated(once) == once


HIPPO = {"name": "Mr Hippo", "phone": "+1 555 341 9393", "country": "US", "metadata": "Customer ID 123456"}
GIVEN = {**HIPPO, "street_no": "215", "street1": "Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117"}
IMPOSSIBLE = {**GIVEN, "street_no": "0798987987987", "street1": "ClaytonKLJLKJL St.", "zip": "74338"}


async def test_a_stored_address_is_validated_into_a_new_one(api: httpx.AsyncClient) -> None:
    made = (await api.post("/addresses", json=GIVEN)).json()
    assert made["validation_results"] == {} and made["latitude"] is None
    answer = await api.get(f"/v1/addresses/{made['object_id']}/validate/")
    assert answer.status_code == 200
    body = answer.json()
    assert body["object_id"] != made["object_id"] and body["is_complete"] is True
    assert body["validation_results"] == {"is_valid": True, "messages": []}
    changed = {name for name in body if body[name] != made[name]} - {"object_id", "object_created", "object_updated"}
    assert changed == {
        "validation_results", "street_no", "street1", "city", "latitude", "longitude", "metadata",
    }  # fmt: skip
    assert (body["street_no"], body["street1"], body["city"]) == ("", "215 CLAYTON ST", "SAN FRANCISCO")
    assert (body["metadata"], body["is_residential"]) == ("", None)
    assert (body["latitude"], body["longitude"]) == pytest.approx((37.77, -122.44), abs=0.05)
    assert (await api.get(f"/addresses/{body['object_id']}")).json() == body
    assert (await api.get(f"/addresses/{made['object_id']}")).json() == made


async def test_an_impossible_address_is_complete_until_it_is_validated(api: httpx.AsyncClient) -> None:
    made = (await api.post("/addresses", json=IMPOSSIBLE)).json()
    assert made["is_complete"] is True
    body = (await api.get(f"/addresses/{made['object_id']}/validate")).json()
    assert body["is_complete"] is False and body["validation_results"]["is_valid"] is False
    assert body["validation_results"]["messages"] == [
        {
            "source": "Shippo Address Validator",
            "code": "premise_number_invalid",
            "type": "address_error",
            "text": "There is no house number 0798987987987.",
        },
        {
            "source": "Shippo Address Validator",
            "code": "Invalid City/State/Zip",
            "type": "address_error",
            "text": "ZIP code 74338 is in COLCORD, OK, not in CA.",
        },
    ]


async def test_an_address_can_be_validated_as_it_is_created(api: httpx.AsyncClient) -> None:
    made = await api.post("/addresses", json={**GIVEN, "validate": True, "is_residential": True})
    assert made.status_code == 201
    body = made.json()
    assert body["validation_results"] == {"is_valid": True, "messages": []} and body["is_residential"] is True
    assert body["street1"] == "215 CLAYTON ST" and (await api.get("/addresses")).json()["results"] == [body]
    wrong = await api.post("/addresses", json={"country": "Atlantis", "validate": True})
    assert wrong.status_code == 400 and list(wrong.json()) == ["country"]


async def test_nothing_foreign_or_missing_is_validated(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    made = (await api.post("/addresses", json=GIVEN)).json()["object_id"]
    for path in (f"/addresses/{made}/validate", f"/addresses/{'0' * 32}/validate", "/addresses/nonsense/validate"):
        answer = await charlie_api.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
    assert (await charlie_api.get("/addresses")).json()["results"] == []


async def test_the_address_of_an_order_is_validated_if_it_asks(api: httpx.AsyncClient) -> None:
    order = (await api.post("/orders", json=order_body(to_address={**GIVEN, "validate": True}))).json()
    assert order["to_address"]["validation_results"] == {"is_valid": True, "messages": []}
    assert order["to_address"]["street1"] == "215 CLAYTON ST" and order["to_address"]["latitude"] > 37
    plain = (await api.post("/orders", json=order_body(to_address=GIVEN))).json()
    assert plain["to_address"]["validation_results"] == {} and plain["to_address"]["street1"] == "Clayton St."


async def test_the_addresses_of_a_shipment_are_validated_if_they_ask(api: httpx.AsyncClient) -> None:
    parcel = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}
    body = {"address_from": GIVEN, "address_to": {**IMPOSSIBLE, "validate": True}, "parcels": [parcel]}
    made = await api.post("/shipments", json=body)
    assert made.status_code == 201, made.text
    shipment = (await api.get(f"/shipments/{made.json()['object_id']}")).json()
    assert shipment["address_from"]["validation_results"] == {}
    assert shipment["address_to"]["validation_results"]["is_valid"] is False
    stored = (await api.get(f"/addresses/{shipment['address_to']['object_id']}")).json()
    assert stored["validation_results"] == shipment["address_to"]["validation_results"]

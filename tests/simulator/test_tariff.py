from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from portside.kit import units
from portside.simulator.geography import CarrierToken, Place
from portside.simulator.label_types import weight_text
from portside.simulator.requests import Parcel
from portside.simulator.tariff import TARIFFS, deliver_on, find_service, rate, rate_all, services
from portside.simulator.tariff_types import NotServed, Options, Piece, Quote, RateRequest, piece_of_metric

FRIDAY = dt.date(2026, 11, 20)
MONDAY = dt.date(2026, 11, 23)
SF, NY, HAWAII = Place("US", "94103"), Place("US", "10001"), Place("US", "96813")
BERLIN, TORONTO, WARSAW = Place("DE", "10115"), Place("CA", "M5V 2T6"), Place("PL", "00-001")
BOTH: tuple[CarrierToken, ...] = ("usps", "ups")


def box(ounces: str, *sides: int, **more: Any) -> Piece:
    length, width, height = (Decimal(side) for side in sides or (10, 8, 4))
    return Piece(Decimal(ounces), length, width, height, **more)


def ask(*pieces: Piece, origin: Place = SF, destination: Place = NY, day: dt.date = MONDAY, **more: Any) -> RateRequest:
    return RateRequest(origin, destination, pieces or (box("17"),), day, **more)


def tokens(carrier: CarrierToken, request: RateRequest) -> set[str]:
    return {quote.service for quote in rate_all(carrier, request).quotes}


def charges(quote: Quote) -> dict[str, Decimal]:
    return {charge.name: charge.amount for charge in quote.charges}


def refusal(carrier: CarrierToken, request: RateRequest) -> str:
    quotation = rate_all(carrier, request)
    assert not quotation.quotes
    (only,) = quotation.refusals
    return only.text


def test_the_services_of_each_lane() -> None:
    domestic_usps = {"usps_ground_advantage", "usps_priority", "usps_priority_express"}
    abroad_usps = {
        "usps_priority_mail_international",
        "usps_priority_mail_express_international",
        "usps_first_class_package_international_service",
    }
    express = {"ups_saver", "ups_express", "ups_express_plus"}
    mainland = {
        "ups_ground", "ups_3_day_select", "ups_second_day_air", "ups_second_day_air_am", "ups_next_day_air_saver",
        "ups_next_day_air", "ups_next_day_air_early_am",
    }  # fmt: skip
    assert tokens("usps", ask()) == domestic_usps
    assert tokens("ups", ask()) == mainland
    assert tokens("usps", ask(destination=HAWAII)) == domestic_usps
    assert tokens("ups", ask(destination=HAWAII)) == {"ups_ground", "ups_second_day_air", "ups_next_day_air"}
    assert tokens("usps", ask(destination=BERLIN)) == abroad_usps
    assert tokens("ups", ask(destination=BERLIN)) == express | {"ups_expedited"}
    assert tokens("ups", ask(destination=TORONTO)) == express | {"ups_expedited", "ups_standard"}
    assert tokens("ups", ask(origin=BERLIN, destination=WARSAW)) == express | {"ups_expedited", "ups_standard"}
    assert tokens("ups", ask(origin=BERLIN, destination=BERLIN)) == express | {"ups_standard"}


def test_tokens_are_unique_and_known_to_their_carrier() -> None:
    for carrier in BOTH:
        names = [service.token for service in services(carrier)]
        assert len(set(names)) == len(names)
        assert all(name.startswith(f"{carrier}_") for name in names)
    assert find_service("ups", "usps_priority") is None


def test_the_amount_is_the_sum_of_the_charges_to_the_cent() -> None:
    options = Options(signature="ADULT", insured_value=Decimal("431.17"), cod_amount=Decimal(5))
    for carrier in BOTH:
        for quote in rate_all(carrier, ask(box("77.3", 13, 11, 9), options=options)).quotes:
            assert quote.amount == sum(charge.amount for charge in quote.charges)
            assert quote.amount == quote.amount.quantize(Decimal("0.01"))
            assert quote.currency == "USD"


def test_the_same_question_has_the_same_answer() -> None:
    assert rate_all("ups", ask()) == rate_all("ups", ask())


@pytest.mark.parametrize("destination", [NY, HAWAII, BERLIN, TORONTO])
@pytest.mark.parametrize("carrier", BOTH)
def test_heavier_is_never_cheaper(carrier: CarrierToken, destination: Place) -> None:
    last: dict[str, Decimal] = {}
    for ounces in ("1", "4", "4.1", "8", "9", "15.99", "16", "16.01", "32", "63", "64", "100", "500", "1000", "1120"):
        for quote in rate_all(carrier, ask(box(ounces), destination=destination)).quotes:
            assert quote.amount >= last.get(quote.service, Decimal(0)), quote
            last[quote.service] = quote.amount
    assert last


def test_farther_is_never_cheaper() -> None:
    for carrier in BOTH:
        for service in services(carrier):
            # Zones abroad are named by region, not by distance.
            zones = [zone for zone in service.card.zones if len(zone) == 1 and "contiguous" in service.lanes]
            for ounces in service.card.ounces:
                prices = [service.card.price(zone, ounces) or 0 for zone in zones]
                assert prices == sorted(prices), (service.token, ounces)


def test_faster_is_dearer() -> None:
    usps = {quote.service: quote.amount for quote in rate_all("usps", ask(box("40"))).quotes}
    assert usps["usps_ground_advantage"] < usps["usps_priority"] < usps["usps_priority_express"]
    ups = {quote.service: quote.amount for quote in rate_all("ups", ask(box("40"))).quotes}
    assert ups["ups_ground"] < ups["ups_3_day_select"] < ups["ups_second_day_air"] < ups["ups_second_day_air_am"]
    assert ups["ups_second_day_air_am"] < ups["ups_next_day_air_saver"] < ups["ups_next_day_air"]
    assert ups["ups_next_day_air"] < ups["ups_next_day_air_early_am"]


@pytest.mark.parametrize(
    ("ounces", "billed"), [("3", 4), ("4", 4), ("4.01", 8), ("12.5", 16), ("16", 16), ("16.1", 32)]
)
def test_weights_are_rounded_up_to_the_step(ounces: str, billed: int) -> None:
    assert rate("usps", "usps_ground_advantage", ask(box(ounces))).billed_ounces == billed


def test_a_light_but_large_parcel_is_billed_by_its_size() -> None:
    # 20 x 14 x 10 in = 2800 cu in, over a cubic foot: 2800 / 166 = 16.9 → 17 lb at USPS, 2800 / 139 = 20.1 → 21 at UPS.
    large = box("32", 20, 14, 10)
    assert rate("usps", "usps_priority", ask(large)).billed_ounces == 17 * 16
    assert rate("ups", "ups_ground", ask(large)).billed_ounces == 21 * 16
    # 12 x 12 x 12 in is one cubic foot exactly: real weight at USPS, size at UPS.
    assert rate("usps", "usps_priority", ask(box("32", 12, 12, 12))).billed_ounces == 32
    assert rate("ups", "ups_ground", ask(box("32", 12, 12, 12))).billed_ounces == 13 * 16


def test_whole_grams_and_millimetres_do_not_cost_a_pound_or_an_inch() -> None:
    pound = piece_of_metric(454, 305, 254, 102)
    assert rate("usps", "usps_ground_advantage", ask(pound)).billed_ounces == 16
    assert rate("ups", "ups_ground", ask(pound)).amount == rate("ups", "ups_ground", ask(box("16", 12, 10, 4))).amount
    assert piece_of_metric(0).ounces == 0


def test_no_whole_pound_is_billed_or_printed_as_the_next() -> None:
    for pounds in range(1, 71):
        told = units.grams(str(pounds), "lb")
        piece = piece_of_metric(told, 305, 254, 102)
        assert rate("usps", "usps_ground_advantage", ask(piece)).billed_ounces == pounds * 16
        assert weight_text(Parcel(length_mm=305, width_mm=254, height_mm=102, grams=told).ounces) == f"{pounds} lb"


def test_one_gram_weighs_something() -> None:
    assert piece_of_metric(1).ounces > 0


def test_flat_rate_packs_cost_the_same_everywhere_and_at_every_weight() -> None:
    light = box("5", template="USPS_MediumFlatRateBox1")
    heavy = box("900", template="USPS_MediumFlatRateBox1")
    near = ask(light, destination=Place("US", "94110"))
    assert {quote.amount for request in (near, ask(heavy)) for quote in rate_all("usps", request).quotes} == {
        Decimal("18.05")
    }
    assert tokens("usps", ask(heavy)) == {"usps_priority"}
    envelope = ask(box("5", template="USPS_FlatRateEnvelope"))
    assert tokens("usps", envelope) == {"usps_priority", "usps_priority_express"}


def test_flat_rate_packs_abroad_cost_less_to_canada_and_have_a_weight_limit() -> None:
    def price(destination: Place, ounces: str = "60") -> Decimal:
        request = ask(box(ounces, template="USPS_SmallFlatRateBox"), destination=destination)
        return rate("usps", "usps_priority_mail_international", request).amount

    assert price(TORONTO) < price(BERLIN)
    with pytest.raises(NotServed, match="at most 4 lb"):
        price(BERLIN, "65")


def test_the_packs_of_one_carrier_are_refused_by_the_other() -> None:
    assert "does not take the pack" in refusal("ups", ask(box("5", template="USPS_FlatRateEnvelope")))
    assert "does not take the pack" in refusal("usps", ask(box("5", template="UPS_Express_Pak")))
    assert "ups_ground" not in tokens("ups", ask(box("5", template="UPS_Express_Pak")))
    assert "ups_next_day_air" in tokens("ups", ask(box("5", template="UPS_Express_Pak")))


def test_ups_ten_kilo_boxes_are_billed_as_ten_kilos() -> None:
    for ounces in ("16", "300"):
        request = ask(box(ounces, template="UPS_Box_10kg"), destination=BERLIN)
        assert rate("ups", "ups_express", request).billed_ounces == 22 * 16


def test_limits() -> None:
    assert all("70 lb" in r.text for r in rate_all("usps", ask(box("1121"))).refusals)
    assert not rate_all("usps", ask(box("1121"))).quotes
    assert rate_all("ups", ask(box("2400"))).quotes
    assert not rate_all("ups", ask(box("2401"))).quotes
    assert "usps_first_class_package_international_service" not in tokens("usps", ask(box("65"), destination=BERLIN))
    # 70 + 2 * (10 + 10) = 110 in of length and girth: too much for Priority, not for Ground Advantage.
    assert tokens("usps", ask(box("160", 70, 10, 10))) == {"usps_ground_advantage"}
    assert all("long" in r.text for r in rate_all("ups", ask(box("160", 109, 5, 5))).refusals)


def test_large_and_heavy_pieces_pay_the_dearest_fee_of_a_kind_once() -> None:
    heavy_and_long = charges(rate("ups", "ups_ground", ask(box("900", 50, 10, 10))))
    assert heavy_and_long["Additional handling: over 50 lb"] == Decimal("26.50")
    assert "Additional handling: longest side over 48 in" not in heavy_and_long
    assert "Nonstandard length over 30 in" in charges(rate("usps", "usps_priority", ask(box("16", 31, 4, 4))))


def test_options_cost_what_the_tables_say() -> None:
    plain = rate("usps", "usps_priority", ask())
    signed = rate("usps", "usps_priority", ask(options=Options(signature="ADULT")))
    assert signed.amount - plain.amount == Decimal("10.40")
    at_home, at_work = (rate("ups", "ups_ground", ask(options=Options(residential=home))) for home in (True, False))
    assert at_home.amount > at_work.amount
    assert "Collect on delivery" in charges(rate("ups", "ups_ground", ask(options=Options(cod_amount=Decimal(20)))))


def test_options_that_are_not_offered_are_ignored_with_a_message() -> None:
    options = Options(signature="CERTIFIED", cod_amount=Decimal(20))
    for carrier, token, said in (("ups", "ups_ground", "CERTIFIED"), ("usps", "usps_priority", "COD")):
        quote = rate(carrier, token, ask(options=options))  # type: ignore[arg-type]
        assert any(said in text for text in quote.messages)


@pytest.mark.parametrize(
    ("value", "price"),
    [("0", None), ("100", "0.00"), ("100.01", "2.75"), ("150", "2.75"), ("151", "4.60"), ("400", "8.30")],
)
def test_insurance(value: str, price: str | None) -> None:
    quote = rate("usps", "usps_priority", ask(options=Options(insured_value=Decimal(value))))
    assert quote.insurance_price == (None if price is None else Decimal(price))


def test_insurance_has_a_ceiling() -> None:
    with pytest.raises(NotServed, match=r"at most 5000\.00 USD"):
        rate("usps", "usps_priority", ask(options=Options(insured_value=Decimal("5000.01"))))


def test_a_piece_may_have_an_insurance_of_its_own() -> None:
    options = Options(insured_value=Decimal(200))
    two = (box("17"), box("17", insured_value=Decimal(1000)))
    quote = rate("ups", "ups_ground", ask(*two, options=options))
    assert quote.insurance_price == Decimal("4.65") + Decimal("4.65") + 7 * Decimal("1.55")


def test_several_pieces_are_summed() -> None:
    one = rate("ups", "ups_ground", ask(options=Options(residential=False)))
    three = rate("ups", "ups_ground", ask(*[box("17")] * 3, options=Options(residential=False)))
    assert charges(three)["Transport"] == 3 * charges(one)["Transport"]
    assert three.billed_ounces == 3 * one.billed_ounces
    assert "at most 1 parcel" in refusal("usps", ask(box("17"), box("17")))
    assert "at most 50 parcel" in refusal("ups", ask(*[box("17")] * 51))


@pytest.mark.parametrize(
    ("day", "days", "saturdays", "expected"),
    [
        (MONDAY, 1, False, dt.date(2026, 11, 24)),
        (FRIDAY, 1, False, MONDAY),
        (FRIDAY, 1, True, dt.date(2026, 11, 21)),
        (FRIDAY, 2, True, MONDAY),
        (dt.date(2026, 11, 21), 1, False, dt.date(2026, 11, 24)),
        (dt.date(2026, 11, 22), 1, True, dt.date(2026, 11, 24)),
    ],
)
def test_business_days(day: dt.date, days: int, saturdays: bool, expected: dt.date) -> None:
    assert deliver_on(day, days, saturdays=saturdays) == expected


def test_saturday_delivery_is_paid_only_when_it_brings_the_parcel_on_a_saturday() -> None:
    wish = Options(saturday_delivery=True)
    friday = rate("ups", "ups_next_day_air", ask(day=FRIDAY, options=wish))
    assert friday.delivery_date == dt.date(2026, 11, 21)
    assert charges(friday)["Saturday delivery"] == Decimal("16.00")
    monday = rate("ups", "ups_next_day_air", ask(day=MONDAY, options=wish))
    assert "Saturday delivery" not in charges(monday)
    assert any("Saturday" in text for text in monday.messages)
    assert not rate("usps", "usps_priority", ask(day=FRIDAY, options=wish)).messages


def test_delivery_times_by_service() -> None:
    assert rate("ups", "ups_next_day_air", ask()).arrives_by == "10:30:00"
    assert rate("ups", "ups_ground", ask()).arrives_by is None
    assert rate("ups", "ups_next_day_air", ask()).delivery_date == dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("carrier", "request_", "said"),
    [
        ("usps", ask(destination=Place("US", "00000")), "Unknown ZIP code"),
        ("usps", ask(destination=Place("QQ")), "Unknown country"),
        ("usps", ask(origin=BERLIN), "only ships from the United States"),
        ("usps", ask(destination=Place("KP")), "does not serve KP"),
        ("ups", ask(destination=Place("CU")), "does not serve CU"),
        ("ups", ask(destination=Place("US", "09012")), "military"),
        ("ups", ask(to_po_box=True), "PO boxes"),
        ("ups", ask(box("0")), "weight must be above zero"),
        ("ups", ask(box("5", -1, 2, 3)), "cannot be negative"),
        ("ups", RateRequest(SF, NY, (), MONDAY), "at least one parcel"),
    ],
)
def test_what_is_refused_is_said_once_in_words(carrier: CarrierToken, request_: RateRequest, said: str) -> None:
    assert said in refusal(carrier, request_)


def test_an_unknown_service_is_an_input_error() -> None:
    with pytest.raises(NotServed) as caught:
        rate("ups", "ups_teleport", ask())
    assert caught.value.kind == "input"


def test_every_card_is_a_full_sheet() -> None:
    for tariff in TARIFFS.values():
        for service in tariff.services:
            card = service.card
            assert len(card.days) == len(card.zones)
            assert all(len(row) == len(card.zones) for row in card.cents)
            assert list(card.ounces) == sorted(card.ounces)
            assert card.ounces[-1] >= service.max_ounces


def test_dangerous_goods_go_by_ground_advantage_only() -> None:
    dangerous = Options(dangerous_goods=True)
    assert tokens("usps", ask(options=dangerous)) == {"usps_ground_advantage"}
    assert "Priority Mail International takes no dangerous goods." in {
        refused.text for refused in rate_all("usps", ask(destination=BERLIN, options=dangerous)).refusals
    }
    assert refusal("ups", ask(options=dangerous)) == "UPS takes no dangerous goods."

from __future__ import annotations

import pytest

from portside.simulator.numbers import is_valid, tracking_number
from portside.simulator.tariff import services

SERVICES = [(carrier, service.token) for carrier in ("usps", "ups") for service in services(carrier)]


@pytest.mark.parametrize(("carrier", "service"), SERVICES)
@pytest.mark.parametrize("serial", [0, 1, 9, 4711, 9_999_999, 10_000_000, 123_456_789])
def test_generated_numbers_pass_their_own_checks(carrier: str, service: str, serial: int) -> None:
    number = tracking_number(service, serial)
    assert [each for each in ("usps", "ups") if is_valid(each, number)] == [carrier]


@pytest.mark.parametrize("service", ["usps_priority", "usps_priority_mail_international", "ups_ground"])
def test_serials_never_share_a_number(service: str) -> None:
    serials = [*range(2000), *range(9_999_000, 10_001_000), *range(99_999_000, 100_001_000)]
    assert len({tracking_number(service, serial) for serial in serials}) == len(serials)


def test_shapes() -> None:
    assert tracking_number("usps_priority", 1)[:5] == "92055"
    assert len(tracking_number("usps_priority", 1)) == 22
    assert len(tracking_number("ups_ground", 1)) == 18
    assert tracking_number("usps_priority_mail_international", 1).endswith("US")


# Numbers published as examples, by carriers and by open-source validators.
@pytest.mark.parametrize(
    "number",
    [
        "9400 1112 0108 0805 4830 16",
        "9361 2898 7870 0317 6337 95",
        "9205590164917312751089",
        "92748931507708513018050063",
        "92108901755477000000000018",
        "420 22153 9101026837331000039521",
        "RB123456785US",
    ],
)
def test_real_usps_numbers(number: str) -> None:
    assert is_valid("usps", number)
    assert not is_valid("ups", number)


@pytest.mark.parametrize(
    "number", ["1Z5R89390357567127", "1z999aa10123456784", "1Z 8V92A7 03 67203024", "1ZXX3150YW44070023"]
)
def test_real_ups_numbers(number: str) -> None:
    assert is_valid("ups", number)
    assert not is_valid("usps", number)


@pytest.mark.parametrize(("carrier", "service"), SERVICES)
def test_one_wrong_digit_is_found(carrier: str, service: str) -> None:
    number = tracking_number(service, 20_461)
    digits = [place for place, char in enumerate(number) if char.isdigit() and place >= 9]
    for place in digits:
        wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
        assert not is_valid(carrier, wrong), wrong  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "number", ["", "SHIPPO_TRANSIT", "RB123456785GB", "1Z", "9" * 22, "1Z999AA1012345678X", "٩٤٠٠١١١٢٠١٠٨٠٨٠٥٤٨٣٠١٦"]
)
def test_what_is_no_number(number: str) -> None:
    assert not is_valid("usps", number) and not is_valid("ups", number)


def test_used_up_ranges_and_unknown_services_are_errors() -> None:
    for service, serial in (
        ("usps_priority", 10**10),
        ("usps_priority_mail_international", 26 * 10**8),
        ("ups_ground", 36**3 * 10**7),
        ("ups_ground", -1),
    ):
        with pytest.raises(ValueError, match=r"serial|shipper"):
            tracking_number(service, serial)
    with pytest.raises(KeyError):
        tracking_number("ups_teleport", 1)

"""The papers beside a label: the commercial invoice of a parcel that crosses a border, the QR code for a counter."""

from __future__ import annotations

import io
from typing import Any

import httpx
import msgspec
import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from portside.jobs.drain import drain
from portside.kit import fonts, services
from portside.kit.bucket import BucketFiles
from portside.labels import invoices
from tests.support.bucket import bucket
from tests.support.cast import Person
from tests.support.labelling import FROM, PARCEL, LabelCarrier, bought, events_of, rated, settle_time_comes

GDANSK = {
    "name": "Łucja Żółć",
    "company": "罗盘 sp. z o.o.",
    "street1": "Prosta 1",
    "city": "Gdańsk",
    "zip": "80-001",
    "country": "PL",
    "phone": "+48 555 010 010",
    "email": "lucja@example.com",
}
COMPASS = {
    "description": "Brass compass Компас",
    "quantity": 4,
    "net_weight": "1",
    "mass_unit": "lb",
    "value_amount": "50",
    "value_currency": "USD",
    "origin_country": "CN",
    "tariff_number": "901410",
    "hs_code": "9999.99",
    "sku_code": "C-1",
    "eccn_ear99": "EAR99",
}
DECLARATION: dict[str, Any] = {
    "certify": True,
    "certify_signer": "Alice Example",
    "contents_type": "MERCHANDISE",
    "non_delivery_option": "RETURN",
    "eel_pfc": "NOEEI_30_37_a",
    "incoterm": "DDP",
    "invoice": "INV-1001",
    "exporter_reference": "EXP-9",
    "notes": "Thank you.\nCome again.",
    "exporter_identification": {"eori_number": "PL1234567890", "tax_id": {"number": "12-3456789", "type": "EIN"}},
    "invoiced_charges": {"currency": "USD", "total_shipping": "12.5", "total_taxes": "3", "total_duties": "0"},
    "items": [COMPASS],
}


async def abroad(api: httpx.AsyncClient, declared: Any = DECLARATION, **changes: Any) -> dict[str, Any]:
    """A label to Poland."""
    shipment = {"address_to": GDANSK, "customs_declaration": declared, **changes}
    rate = await rated(api, **shipment)
    answer = await api.post("/transactions", json={"rate": rate, "async": False})
    assert answer.json()["status"] == "SUCCESS", answer.text
    return dict(answer.json())


async def pages(api: httpx.AsyncClient, label: dict[str, Any]) -> list[str]:
    """The text of each page of a label's invoice, fetched by somebody who has only the link."""
    async with httpx.AsyncClient(transport=api._transport, base_url="http://portside.test") as anybody:
        answer = await anybody.get(label["commercial_invoice_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    document = pypdfium2.PdfDocument(answer.content)
    assert {document.get_page_size(number) for number in range(len(document))} == {(612, 792)}
    return [page.get_textpage().get_text_range() for page in document]


async def test_a_label_abroad_has_an_invoice(api: httpx.AsyncClient, alice: Person) -> None:
    label = await abroad(api)
    (text,) = await pages(api, label)
    for words in (
        *("Commercial invoice", "SAMPLE", "INV-1001", label["tracking_number"], "USPS"),
        *("Alice", "1 Demo Wharf", "San Francisco, CA 94111", "United States", "EORI PL1234567890", "EIN 12-3456789"),
        *("Łucja Żółć", "罗盘 sp. z o.o.", "80-001 Gdańsk", "Poland", "+48555010010", "lucja@example.com"),
        *("DDP", "Merchandise", "NO EEI 30.37(a)", "EXP-9", "Return"),
        *("Brass compass Компас", "901410", "SKU C-1", "ECCN EAR99", "1 lb", "12.50", "50.00 USD", "CN"),
        *("0.454 kg", "Total value", "Shipping", "3.00 USD", "Duties", "Invoice total", "65.50 USD"),
        *("Thank you.", "Come again.", "I declare", "Alice Example"),
    ):
        assert words in text, words
    assert "9999.99" not in text, "the tariff number wins"
    assert (await api.get(f"/transactions/{label['object_id']}")).json() == label
    (event,) = await events_of(alice, label["object_id"])
    assert event["data"]["commercial_invoice_url"] == label["commercial_invoice_url"]


async def test_a_declaration_says_what_it_says_and_no_more(api: httpx.AsyncClient) -> None:
    item = {**COMPASS, "tariff_number": "", "sku_code": "", "value_amount": "10", "quantity": 3, "net_weight": "0.5"}
    euros = {**item, "value_currency": "EUR", "mass_unit": "kg"}
    plain = {
        "certify": True,
        "certify_signer": "Alice Example",
        "contents_type": "OTHER",
        "contents_explanation": "A prize",
        "non_delivery_option": "ABANDON",
        "eel_pfc": "AES_ITN",
        "aes_itn": "X20261122000001",
        "items": [item, euros],
        "address_importer": {**FROM, "name": "Importer GmbH", "country": "DE", "zip": "10115", "city": "Berlin"},
        "duties_payor": {"type": "THIRD_PARTY", "account": "A-1"},
    }
    (text,) = await pages(api, await abroad(api, plain))
    for words in ("Other: A prize", "AES ITN X20261122000001", "Abandon", "Importer of record", "10115 Berlin"):
        assert words in text, words
    for words in ("9999.99", "3.3333", "10.00 USD", "10.00 EUR", "Third party (account A-1)", "0.727 kg"):
        assert words in text, words
    for words in ("Shipping", "Invoice total", "EORI", "Terms of sale", "SKU"):
        assert words not in text, words


async def test_many_goods_go_on_on_further_pages(api: httpx.AsyncClient) -> None:
    long = {**COMPASS, "description": "Rope " * 30}
    texts = await pages(api, await abroad(api, {**DECLARATION, "items": [long] * 100}))
    assert len(texts) > 5 and all("Rope Rope Rope" in text for text in texts[:-1])
    assert all("Description" in text and f"Page {number}" in text for number, text in enumerate(texts[:-1], 1))
    assert "5,000.00 USD" in texts[-1] and sum(text.count("ECCN EAR99") for text in texts) == 100


async def test_one_invoice_goes_with_all_parcels(api: httpx.AsyncClient) -> None:
    label = await abroad(api, parcels=[PARCEL] * 3)
    labels = (await api.get(f"/transactions?rate={label['rate']}")).json()["results"]
    assert {each["commercial_invoice_url"] for each in labels} == {label["commercial_invoice_url"]}
    (text,) = await pages(api, label)
    assert "1.362 kg" in text and all(each["tracking_number"] in text for each in labels)


async def test_the_goods_of_a_return_travel_the_other_way(api: httpx.AsyncClient) -> None:
    outward = (await pages(api, await abroad(api)))[0]
    back = (await pages(api, await abroad(api, extra={"is_return": True})))[0]
    assert outward.index("Demo Wharf") < outward.index("Prosta") and back.index("Prosta") < back.index("Demo Wharf")


async def test_at_home_there_is_no_invoice(api: httpx.AsyncClient) -> None:
    plain = await bought(api)
    declared = (
        await api.post("/transactions", json={"rate": await rated(api, customs_declaration=DECLARATION)})
    ).json()
    await drain(lanes=["fast"])
    declared = (await api.get(f"/transactions/{declared['object_id']}")).json()
    rate = await rated(api, address_to=GDANSK)
    undeclared = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    for label in (plain, declared, undeclared):
        assert (label["status"], label["commercial_invoice_url"], label["qr_code_url"]) == ("SUCCESS", None, None)


async def test_a_lost_answer_has_its_invoice_too(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    usps.is_mute = True
    rate = await rated(api, address_to=GDANSK, customs_declaration=DECLARATION)
    label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    assert (label["status"], label["commercial_invoice_url"]) == ("QUEUED", None)
    usps.is_mute = False
    await settle_time_comes(alice)
    settled = (await api.get(f"/transactions/{label['object_id']}")).json()
    assert "INV-1001" in (await pages(api, settled))[0]


async def test_without_fonts_the_label_is_bought_all_the_same(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(invoices, "load_fonts", lambda: fonts.load_fonts(tmp_path))
    label = await abroad(api)
    assert (label["status"], label["commercial_invoice_url"]) == ("SUCCESS", None) and label["label_url"]


async def test_a_link_that_was_changed_gives_nothing(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    mine, other = await abroad(api), await abroad(api)
    path, query = mine["commercial_invoice_url"].split("?")
    stolen = other["commercial_invoice_url"].split("?")[0]
    for link in (path, f"{path}?{query}x", f"{stolen}?{query}", f"{path}?expires=99999999999&signature=k.x"):
        assert (await charlie_api.get(link)).status_code == 404


async def test_a_qr_code_tells_the_tracking_number(api: httpx.AsyncClient, usps: LabelCarrier) -> None:
    rate = await rated(api, extra={"qr_code_requested": True}, parcels=[PARCEL] * 2)
    await api.post("/transactions", json={"rate": rate, "async": False})
    labels = (await api.get(f"/transactions?rate={rate}")).json()["results"]
    assert len({label["qr_code_url"] for label in labels}) == 2
    for label in labels:
        answer = await api.get(label["qr_code_url"])
        assert answer.headers["content-type"] == "image/png"
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
        assert (code.format, code.text) == (zxingcpp.BarcodeFormat.QRCode, label["tracking_number"])


async def test_only_usps_and_only_at_home_has_qr_codes(api: httpx.AsyncClient) -> None:
    wanted: dict[str, Any] = {"extra": {"qr_code_requested": "true"}}
    assert (await abroad(api, **wanted))["qr_code_url"] is None
    shipment = {**wanted, "address_from": FROM, "address_to": {**FROM, "name": "Bob"}, "parcels": [PARCEL]}
    rates = (await api.post("/shipments", json={**shipment, "async": False})).json()["rates"]
    for rate in rates:
        label = (await api.post("/transactions", json={"rate": rate["object_id"], "async": False})).json()
        assert (label["qr_code_url"] is not None) == (rate["provider"] == "USPS")
    assert {rate["provider"] for rate in rates} == {"USPS", "UPS"}
    refused = await api.post("/shipments", json={**shipment, "extra": {"qr_code_requested": "perhaps"}})
    assert (refused.status_code, list(refused.json())) == (400, ["extra"])


async def test_papers_in_a_bucket(api: httpx.AsyncClient, alice: Person, usps: LabelCarrier) -> None:
    before = services.services()
    async with bucket() as remote:
        store = BucketFiles(before.door, remote.url, remote.signer())
        services.install(msgspec.structs.replace(before, files=store))
        try:
            label = await abroad(api)
            kinds = {path.split("/")[2] for path in remote.files}
            assert kinds == {"labels", "invoices"} and all(alice.account_id in path for path in remote.files)
            assert "INV-1001" in (await pages(api, label))[0]
            remote.next_statuses = [403, 403]
            assert (await api.get(label["label_url"])).status_code == 503
            late = await abroad_while_down(api)
            remote.next_statuses = []
            await settle_time_comes(alice)
            settled = (await api.get(f"/transactions/{late}")).json()
            assert settled["status"] == "SUCCESS" and "INV-1001" in (await pages(api, settled))[0]
        finally:
            services.install(before)
    assert len(usps.purchases) == 2


async def abroad_while_down(api: httpx.AsyncClient) -> str:
    """The id of a label whose file the store did not take."""
    rate = await rated(api, address_to=GDANSK, customs_declaration=DECLARATION)
    label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
    assert label["status"] == "QUEUED"
    return str(label["object_id"])

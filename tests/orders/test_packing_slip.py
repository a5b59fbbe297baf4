"""Packing slips: what the packer needs, in any script, behind a link for a day."""

from __future__ import annotations

import httpx
import pypdfium2

from tests.orders.data import order_body
from tests.support.objects import post, shipment_body


async def slip_text(api: httpx.AsyncClient, order_id: str) -> list[str]:
    answer = await api.get(f"/orders/{order_id}/packingslip/")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == {"slip_url", "created", "expires"}
    async with httpx.AsyncClient(transport=api._transport, base_url="http://portside.test") as anybody:
        pdf = await anybody.get(body["slip_url"])
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf.content)]


async def test_a_slip_names_recipient_and_goods(api: httpx.AsyncClient) -> None:
    lines = [{"title": "罗盘 Компас", "sku": "C-1", "quantity": 3, "weight": "1", "weight_unit": "lb"}]
    to = {"name": "Łucja Żółć", "street1": "Prosta 1", "city": "Gdańsk", "zip": "80-001", "country": "PL"}
    order = await post(api, "/orders", order_body(line_items=lines, to_address=to, notes="Handle gently"))
    (text,) = await slip_text(api, order["object_id"])
    for word in ("#1068", "Łucja Żółć", "Gdańsk", "罗盘", "Компас", "C-1", "3", "Handle gently"):
        assert word in text, word


async def test_long_orders_go_on_and_every_label_has_a_page(api: httpx.AsyncClient) -> None:
    item = {"title": "Rope " * 20, "sku": "R", "quantity": 1, "weight": "1", "weight_unit": "lb"}
    order = await post(api, "/orders", order_body(line_items=[item] * 120))
    pages = await slip_text(api, order["object_id"])
    assert sum(page.count("Rope Rope Rope") > 0 for page in pages) == len(pages) > 3
    other = await post(api, "/orders", order_body())
    for _ in range(2):
        rate = (await post(api, "/shipments", shipment_body()))["rates"][0]["object_id"]
        await post(api, "/transactions", {"rate": rate, "order": other["object_id"], "async": False})
    labels = (await api.get(f"/orders/{other['object_id']}")).json()["transactions"]
    texts = await slip_text(api, other["object_id"])
    assert [label["tracking_number"] in text for label, text in zip(labels, texts, strict=True)] == [True, True]


async def test_an_outsider_gets_no_slip(api: httpx.AsyncClient, charlie_api: httpx.AsyncClient) -> None:
    order = await post(api, "/orders", order_body())
    assert (await charlie_api.get(f"/orders/{order['object_id']}/packingslip")).status_code == 404

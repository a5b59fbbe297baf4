"""/partner/ledger: pages, filters, sums, CSV and corrections."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from portside.db.begin import begin
from portside.kit.clock import now, to_wire
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.kit.sheets import csv_lines
from portside.ledger.actions import record_lines
from portside.ledger.models import LineDraft
from portside.ledger.wire import COLUMNS
from tests.support.partners import Partner
from tests.support.terms import MANAGED, bought, ledger, rate_of, shipped

Maker = Callable[..., httpx.AsyncClient]


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def add_lines(paula: Partner, merchant: str, count: int) -> None:
    """Corrections of 0.01, 0.02, …"""
    scope = Scope(Id(merchant), "test", "hippo@example.com")
    drafts = [
        LineDraft(
            scope=scope,
            partner_id=paula.person.account_id,
            kind="adjustment",
            cost=Decimal(number) / 100,
            charged=Decimal(0),
            currency="USD",
            note=f"No. {number}",
        )
        for number in range(1, count + 1)
    ]
    async with begin() as tx:
        await record_lines(tx, drafts)


async def test_the_list_has_pages(platform: httpx.AsyncClient, paula: Partner, merchant: str) -> None:
    await add_lines(paula, merchant, 5)
    first = (await platform.get("/partner/ledger?results=2")).json()
    assert [line["note"] for line in first["results"]] == ["No. 5", "No. 4"] and first["previous"] is None
    second = (await platform.get(first["next"])).json()
    third = (await platform.get(second["next"])).json()
    assert [line["note"] for line in third["results"]] == ["No. 1"] and third["next"] is None
    assert (await platform.get(third["previous"])).json()["results"] == second["results"]


async def test_filters_leave_what_they_say(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, paula: Partner, merchant: str, usps: object
) -> None:
    other = (await platform.post("/shippo-accounts", json=MANAGED)).json()["object_id"]
    await add_lines(paula, other, 2)
    await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    assert [line["kind"] for line in await ledger(platform)] == ["adjustment", "adjustment", "purchase"]
    assert [line["kind"] for line in await ledger(platform, account=merchant)] == ["purchase"]
    assert len(await ledger(platform, kind="adjustment")) == 2
    assert await ledger(platform, account=merchant, kind="refund") == []
    assert await ledger(platform, account="0" * 32) == []
    later, before = to_wire(now() + dt.timedelta(minutes=1)), to_wire(now() - dt.timedelta(minutes=1))
    assert len(await ledger(platform, object_created_gte=before, object_created_lt=later)) == 3
    assert await ledger(platform, object_created_gt=later) == await ledger(platform, object_created_lte=before) == []
    sums = (await platform.get(f"/partner/ledger/totals?account={other}")).json()["results"]
    assert sums == [{"currency": "USD", "lines": 2, "cost": "0.03", "charged": "0.00", "margin": "-0.03"}]
    assert (await platform.get("/partner/ledger/totals?kind=refund")).json() == {"results": []}


FILTERS = ("account=nonsense", "kind=gift", "object_created_gt=yesterday")


@pytest.mark.parametrize(
    "path",
    [f"{path}?{query}" for path in ("ledger", "ledger/totals", "ledger.csv") for query in FILTERS]
    + ["ledger?page_token=x", "ledger?results=-1"],
)
async def test_a_filter_that_means_nothing_is_refused(platform: httpx.AsyncClient, path: str) -> None:
    assert (await platform.get(f"/partner/{path}")).status_code == 400


async def test_the_csv_has_all_lines_and_numbers_are_numbers(
    platform: httpx.AsyncClient, paula: Partner, merchant: str
) -> None:
    await add_lines(paula, merchant, 1203)
    answer = await platform.get("/partner/ledger.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "portside-ledger.csv" in answer.headers["content-disposition"]
    rows = parsed(answer.text)
    assert tuple(rows[0]) == COLUMNS and len(rows) == 1203
    assert [row["note"] for row in rows] == [f"No. {number}" for number in range(1203, 0, -1)]
    assert (rows[0]["cost"], rows[0]["margin"]) == ("12.03", "-12.03")
    only = parsed((await platform.get(f"/partner/ledger.csv?account={'0' * 32}")).text)
    assert only == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_no_cell_of_the_csv_is_a_formula(platform: httpx.AsyncClient, start: str) -> None:
    evil = f'{start}HYPERLINK("http://x.example","a")'
    account = (await platform.post("/shippo-accounts", json=MANAGED | {"company_name": evil})).json()
    body = {"account": account["object_id"], "currency": "USD", "charged": "-5.20", "note": evil}
    made = await platform.post("/partner/ledger", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["note"] == evil.strip()
    (row,) = parsed((await platform.get("/partner/ledger.csv")).text)
    for cell in (row["note"], row["account_name"]):
        assert "HYPERLINK" in cell and not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert Decimal(row["charged"]) == Decimal(row["margin"]) == Decimal("-5.20")


def test_texts_and_numbers_of_a_sheet() -> None:
    line = ["-1", Decimal("-1"), -1, "@a", None, "plain", 'q"', "a,b"]
    assert csv_lines([line]) == b'\'-1,-1,-1,\'@a,,plain,"q""","a,b"\r\n'


async def test_a_correction_is_a_line_of_its_own(
    platform: httpx.AsyncClient, acting: httpx.AsyncClient, merchant: str, usps: object
) -> None:
    label = await bought(acting, rate_of(await shipped(acting), "usps_priority"))
    body: dict[str, Any] = {"account": merchant, "currency": "USD", "note": "Weighed again", "cost": "1.20"}
    await platform.post("/partner/ledger", json={**body, "transaction": label["object_id"], "charged": 1.5})
    made = await platform.post("/partner/ledger", json={**body, "cost": "-2"}, headers={"Idempotency-Key": "one"})
    again = await platform.post("/partner/ledger", json={**body, "cost": "-2"}, headers={"Idempotency-Key": "one"})
    assert made.json() == again.json()
    _, first, second = await ledger(platform)
    assert (first["kind"], first["cost"], first["charged"], first["margin"]) == ("adjustment", "1.20", "1.50", "0.30")
    assert (first["tracking_number"], first["carrier"]) == (label["tracking_number"], "usps")
    assert (second["transaction"], second["cost"], second["note"]) == (None, "-2.00", "Weighed again")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"account": "0" * 32}, "account"),
        ({"account": "x"}, "account"),
        ({"transaction": "0" * 32}, "transaction"),
        ({"transaction": "x"}, "transaction"),
        ({"currency": "XXX"}, "currency"),
        ({"cost": "0.001"}, "cost"),
        ({"cost": "NaN"}, "cost"),
        ({"charged": "1000000"}, "charged"),
        ({"cost": "0", "charged": "0"}, "charged"),
        ({"note": " "}, "note"),
        ({"kind": "purchase"}, "kind"),
    ],
)
async def test_a_wrong_correction_is_refused(
    platform: httpx.AsyncClient, merchant: str, changes: dict[str, str], where: str
) -> None:
    body = {"account": merchant, "currency": "USD", "note": "Weighed again", "cost": "1.20", **changes}
    answer = await platform.post("/partner/ledger", json=body)
    assert answer.status_code == 400 and where in answer.json(), answer.text
    assert await ledger(platform) == []


async def test_each_platform_has_its_own(
    platform: httpx.AsyncClient, charlie_api: httpx.AsyncClient, paula: Partner, merchant: str
) -> None:
    await add_lines(paula, merchant, 1)
    assert await ledger(charlie_api) == await ledger(charlie_api, account=merchant) == []
    assert (await charlie_api.get("/partner/ledger/totals")).json() == {"results": []}
    assert parsed((await charlie_api.get("/partner/ledger.csv")).text) == []
    theirs = {"account": merchant, "currency": "USD", "note": "Not mine", "cost": "1"}
    assert (await charlie_api.post("/partner/ledger", json=theirs)).status_code == 400

"""The ledger's page: for platforms, with what fits, what it comes to, and the same as CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from html import unescape

import httpx
import pytest

from portside.db.begin import begin
from portside.kit.ids import Id
from portside.kit.scope import Scope
from portside.ledger.actions import record_lines, record_refunds
from portside.ledger.models import LineDraft
from tests.support.cast import Person
from tests.support.terms import MANAGED
from tests.web.conftest import Browser

LEDGER = "/app/ledger"


@pytest.fixture
async def merchant(api: httpx.AsyncClient, alice: Person) -> str:
    """A managed account of alice's, with two purchases, a refund and a correction."""
    account_id = str((await api.post("/shippo-accounts", json=MANAGED)).json()["object_id"])
    scope = Scope(Id(account_id), "test", MANAGED["email"])

    def line(number: int, cost: str, charged: str) -> LineDraft:
        return LineDraft(
            scope=scope,
            partner_id=alice.account_id,
            kind="purchase",
            cost=Decimal(cost),
            charged=Decimal(charged),
            currency="USD",
            label_id=Id(f"{number:032x}"),
            carrier="usps",
            service_token="usps_priority",
            tracking_number=f"9205{number}",
        )

    note = LineDraft(
        scope=scope,
        partner_id=alice.account_id,
        kind="adjustment",
        cost=Decimal(0),
        charged=Decimal("-5"),
        currency="USD",
        note="<b>Goodwill</b>",
    )
    async with begin() as tx:
        await record_lines(tx, [line(1, "8.70", "9.57"), line(2, "6.20", "7.00"), note])
        await record_refunds(tx, scope, [Id(f"{2:032x}")])
    return account_id


async def test_the_ledger_shows_lines_and_what_they_come_to(at_desk: Browser, alice: Person, merchant: str) -> None:
    page = await at_desk.get(LEDGER)
    text = unescape(page.text)
    assert page.status_code == 200 and 'href="/app/ledger"' in page.text
    for shown in (
        "USPS Priority Mail",
        "92051",
        "Hippo Hats",
        "$9.57",
        "$0.87",
        "−$7.00",
        "Refund",
        "Total of 4 lines",
    ):
        assert shown in text, shown
    # 8.70 and 9.57 - 5: the refund has taken the other purchase back.
    total = text.partition("Total of 4 lines")[2]
    assert "$8.70" in total and "$4.57" in total and "−$4.13" in total
    assert "<b>Goodwill" not in page.text


async def test_filters_narrow_the_rows_the_totals_and_the_csv(at_desk: Browser, alice: Person, merchant: str) -> None:
    for query, lines in (
        ("kind=refund", 1),
        ("kind=nonsense", 4),
        (f"account={merchant}", 4),
        (f"account={'0' * 32}", 0),
        ("q=92051", 1),
        ("q=9205%202", 2),
        ("from=2020-01-01&to=2020-01-31", 0),
        ("from=2020-01-01", 4),
        ("from=yesterday&after=x&before=y", 4),
    ):
        rows = await at_desk.poll(f"{LEDGER}?{query}")
        assert rows.status_code == 200 and rows.text.count("<tr data-row") == lines, query
        assert "<html" not in rows.text
        answer = await at_desk.get(f"{LEDGER}.csv?{query}")
        assert answer.headers["content-type"].startswith("text/csv")
        assert len(list(csv.DictReader(io.StringIO(answer.text)))) == lines, query


async def test_only_platforms_have_the_entry(at_desk: Browser, alice: Person, api: httpx.AsyncClient) -> None:
    assert 'href="/app/ledger"' not in (await at_desk.get("/app/orders")).text
    assert "No lines yet" in (await at_desk.get(LEDGER)).text
    await api.post("/shippo-accounts", json=MANAGED)
    page = (await at_desk.get("/app/orders")).text
    # On phones it stands in the account menu, and does not push the settings out of the dock.
    dock = page.partition('class="dock"')[2].partition("</nav>")[0]
    more = page.partition('aria-label="More pages"')[2].partition("</nav>")[0]
    assert 'href="/app/ledger"' in more and 'href="/app/settings/tokens"' in dock and dock.count("<a ") == 5

"""Orders from a file: looked at first, written once, and what is wrong given back to be corrected."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from portside.db.begin import begin
from portside.jobs.drain import drain
from portside.jobs.models import Run
from portside.kit.ids import Id
from portside.kit.services import services
from portside.order_imports import flows, jobs
from tests.support.cast import Person
from tests.web.conftest import Browser

PATH = "/app/orders/import"
SWEEP = Run(job_id=1, attempt=1, payload={})
HEADER = "Order Number,Recipient Name,Street Line 1,City,State/Province,Zip/Postal Code,Country,Weight,Weight Unit"
GOOD = "215 Clayton St,San Francisco,CA,94117,US,1.5,lb"


def sheet(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def numbered(*numbers: int) -> bytes:
    return sheet(*(f"n{number},Mr Hippo {number},{GOOD}" for number in numbers))


class Desk:
    """alice, who uploads files."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def upload(self, content: bytes, name: str = "orders.csv") -> httpx.Response:
        await self.browser.get(PATH)
        fields = {"_csrf_token": self.browser.token}
        return await self.browser.client.post(PATH, data=fields, files={"file": (name, content, "text/csv")})

    async def uploaded(self, content: bytes) -> str:
        answer = await self.upload(content)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def start(self, path: str) -> None:
        await self.browser.get(path)
        answer = await self.browser.post(f"{path}/start")
        assert answer.status_code == 303, answer.text

    async def text(self, path: str) -> str:
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def desk(at_desk: Browser) -> Desk:
    return Desk(at_desk)


async def numbers(api: httpx.AsyncClient, **query: Any) -> list[str]:
    found = (await api.get("/orders", params={"results": 100, **query})).json()["results"]
    return sorted(str(order["order_number"]) for order in found)


async def test_nothing_is_written_before_somebody_says_so(desk: Desk, api: httpx.AsyncClient) -> None:
    path = await desk.uploaded(sheet(f"1001,Mr Hippo,{GOOD}", f"1002,,{GOOD}", f"1003,Ann,{GOOD}"))
    shown = await desk.text(path)
    assert "2 orders can be imported, 1 cannot" in shown and "Import 2 orders" in shown
    assert "Mr Hippo" in shown and "Carriers need the name." in shown
    await drain()
    assert await numbers(api) == []
    await desk.start(path)
    await drain()
    assert await numbers(api) == ["1001", "1003"]
    assert await numbers(api, shop_app="CSV_Import") == ["1001", "1003"]
    shown = await desk.text(path)
    assert "2 orders imported, 1 left out" in shown
    assert "CSV import" in (await desk.text("/app/orders"))


async def test_progress_is_told_when_there_is_some(
    desk: Desk, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, alice: Person
) -> None:
    monkeypatch.setattr(flows, "PORTION", 2)
    path = await desk.uploaded(numbered(1, 2, 3, 4, 5))
    await desk.start(path)
    shown = await desk.text(path)
    assert "Importing: 0 of 5 orders" in shown
    seen = re.search(r'hx-get="([^"]+)"[^>]*data-live="order_created"', shown)
    assert seen is not None
    assert (await desk.browser.poll(seen[1])).status_code == 204
    import_id = Id(path.rpartition("/")[2])
    assert await flows.import_portion(alice.scope, import_id)
    news = await desk.browser.poll(seen[1])
    assert "Importing: 2 of 5 orders" in news.text and "<html" not in news.text
    assert 'hx-target="#count-orders" hx-swap="innerHTML">2<' in news.text
    await drain()
    assert "5 orders imported" in await desk.text(path)
    assert await numbers(api) == ["n1", "n2", "n3", "n4", "n5"]


async def test_whatever_is_done_twice_makes_one_order(desk: Desk, api: httpx.AsyncClient, alice: Person) -> None:
    first = numbered(1, 2)
    path = await desk.uploaded(first)
    assert await desk.uploaded(first) == path
    await desk.start(path)
    await desk.start(path)
    import_id = Id(path.rpartition("/")[2])
    await asyncio.gather(*(flows.import_portion(alice.scope, import_id) for _ in range(3)))
    await drain()
    assert await numbers(api) == ["n1", "n2"]
    # The same file after its import is what it was; a longer one brings only what is new.
    assert await desk.uploaded(first) == path
    longer = await desk.uploaded(numbered(1, 2, 3))
    shown = await desk.text(longer)
    assert "1 order can be imported" in shown and "2 orders are here already" in shown
    await desk.start(longer)
    await drain()
    assert await numbers(api) == ["n1", "n2", "n3"]


async def test_two_files_that_were_looked_at_together_bring_an_order_once(desk: Desk, api: httpx.AsyncClient) -> None:
    one, other = await desk.uploaded(numbered(1, 2)), await desk.uploaded(numbered(2, 3))
    for path in (one, other):
        await desk.start(path)
    await drain()
    assert await numbers(api) == ["n1", "n2", "n3"]
    assert "1 order imported" in await desk.text(other) and "1 order is here already" in await desk.text(other)


async def test_an_import_whose_job_was_lost_goes_on(desk: Desk, api: httpx.AsyncClient, alice: Person) -> None:
    path = await desk.uploaded(numbered(1))
    import_id = path.rpartition("/")[2]
    # As a crash between two portions leaves it, some time ago.
    async with begin() as tx:
        await tx.execute(
            "UPDATE order_imports SET state = 'importing', updated_at = now() - interval '1 hour' WHERE id = $1",
            import_id,
        )
    await jobs.sweep(SWEEP)
    await drain()
    assert await numbers(api) == ["n1"]


async def test_what_is_wrong_comes_back_to_be_corrected(desk: Desk, api: httpx.AsyncClient) -> None:
    lines = (f"1001,=Ann,{GOOD}", f"1002,,{GOOD}", "1003,Zoë,1 Main St,Lyon,,69001,Frankreich,1,kg", f",Bob,{GOOD}")
    path = await desk.uploaded(sheet(*lines))
    answer = await desk.browser.get(f"{path}/errors.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert table[0] == [*HEADER.split(","), "Error"]
    assert [row[0] for row in table[1:]] == ["1002", "1003"]
    assert table[1][-1] == "Recipient Name: Carriers need the name."
    assert table[2][-1] == "Country: Invalid country. Use an ISO 3166-1 code."
    table[1][1], table[2][6] = "Ida", "France"
    text = io.StringIO()
    csv.writer(text).writerows(table)
    corrected = await desk.uploaded(text.getvalue().encode("utf-8-sig"))
    assert "2 orders can be imported" in await desk.text(corrected)
    for each in (path, corrected):
        await desk.start(each)
    await drain()
    assert await numbers(api) == ["1001", "1002", "1003", "None"]


async def test_the_template_is_a_file_that_can_be_imported(desk: Desk) -> None:
    template = await desk.browser.get(f"{PATH}/template.csv")
    assert template.headers["content-disposition"] == 'attachment; filename="portside-orders.csv"'
    assert template.headers["content-type"] == "text/csv; charset=utf-8"
    shown = await desk.text(await desk.uploaded(template.content))
    assert "2 orders can be imported" in shown and "With errors" not in shown and "Not used" not in shown


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Choose a CSV file."),
        (b"PK\x03\x04", "This is a workbook."),
        (b"\x00\x01", "This file is no text"),
        (b"a,b\n1,2\n", "no column for"),
    ],
)
async def test_what_is_no_such_file_is_told_beside_it(desk: Desk, content: bytes, words: str) -> None:
    answer = await desk.upload(content)
    assert answer.status_code == 422
    assert re.search(rf'id="file-wrong">.*{words}', answer.text, re.DOTALL)
    assert 'aria-describedby="file-hint file-wrong"' in answer.text


async def test_limits_are_those_of_the_settings(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    few = msgspec.structs.replace(services().settings, max_bulk_orders=2)
    changed = msgspec.structs.replace(services(), settings=few)
    monkeypatch.setattr("portside.kit.services._installed", changed)
    assert "This file has 3 orders, and one may have 2." in (await desk.upload(numbered(1, 2, 3))).text
    assert "At most 2 orders" in await desk.text(PATH)
    huge = await desk.upload(b"x" * (services().settings.max_body_bytes + 1))
    assert huge.status_code == 413


async def test_a_file_may_be_discarded_until_it_is_imported(desk: Desk, api: httpx.AsyncClient) -> None:
    path = await desk.uploaded(numbered(1))
    await desk.browser.get(path)
    assert (await desk.browser.post(f"{path}/discard")).headers["location"] == PATH
    assert (await desk.browser.get(path)).status_code == 404
    again = await desk.uploaded(numbered(1))
    await desk.start(again)
    await drain()
    await desk.browser.get(again)
    assert (await desk.browser.post(f"{again}/discard")).headers["location"] == again
    assert "This file is imported already." in await desk.text(again)
    assert await numbers(api) == ["n1"]


async def test_a_teammate_may_do_it_and_nobody_else_sees_it(
    desk: Desk, teammate: Browser, charlie: Person, product: Callable[..., httpx.AsyncClient]
) -> None:
    path = await desk.uploaded(numbered(1))
    assert "orders.csv" in (await teammate.get(PATH)).text
    stranger = Browser(product(Accept="text/html"))
    await stranger.sign_in(charlie)
    assert "orders.csv" not in (await stranger.get(PATH)).text
    for missing in (path, f"{path}/errors.csv"):
        assert (await stranger.get(missing)).status_code == 404
    for deed in ("start", "discard"):
        await stranger.get(PATH)
        assert (await stranger.post(f"{path}/{deed}")).status_code == 404
    # Without the proof that the form is ours, nothing happens either.
    desk.browser.token = "stolen"
    assert (await desk.browser.post(f"{path}/start")).status_code == 403
    assert "1 order can be imported" in (await teammate.get(path)).text
    await teammate.get(path)
    assert (await teammate.post(f"{path}/start")).status_code == 303
    await drain()
    assert "1 order imported" in await desk.text(path)


async def test_what_a_file_says_is_only_ever_text(desk: Desk) -> None:
    evil = sheet(f"<b>1</b>,<script>alert(1)</script>,{GOOD}", '"<img src=x>",,,,,,<i>,,')
    shown = await desk.text(await desk.uploaded(evil))
    assert "<script>alert" not in shown and "<img src=x" not in shown and "<b>1" not in shown
    assert "&lt;script&gt;alert(1)" in shown


async def test_old_files_are_forgotten_and_their_orders_stay(desk: Desk, api: httpx.AsyncClient) -> None:
    done, open_ = await desk.uploaded(numbered(1)), await desk.uploaded(numbered(2))
    await desk.start(done)
    await drain()
    for path in (done, open_):
        async with begin() as tx:
            await tx.execute(
                "UPDATE order_imports SET updated_at = now() - interval '30 days' WHERE id = $1",
                path.rpartition("/")[2],
            )
    await jobs.sweep(SWEEP)
    assert [(await desk.browser.get(path)).status_code for path in (done, open_)] == [200, 404]
    assert await numbers(api) == ["n1"]

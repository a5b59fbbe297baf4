"""Rate limits per account and mode: counted, announced in headers, refused as JSON with the time to wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest

from portside.kit import services as kit
from portside.kit.services import services
from portside.rest.limits import limit_of
from portside.settings import SettingsError, load
from tests.support.cast import Person

Maker = Callable[..., httpx.AsyncClient]
PARCEL = {"length": 1, "width": 1, "height": 1, "distance_unit": "in", "weight": 1, "mass_unit": "lb"}


@pytest.fixture
def limited(product: Maker) -> Iterator[Callable[[str], None]]:
    """Set what test mode allows, until the test ends."""
    before = services()

    def allow(setting: str) -> None:
        settings = msgspec.structs.replace(before.settings, rate_limit_test=setting)
        kit.install(msgspec.structs.replace(before, settings=settings))

    yield allow
    kit.install(before)


def by_minute(answers: list[httpx.Response]) -> dict[str, Counter[int]]:
    """How often each status came, by the minute that the answers say they were counted in."""
    minutes: dict[str, Counter[int]] = {}
    for answer in answers:
        minutes.setdefault(answer.headers["x-ratelimit-reset"], Counter())[answer.status_code] += 1
    return minutes


async def test_beyond_the_limit_is_429_until_the_minute_ends(
    api: httpx.AsyncClient, limited: Callable[[str], None]
) -> None:
    limited("shippo")
    answers = [await api.get("/parcels")]
    # Where the minute ends meanwhile, the next one's requests are allowed again.
    while answers[-1].status_code == 200 and len(answers) < 50:
        answers.append(await api.get("/parcels"))
    minutes = by_minute(answers)
    assert len(minutes) <= 2
    assert all(counted[200] <= 10 and (not counted[429] or counted[200] == 10) for counted in minutes.values())
    first, refused = answers[0], answers[-1]
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("10", "9")
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/json"
    assert refused.json()["detail"].startswith("Rate limit exceeded.")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["x-ratelimit-remaining"] == "0"


async def test_many_at_once_are_counted_each(api: httpx.AsyncClient, limited: Callable[[str], None]) -> None:
    limited("shippo")
    answers = await asyncio.gather(*(api.post("/parcels", json=PARCEL) for _ in range(120)))
    minutes = by_minute(list(answers))
    assert all(counted[201] <= 50 and (not counted[429] or counted[201] == 50) for counted in minutes.values())
    assert sum(counted[429] for counted in minutes.values()) >= 20


async def test_accounts_modes_and_resources_count_apart(
    product: Maker, alice: Person, charlie: Person, limited: Callable[[str], None]
) -> None:
    limited("0.1")
    async with product(alice.token) as api, product(charlie.token) as other, product(alice.live_token) as live:
        statuses = [(await api.get("/parcels")).status_code for _ in range(3)]
        assert 429 in statuses
        for client, path in ((other, "/parcels"), (api, "/addresses"), (live, "/parcels")):
            assert (await client.get(path)).status_code == 200
        assert (await api.post("/parcels", json=PARCEL)).status_code == 201


async def test_errors_carry_the_headers_too(api: httpx.AsyncClient, limited: Callable[[str], None]) -> None:
    limited("shippo")
    answer = await api.post("/parcels", json={})
    assert (answer.status_code, answer.headers["x-ratelimit-limit"]) == (400, "50")


async def test_test_mode_is_not_limited_by_default(api: httpx.AsyncClient) -> None:
    answers = [await api.get("/parcels") for _ in range(15)]
    assert {answer.status_code for answer in answers} == {200}
    assert "x-ratelimit-limit" not in answers[0].headers


@pytest.mark.parametrize(
    ("method", "path", "live"),
    [
        ("POST", "/shipments", 500),
        ("PUT", "/carrier_accounts/{carrier_account_id}", 500),
        ("GET", "/customs/items/{item_id}", 4000),
        ("GET", "/shipments/{shipment_id}/rates", 4000),
        ("GET", "/transactions", 50),
        ("POST", "/batches/{batch_id}/purchase", 50),
        ("GET", "/batches/{batch_id}", 400),
        ("POST", "/tracks", 750),
        ("GET", "/tracks/{carrier}/{tracking_number}", 500),
        ("POST", "/orders", None),
        ("POST", "/pickups", None),
        ("GET", "/parcel-templates", None),
    ],
)
def test_the_published_numbers(method: str, path: str, live: int | None) -> None:
    limit = limit_of(method, path)
    assert (limit.most["live"] if limit else None) == live


@pytest.mark.parametrize("wrong", ["on", "-1", "1e9", "shippo "])
def test_settings_that_mean_nothing_are_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PORTSIDE_RATE_LIMIT_LIVE"):
        load({"PORTSIDE_RATE_LIMIT_LIVE": wrong})

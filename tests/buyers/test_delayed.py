"""A buyer hears once that the parcel takes longer: the carrier says so, puts the day off, or the day is over."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from portside.buyers import flows
from portside.buyers.actions import save_settings
from portside.buyers.models import MessageSettings
from portside.buyers.queries import list_buyer_messages
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.kit.clock import now
from portside.kit.ids import Id
from tests.alerts.conftest import follow, pass_days, ship
from tests.support.buying import Shop
from tests.support.cast import Person
from tests.support.labelling import scan

DELAYED = MessageSettings(email=("DELAYED",), in_test_mode=True)
SOON = now() + dt.timedelta(days=30)


@pytest.fixture(autouse=True)
async def nobody_else(database: str) -> None:
    """What other tests have left to do is not done here."""
    await current_pool().execute("TRUNCATE jobs")


async def expect(label: dict[str, str], first: dt.datetime, eta: dt.datetime) -> None:
    """When the carrier expected it first, and expects it now."""
    await current_pool().execute(
        "UPDATE tracks SET details = details || jsonb_build_object('original_eta', $2::text, 'eta', $3::text) "
        "WHERE tracking_number = $1",
        label["tracking_number"],
        first.isoformat(),
        eta.isoformat(),
    )


async def test_the_carriers_word_is_told_once(shop: Shop) -> None:
    await shop.tells(DELAYED)
    label = await shop.buy()
    await expect(label, SOON, SOON)
    way = [scan("TRANSIT", "package_accepted", 1)]
    await shop.scan(label, *way, eta=SOON)
    assert await shop.statuses(label) == []
    way.append(scan("TRANSIT", "delayed", 20))
    await shop.scan(label, *way, eta=SOON)
    way += [scan("TRANSIT", "package_departed", 24), scan("TRANSIT", "delayed", 40)]
    await shop.scan(label, *way, eta=SOON)
    assert await shop.statuses(label) == ["DELAYED"]
    (mail,) = await shop.mailbox()
    assert "Delayed" in mail.subject and "takes longer than planned" in mail.body_text
    assert f"{SOON.day} {SOON:%b}" in mail.body_text


async def test_a_day_that_is_put_off_is_told_and_an_earlier_one_is_not(shop: Shop) -> None:
    await shop.tells(DELAYED)
    label, other = await shop.buy(), await shop.buy()
    for each, eta in ((label, SOON + dt.timedelta(days=2)), (other, SOON - dt.timedelta(days=2))):
        await expect(each, SOON, SOON)
        await shop.scan(each, scan("TRANSIT", "package_accepted", 1), eta=eta)
    assert (await shop.statuses(label), await shop.statuses(other)) == (["DELAYED"], [])


async def test_a_day_that_is_over_is_told_with_that_day(shop: Shop) -> None:
    await shop.tells(DELAYED)
    label = await shop.buy()
    await shop.scan(label, scan("TRANSIT", "package_accepted", 1))
    assert await shop.statuses(label) == ["DELAYED"]
    (mail,) = await shop.mailbox()
    assert "It was expected Mon 2 Mar." in mail.body_text and "Expected" not in mail.body_text


async def test_the_time_alone_tells_it(api: httpx.AsyncClient, alice: Person) -> None:
    async with begin() as tx:
        await save_settings(tx, alice.scope, DELAYED)
    label = await ship(api, "SIM_STORY_STUCK")
    await follow(api, label, 2)
    await pass_days(api, 30)
    await pass_days(api, 3)
    async with reading() as tx:
        told = await list_buyer_messages(tx, alice.scope, [Id(label["object_id"])])
    assert [(each.status, each.reason) for each in told if each.status == "DELAYED"] == [("DELAYED", None)]


@pytest.mark.parametrize(
    "last", [scan("DELIVERED", "delivered", 44), scan("TRANSIT", "notice_left", 44)], ids=["delivered", "in trouble"]
)
async def test_late_news_of_what_is_not_under_way_any_more_is_none(shop: Shop, alice: Person, last: object) -> None:
    await shop.tells(DELAYED)
    label = await shop.buy()
    await shop.scan(label, last)  # type: ignore[arg-type]
    await flows.tell_late(alice.scope, Id(label["object_id"]))
    await flows.tell_late(alice.scope, Id("0" * 32))
    assert await shop.statuses(label) == []

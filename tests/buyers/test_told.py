"""What buyers are told: each status once by each channel, nothing old, nothing unwanted, and the log says why not."""

from __future__ import annotations

import asyncio

import httpx
import msgspec
import pytest

from portside.buyers import flows
from portside.buyers.models import MessageSettings
from portside.carriers.errors import CarrierError
from portside.db.begin import begin
from portside.db.pool import current_pool
from portside.errors import NotFound
from portside.events.models import EventRef
from portside.jobs.drain import drain
from portside.kit.scope import Scope
from portside.notifications.actions import suppress
from tests.support.buying import BUYER, TOLD_IN_TESTS, Shop
from tests.support.cast import Person
from tests.support.labelling import rated, scan

BOTH = msgspec.structs.replace(TOLD_IN_TESTS, sms=("PRE_TRANSIT", "DELIVERED"))


@pytest.fixture(autouse=True)
async def nobody_else(database: str) -> None:
    """What other tests have left to do is not done here."""
    await current_pool().execute("TRUNCATE jobs")


async def events(person: Person, name: str) -> list[EventRef]:
    rows = await current_pool().fetch(
        "SELECT id FROM events WHERE account_id = $1 AND name = $2 ORDER BY position", person.account_id, name
    )
    return [EventRef(event=row["id"], account=person.account_id, mode="test") for row in rows]


async def reasons(shop: Shop, label: dict[str, str]) -> dict[tuple[str, str], str | None]:
    return {(each.status, each.channel): each.reason for each in await shop.told(label)}


async def test_a_buyer_hears_of_the_way_from_shop_to_door(shop: Shop) -> None:
    await shop.tells()
    await shop.looks(name="Lantern & Rope", support_email="help@lantern.example")
    label = await shop.buy(order=await shop.order())
    way = [scan("TRANSIT", "package_accepted", 1)]
    await shop.scan(label, *way)
    way.append(scan("TRANSIT", "delivery_attempted", 20))
    await shop.scan(label, *way)
    way.append(scan("TRANSIT", "out_for_delivery", 40))
    await shop.scan(label, *way)
    way.append(scan("DELIVERED", "delivered", 44))
    await shop.scan(label, *way)
    assert await shop.statuses(label) == ["PRE_TRANSIT", "FAILURE", "OUT_FOR_DELIVERY", "DELIVERED"]
    mails = await shop.mailbox()
    assert [mail.subject for mail in mails] == [
        "[Test] Lantern & Rope: Shipped · order #1068",
        "[Test] Lantern & Rope: Delivery attempted · order #1068",
        "[Test] Lantern & Rope: Out for delivery · order #1068",
        "[Test] Lantern & Rope: Delivered · order #1068",
    ]
    assert {(mail.recipient, mail.state, mail.reply_to) for mail in mails} == {
        ("carla@buyer.example", "kept", "help@lantern.example")
    }
    link = "http://portside.test" + await shop.link(label)
    first, second = mails[:2]
    for body in (first.body_text, first.body_html):
        for fact in (
            "#1068",
            "Hippo Magazines",
            "USPS",
            label["tracking_number"],
            link,
            f"{link}/messages",
            "Mon 2 Mar",
        ):
            assert fact in body, fact
    assert "tries again" not in first.body_text and "try again on the next working day" in second.body_text


async def test_nobody_is_told_the_same_twice(shop: Shop, alice: Person) -> None:
    await shop.tells()
    label = await shop.buy()
    out = scan("TRANSIT", "out_for_delivery", 40)
    await shop.scan(label, out)
    await shop.scan(label, out, scan("TRANSIT", "package_arrived", 30))
    await shop.scan(label, out, scan("TRANSIT", "package_arrived", 30), scan("TRANSIT", "out_for_delivery", 64))
    again = [*await events(alice, "transaction_created"), *await events(alice, "track_updated")]
    assert len(again) == 4
    await asyncio.gather(*(flows.tell(ref) for ref in [*again, *again]))
    assert await shop.statuses(label) == ["PRE_TRANSIT", "OUT_FOR_DELIVERY"]
    assert len(await shop.mailbox()) == 2


async def test_old_scans_that_come_late_are_no_news(shop: Shop) -> None:
    await shop.tells()
    label = await shop.buy()
    done = scan("DELIVERED", "delivered", 44)
    await shop.scan(label, done)
    await shop.scan(label, done, scan("TRANSIT", "out_for_delivery", 40), scan("TRANSIT", "notice_left", 20))
    assert await shop.statuses(label) == ["PRE_TRANSIT", "DELIVERED"]


async def test_nobody_hears_shipped_of_what_has_arrived(shop: Shop, alice: Person) -> None:
    await shop.tells()
    label = await shop.buy()
    await shop.scan(label, scan("DELIVERED", "delivered", 44))
    await current_pool().execute("DELETE FROM buyer_messages WHERE account_id = $1", alice.account_id)
    for ref in await events(alice, "transaction_created"):
        await flows.tell(ref)
    assert await reasons(shop, label) == {("PRE_TRANSIT", "email"): "delivered"}


async def test_returned_and_failed_are_told(shop: Shop) -> None:
    await shop.tells()
    label = await shop.buy()
    await shop.scan(label, scan("FAILURE", "package_lost", 40))
    await shop.scan(label, scan("FAILURE", "package_lost", 40), scan("RETURNED", "return_to_sender", 60))
    assert await shop.statuses(label) == ["PRE_TRANSIT", "FAILURE", "RETURNED"]


async def test_test_labels_tell_nobody_unless_it_is_wished(shop: Shop) -> None:
    label = await shop.buy()
    assert await reasons(shop, label) == {("PRE_TRANSIT", "email"): "test"}
    assert await shop.mailbox() == []


async def test_what_is_switched_off_is_not_told(shop: Shop) -> None:
    await shop.tells(MessageSettings(email=("DELIVERED",), in_test_mode=True))
    label = await shop.buy()
    await shop.scan(label, scan("TRANSIT", "package_accepted", 1))
    await shop.scan(label, scan("DELIVERED", "delivered", 44))
    off = {(status, "email"): "off" for status in ("PRE_TRANSIT", "DELAYED")}
    assert await reasons(shop, label) == {**off, ("DELIVERED", "email"): None}


async def test_the_first_scan_is_told_where_the_merchant_wants_that(shop: Shop) -> None:
    await shop.tells(MessageSettings(email=("TRANSIT",), in_test_mode=True))
    label = await shop.buy()
    assert await shop.mailbox() == []
    await shop.scan(label, scan("TRANSIT", "package_accepted", 1))
    assert [mail.subject for mail in await shop.mailbox()] == ["[Test] Alice Ltd: On its way"]


async def test_texts_go_to_the_phone_of_the_address(shop: Shop) -> None:
    await shop.tells(BOTH)
    label = await shop.buy(order=await shop.order())
    (text,) = [message for message in await shop.mailbox() if message.channel == "sms"]
    assert (text.recipient, text.state, text.body_html) == ("+15550100177", "kept", "")
    link = "http://portside.test" + await shop.link(label)
    assert text.body_text == (
        f"[Test] Alice Ltd: Shipped (order #1068). USPS {label['tracking_number']}, expected Mon 2 Mar. {link}"
    )
    await shop.scan(label, scan("TRANSIT", "out_for_delivery", 40))
    assert await shop.statuses(label, "sms") == ["PRE_TRANSIT"]


@pytest.mark.parametrize(
    ("changes", "email", "sms"),
    [
        ({"email": "", "phone": ""}, "no_address", "no_address"),
        ({"email": '"odd one"@buyer.example', "phone": "12"}, "bad_address", "bad_address"),
        ({"email": "carla@büyer.example", "phone": "555 010 0177"}, None, None),
    ],
)
async def test_without_an_address_the_log_says_so(
    shop: Shop, changes: dict[str, str], email: str | None, sms: str | None
) -> None:
    await shop.tells(BOTH)
    label = await shop.buy(to={**BUYER, **changes})
    assert await reasons(shop, label) == {("PRE_TRANSIT", "email"): email, ("PRE_TRANSIT", "sms"): sms}


async def test_the_orders_address_helps_out(shop: Shop) -> None:
    await shop.tells()
    label = await shop.buy(order=await shop.order(), to={**BUYER, "email": ""})
    assert await shop.statuses(label) == ["PRE_TRANSIT"]


async def test_return_labels_and_refunded_ones_tell_nobody(shop: Shop) -> None:
    await shop.tells()
    back = await shop.buy(extra={"is_return": True})
    assert await reasons(shop, back) == {("PRE_TRANSIT", "email"): "return"}
    label = await shop.buy()
    assert (await shop.api.post("/refunds", json={"transaction": label["object_id"]})).status_code == 201
    await shop.scan(label, scan("DELIVERED", "delivered", 44))
    assert await reasons(shop, label) == {("PRE_TRANSIT", "email"): None, ("DELIVERED", "email"): "refunded"}


async def test_all_parcels_of_a_purchase_are_one_message(shop: Shop) -> None:
    await shop.tells()
    parcel = {"length": "10", "width": "8", "height": "4", "distance_unit": "in", "weight": "1", "mass_unit": "lb"}
    label = await shop.buy(parcels=[parcel, parcel])
    (mail,) = await shop.mailbox()
    number = label["tracking_number"]
    assert number in mail.body_text and number[:-1] + "1" in mail.body_text and number[-1] == "0"


async def test_a_label_that_the_carrier_refuses_tells_nobody(shop: Shop, api: httpx.AsyncClient) -> None:
    await shop.tells()
    rate = await rated(api, address_to=BUYER)
    shop.carrier.refuses = CarrierError("input", "No.")
    answer = await api.post("/transactions", json={"rate": rate, "async": False})
    assert answer.json()["status"] == "ERROR"
    await drain()
    assert await shop.told(answer.json()) == []


async def test_who_has_said_stop_hears_no_more_from_this_shop_alone(shop: Shop, alice: Person, charlie: Person) -> None:
    await shop.tells()
    async with begin() as tx:
        await suppress(tx, charlie.scope, "email", "carla@buyer.example")
    first = await shop.buy()
    assert await shop.statuses(first) == ["PRE_TRANSIT"]
    async with begin() as tx:
        await suppress(tx, alice.scope, "email", "CARLA@buyer.example")
    second = await shop.buy()
    assert await reasons(shop, second) == {("PRE_TRANSIT", "email"): "stopped"}


async def test_again_is_sent_again_and_says_why_not(shop: Shop, alice: Person, charlie: Person) -> None:
    await shop.tells()
    label = await shop.buy()
    (first,) = await shop.told(label)
    assert await flows.tell_again(alice.scope, first.id) is None
    assert [each.is_again for each in await shop.told(label)] == [False, True]
    assert len(await shop.mailbox()) == 2
    live = Scope(alice.account_id, "live", alice.email)
    for stranger in (charlie.scope, live):
        with pytest.raises(NotFound):
            await flows.tell_again(stranger, first.id)
    async with begin() as tx:
        await suppress(tx, alice.scope, "email", BUYER["email"])
    assert await flows.tell_again(alice.scope, first.id) == "stopped"

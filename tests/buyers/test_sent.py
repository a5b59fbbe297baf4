"""How messages leave: mail in the merchant's name, texts through the operator's gateway, and what both may answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest

from portside.addresses.models import Address
from portside.buyers.models import MessageSettings
from portside.buyers.rules import recipient_of
from portside.db.begin import begin, reading
from portside.db.pool import current_pool
from portside.jobs.drain import drain
from portside.kit import services as kit
from portside.kit.clock import now
from portside.kit.configured import sms_gateway
from portside.kit.ids import new_id
from portside.kit.paging import PageRequest
from portside.kit.sms import Texter
from portside.notifications.actions import create_messages
from portside.notifications.models import Message, MessageDraft, Text
from portside.notifications.queries import is_suppressed, list_messages
from portside.settings import SettingsError, load
from tests.support.buying import BUYER, Shop
from tests.support.cast import Person
from tests.support.labelling import LabelCarrier
from tests.support.receiver import Receiver, receiving
from tests.support.smtp import SmtpDouble, server

__all__ = ["server"]
PHONE = "+15550100177"


@pytest.fixture(autouse=True)
async def nobody_else(database: str) -> None:
    await current_pool().execute("TRUNCATE jobs, mailbox_messages")


@pytest.fixture
def gateway(product: object) -> Iterator[Receiver]:
    before = kit.services()
    with receiving() as receiver:
        kit.install(msgspec.structs.replace(before, texter=Texter(before.door, receiver.url, "gateway-token")))
        yield receiver
    kit.install(before)


async def write(person: Person, **changes: object) -> None:
    """A message to a buyer about a live label: the simulated carriers sell none."""
    draft = MessageDraft(
        scope=person.live_scope,
        event_id=new_id(),
        name="parcel",
        recipient=PHONE,
        text=Text(subject="Shipped", text="Shop: Shipped. https://ship.example/t/x", html=""),
        channel="sms",
    )
    async with begin() as tx:
        await create_messages(tx, [msgspec.structs.replace(draft, **changes)])
    await drain()


async def outcome(person: Person) -> list[tuple[str, str | None]]:
    async with reading() as tx:
        found: list[Message] = (await list_messages(tx, person.live_scope, PageRequest(size=50))).rows
    return [(message.state, message.error) for message in found]


async def test_mail_comes_in_the_merchants_name_and_is_answered_to_the_merchant(
    server: SmtpDouble, alice: Person
) -> None:
    await write(
        alice,
        channel="email",
        recipient="carla@buyer.example",
        sender_name='Lantern, "Rope"\r\nBcc: x@evil.example',
        reply_to="help@lantern.example",
        unsubscribe_url="https://ship.example/t/x/messages",
    )
    (handed,) = server.inbox
    message = handed.message
    assert handed.recipients == ["carla@buyer.example"] and message["Bcc"] is None
    assert message["From"].addresses[0].addr_spec == "post@portside.example"
    assert message["From"].addresses[0].display_name.startswith('Lantern, "Rope"')
    assert message["Reply-To"] == "help@lantern.example"
    assert message["List-Unsubscribe"] == "<https://ship.example/t/x/messages>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_test_labels_write_to_no_server(server: SmtpDouble, gateway: Receiver, shop: Shop) -> None:
    await shop.tells(MessageSettings(email=("PRE_TRANSIT",), sms=("PRE_TRANSIT",), in_test_mode=True))
    await shop.buy()
    assert sorted(message.channel for message in await shop.mailbox()) == ["email", "sms"]
    assert {message.state for message in await shop.mailbox()} == {"kept"}
    assert (server.inbox, gateway.deliveries) == ([], [])


async def test_the_gateway_gets_number_and_text_once(gateway: Receiver, alice: Person) -> None:
    await write(alice)
    (delivery,) = gateway.deliveries
    assert delivery.headers["authorization"] == "Bearer gateway-token"
    assert delivery.event["to"] == PHONE and delivery.event["text"] == "Shop: Shipped. https://ship.example/t/x"
    assert delivery.headers["idempotency-key"] == delivery.event["id"]
    assert await outcome(alice) == [("sent", None)]


@pytest.mark.parametrize("status", [500, 429, 401])
async def test_a_gateway_that_may_take_it_later_is_asked_again(gateway: Receiver, alice: Person, status: int) -> None:
    gateway.answers = [status]
    await write(alice)
    assert await outcome(alice) == [("waiting", None)]
    await drain(until=now() + dt.timedelta(minutes=3))
    assert await outcome(alice) == [("sent", None)]
    assert len({delivery.event["id"] for delivery in gateway.deliveries}) == 1


async def test_what_the_gateway_refuses_is_not_tried_again(gateway: Receiver, alice: Person) -> None:
    gateway.answers = [422]
    await write(alice)
    assert await outcome(alice) == [("refused", "422")] and len(gateway.deliveries) == 1


async def test_stop_is_remembered(gateway: Receiver, alice: Person, charlie: Person) -> None:
    gateway.answers = [410]
    await write(alice)
    assert await outcome(alice) == [("refused", "The recipient has answered STOP.")]
    async with reading() as tx:
        assert await is_suppressed(tx, alice.scope, "sms", PHONE)
        assert not await is_suppressed(tx, alice.scope, "email", BUYER["email"])
        assert not await is_suppressed(tx, charlie.scope, "sms", PHONE)


async def test_without_a_gateway_texts_stay_in_the_mailbox(alice: Person) -> None:
    await write(alice)
    assert await outcome(alice) == [("kept", None)]


def test_a_gateway_that_is_none_is_named_when_portside_starts(product: object) -> None:
    door = kit.services().door
    assert sms_gateway(load({}), door) is None
    assert sms_gateway(load({"PORTSIDE_SMS_URL": "http://10.0.0.7:8080/send"}), door) is not None
    for url in ("ftp://gateway.example", "https://user:hunter2@gateway.example/", "https://gate way.example/"):
        with pytest.raises(SettingsError, match="PORTSIDE_SMS_URL") as wrong:
            sms_gateway(load({"PORTSIDE_SMS_URL": url}), door)
        assert "hunter2" not in str(wrong.value)


def test_numbers_are_written_with_the_code_of_their_country() -> None:
    def phone(digits: str, country: str) -> tuple[str, str | None]:
        return recipient_of("sms", Address(id=new_id(), country=country, phone=digits))

    assert phone("0015550100177", "FR") == ("+15550100177", None)
    assert phone("5550100177", "CA") == ("+15550100177", None)
    assert phone("15550100177", "US") == ("+15550100177", None)
    assert phone("0612345678", "FR") == ("0612345678", "bad_address")
    assert recipient_of("sms", None) == ("", "no_address")


async def test_a_live_label_really_writes_to_its_buyer(
    server: SmtpDouble, product: Callable[..., httpx.AsyncClient], alice: Person, carrier: LabelCarrier
) -> None:
    both = MessageSettings(email=("PRE_TRANSIT", "DELIVERED"), sms=("PRE_TRANSIT",))
    async with product(alice.live_token) as api:
        live = Shop(api, msgspec.structs.replace(alice, scope=alice.live_scope), carrier)
        await live.tells(both)
        await live.looks(name="Lantern & Rope", support_email="help@lantern.example")
        label = await live.buy()
        assert label["test"] is False
        told = {each.channel: (each.state, each.reason) for each in await live.told(label)}
        link = "http://portside.test" + await live.link(label)
    assert told == {"email": ("sent", None), "sms": (None, "no_gateway")}
    (handed,) = server.inbox
    assert handed.recipients == [BUYER["email"]] and handed.message["Subject"] == "Lantern & Rope: Shipped"
    assert handed.message["From"] == "Lantern & Rope <post@portside.example>"
    assert handed.message["List-Unsubscribe"] == f"<{link}/messages>"
    text = handed.message.get_body(("plain",))
    assert (
        text is not None
        and link in text.get_content()
        and "test" not in text.get_content().replace("portside.test", "")
    )

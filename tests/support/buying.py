"""A merchant with a USPS of the test's own: labels, scans that come in, and what buyers are told of them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from portside.branding.actions import save_branding
from portside.branding.models import OwnBranding
from portside.buyers.actions import save_settings
from portside.buyers.models import BuyerMessage, MessageSettings
from portside.buyers.queries import list_buyer_messages
from portside.buyers.rules import DEFAULTS
from portside.carriers.contract import Scan
from portside.db.begin import begin, reading
from portside.jobs.drain import drain
from portside.kit.ids import Id
from portside.kit.paging import PageRequest
from portside.labels.news import take_news
from portside.notifications.models import Message
from portside.notifications.queries import list_messages
from portside.tracking.queries import find_track
from portside.tracking.rules import page_path
from tests.orders.data import order_body
from tests.support.cast import Person
from tests.support.labelling import SHIPMENT, TO, LabelCarrier, carriers_installed

BUYER = {**TO, "email": "carla@buyer.example", "phone": "+1 555 010 0177"}
# The days of these scans are long over, so each parcel on its way is late; tests of that say so.
TOLD_IN_TESTS = MessageSettings(
    email=tuple(status for status in DEFAULTS.email if status != "DELAYED"), in_test_mode=True
)


class Shop:
    """alice's shop. Its carrier knows what the test tells it."""

    def __init__(self, api: httpx.AsyncClient, owner: Person, carrier: LabelCarrier) -> None:
        self.api = api
        self.owner = owner
        self.carrier = carrier

    async def order(self, **changes: Any) -> str:
        body = order_body(**{"to_address": BUYER, "order_number": "#1068", **changes})
        answer = await self.api.post("/orders", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["object_id"])

    async def buy(self, *, order: str = "", to: dict[str, Any] = BUYER, **changes: Any) -> dict[str, Any]:
        """A label to the buyer, with the jobs that follow."""
        shipment = {**SHIPMENT, "address_to": to, "async": False, **changes}
        rated = await self.api.post("/shipments", json=shipment)
        assert rated.status_code == 201, rated.text
        rate = next(rate["object_id"] for rate in rated.json()["rates"] if rate["provider"] == "USPS")
        given = {"rate": rate, "async": False, **({"order": order} if order else {})}
        answer = await self.api.post("/transactions", json=given)
        assert answer.status_code == 201 and answer.json()["status"] == "SUCCESS", answer.text
        await drain()
        return dict(answer.json())

    async def scan(self, label: dict[str, Any], *scans: Scan, **more: Any) -> None:
        """The carrier tells these scans, and all that follows happens."""
        self.carrier.tells(label["tracking_number"], *scans, **more)
        await take_news("usps", label["tracking_number"])
        await drain()

    async def link(self, label: dict[str, Any]) -> str:
        """The path of the label's tracking page."""
        async with reading() as tx:
            track = await find_track(tx, self.owner.scope, "usps", label["tracking_number"])
        assert track is not None
        return page_path(track.link)

    async def looks(self, **own: Any) -> None:
        async with begin() as tx:
            await save_branding(tx, self.owner.scope, OwnBranding(**own))

    async def tells(self, settings: MessageSettings = TOLD_IN_TESTS) -> None:
        async with begin() as tx:
            await save_settings(tx, self.owner.scope, settings)

    async def told(self, label: dict[str, Any]) -> list[BuyerMessage]:
        """What the log says of a label, oldest first."""
        async with reading() as tx:
            return (await list_buyer_messages(tx, self.owner.scope, [Id(label["object_id"])]))[::-1]

    async def statuses(self, label: dict[str, Any], channel: str = "email") -> list[str]:
        """Of what the buyer was really told, in order."""
        return [each.status for each in await self.told(label) if each.message_id and each.channel == channel]

    async def mailbox(self) -> list[Message]:
        """The messages, oldest first."""
        async with reading() as tx:
            return (await list_messages(tx, self.owner.scope, PageRequest(size=100))).rows[::-1]


def words(page: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())


@pytest.fixture
def carrier(product: object) -> Iterator[LabelCarrier]:
    """USPS, as the test says."""
    with carriers_installed() as usps:
        yield usps


@pytest.fixture
async def shop(api: httpx.AsyncClient, alice: Person, carrier: LabelCarrier) -> Shop:
    """alice's."""
    return Shop(api, alice, carrier)


@pytest.fixture
async def visitor(product: Callable[..., httpx.AsyncClient]) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in nowhere."""
    async with product(Accept="text/html") as client:
        yield client

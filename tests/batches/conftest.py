"""alice's batches go to the simulated carriers, unless a test takes a carrier of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from portside.jobs.drain import drain
from tests.batches.data import batch_body
from tests.support.labelling import LabelCarrier, carriers_installed


class Batches:
    """What the tests of batches do over and over, as alice does it over HTTP."""

    def __init__(self, api: httpx.AsyncClient, account: str) -> None:
        self.api = api
        self.account = account

    async def create(self, rows: int = 2, **changes: Any) -> dict[str, Any]:
        """A batch as it is answered at once."""
        answer = await self.api.post("/batches", json=batch_body(self.account, rows, **changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def settled(self, batch_id: str, **query: Any) -> dict[str, Any]:
        """A batch after the jobs have run."""
        await drain(lanes=["bulk"])
        answer = await self.api.get(f"/batches/{batch_id}", params={"results": 100, **query})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def validated(self, rows: int = 2, **changes: Any) -> dict[str, Any]:
        """A batch whose rows have been looked at."""
        return await self.settled((await self.create(rows, **changes))["object_id"])

    async def post(self, batch: dict[str, Any], action: str, body: Any = None) -> httpx.Response:
        return await self.api.post(f"/batches/{batch['object_id']}/{action}", json=body)

    async def purchased(self, rows: int = 2, **changes: Any) -> dict[str, Any]:
        """A batch that was bought."""
        batch = await self.validated(rows, **changes)
        assert batch["status"] == "VALID", batch["batch_shipments"]
        answer = await self.post(batch, "purchase")
        assert answer.status_code == 202, answer.text
        return await self.settled(batch["object_id"])


@pytest.fixture
async def batches(api: httpx.AsyncClient) -> Batches:
    accounts = (await api.get("/carrier_accounts?results=100")).json()["results"]
    return Batches(api, next(account["object_id"] for account in accounts if account["carrier"] == "usps"))


@pytest.fixture
def usps(product: object) -> Iterator[LabelCarrier]:
    """USPS as the test wants it."""
    with carriers_installed() as carrier:
        yield carrier

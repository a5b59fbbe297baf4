"""The example store in this process, without Portside: what it decides by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from storefront import orders
from storefront.app import create_app
from storefront.database import Database, Row, one
from storefront.demo_data import make_demo
from storefront.settings import Settings
from storefront.shipping import Offer
from storefront.web import Store

HOST = "http://store.test"
SECRET = "whsec_c3RvcmVmcm9udCBzZWNyZXQgZm9yIHRlc3Rz"
BUYER = {
    "name": "Nora Sample",
    "email": "nora@buyer.example",
    "phone": "+1 555 010 0177",
    "sms_consent": "1",
    "street1": "2 Sample Street",
    "city": "Chicago",
    "state": "IL",
    "zip": "60611",
    "country": "US",
}
LINE = {"product_id": "pot", "title": "Clay pot", "quantity": 1, "price": 1450, "pounds": "2.4"}


class Shop:
    """A store with its two merchants, and what tests do in it. Nothing listens at its Portside."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.settings = store.settings
        self.database = store.database

    def place(self, shop: str = "fernleaf", **changes: str) -> Row:
        """An order that is paid; a field given as None is left out."""
        buyer = {name: value for name, value in {**BUYER, **changes}.items() if value != "none"}
        with self.database.writing() as db:
            merchant = one(db, "SELECT * FROM merchants WHERE id = ?", shop)
            assert merchant is not None
            return orders.place(db, merchant, buyer, [LINE], Offer("Standard", 790, 3))

    def connect(self, shop: str, account: str = "1" * 32) -> None:
        """As after OAuth."""
        with self.database.writing() as db:
            db.execute(
                "INSERT INTO connections (merchant_id, account_id, access_token, webhook_secret, connected_at) "
                "VALUES (?, ?, 'oauth.a.b=', ?, '2026-01-01T00:00:00+00:00')",
                (shop, account, SECRET),
            )

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.database.reading() as db:
            return [tuple(row.values()) for row in db.execute(query, values)]

    def client(self) -> TestClient[Any]:
        """A browser; its forms come from the store's own pages."""
        client = TestClient(create_app(self.store), base_url=HOST)
        client.headers["Origin"] = HOST
        return client


def signed_in(browser: httpx.Client, email: str, password: str) -> None:
    answer = browser.post("/dashboard/sign-in", data={"email": email, "password": password})
    assert answer.status_code == 200 and answer.url.path == "/dashboard"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    settings = Settings(
        public_url=HOST, portside_url="http://127.0.0.1:9", data_dir=tmp_path, secret="a secret of tests", demo=True
    )
    database = Database(tmp_path / "store.sqlite3")
    make_demo(database)
    return Shop(Store(settings, database))


@pytest.fixture
def real_shop(shop: Shop) -> Shop:
    """The same store as it would be run for real: not a demo."""
    return Shop(dataclasses.replace(shop.store, settings=dataclasses.replace(shop.settings, demo=False)))


@pytest.fixture
def browser(shop: Shop) -> Iterator[httpx.Client]:
    with shop.client() as client:
        yield client

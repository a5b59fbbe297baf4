"""The two merchants of the demo and what they sell. Everything here is made up."""

from __future__ import annotations

import json
from collections.abc import Mapping

from storefront.database import Connection, Database, one
from storefront.sessions import hash_password

PASSWORDS = {"fernleaf": "fern-demo", "quartz": "quill-demo"}

MERCHANTS = (
    {
        "id": "fernleaf",
        "name": "Fernleaf Supply",
        "tagline": "Good things for window sills",
        "hue": "green",
        "email": "owner@fernleaf.example",
        "order_prefix": "FS",
        "ships_from": {
            "name": "Fernleaf Supply",
            "company": "Fernleaf Supply (demo)",
            "street1": "12 Sample Street",
            "city": "Portland",
            "state": "OR",
            "zip": "97205",
            "country": "US",
            "phone": "+1 555 010 0110",
            "email": "owner@fernleaf.example",
        },
    },
    {
        "id": "quartz",
        "name": "Quartz & Quill",
        "tagline": "Paper, ink and paperweights",
        "hue": "violet",
        "email": "owner@quartz.example",
        "order_prefix": "QQ",
        "ships_from": {
            "name": "Quartz & Quill",
            "company": "Quartz & Quill (demo)",
            "street1": "7 Example Avenue",
            "city": "Denver",
            "state": "CO",
            "zip": "80202",
            "country": "US",
            "phone": "+1 555 010 0120",
            "email": "owner@quartz.example",
        },
    },
)

# id (also of its picture in static/goods.svg), merchant, title, blurb, cents, pounds
PRODUCTS = (
    ("pot", "fernleaf", "Clay pot, medium", "Fired twice, with a saucer.", 1450, "2.4"),
    ("seeds", "fernleaf", "Seeds of a quiet meadow", "Twelve kinds. Sow in spring.", 690, "0.1"),
    ("can", "fernleaf", "Watering can, 2 litres", "A long spout for far corners.", 2990, "1.6"),
    ("gloves", "fernleaf", "Gloves for thorns", "Canvas, lined, one size.", 1820, "0.5"),
    ("ink", "quartz", "Ink, deep sea", "50 ml, dries dark.", 1240, "0.4"),
    ("paper", "quartz", "Cotton paper, 80 sheets", "Heavy, with a soft edge.", 2200, "1.9"),
    ("quartz", "quartz", "Rose quartz paperweight", "Cut by hand; no two are alike.", 3600, "1.2"),
    ("wax", "quartz", "Sealing wax, six sticks", "Red, as it should be.", 1580, "0.6"),
)


def make_demo(database: Database) -> None:
    """Make merchants and products that are not there yet."""
    with database.writing() as db:
        for merchant in MERCHANTS:
            _make_merchant(db, merchant)
        db.executemany("INSERT INTO products VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", PRODUCTS)


def _make_merchant(db: Connection, merchant: Mapping[str, object]) -> None:
    if one(db, "SELECT 1 FROM merchants WHERE id = ?", merchant["id"]):
        return
    values = {
        **merchant,
        "ships_from": json.dumps(merchant["ships_from"]),
        "password_hash": hash_password(PASSWORDS[str(merchant["id"])]),
    }
    db.execute(
        "INSERT INTO merchants (id, name, tagline, hue, email, order_prefix, ships_from, password_hash) "
        "VALUES (:id, :name, :tagline, :hue, :email, :order_prefix, :ships_from, :password_hash)",
        values,
    )

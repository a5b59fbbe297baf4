"""Frozen surfaces (law 10): a change of the API, its routes, the settings or the schema is a visible diff.

`make freeze` writes them anew.
"""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

import asyncpg
import pytest

from portside.events.models import EventName
from portside.main import API, PAGES, openapi_document, route_list
from portside.settings import Settings, describe
from portside.webhooks.catalogue import ENTRIES, asyncapi, event_schema
from tests.house.source import ROOT
from tests.support.database import fresh_database


def compare(file: Path, text: str) -> None:
    if os.environ.get("PORTSIDE_FREEZE"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, f"{file.name} differs from the code; look, then `make freeze`"


def test_openapi() -> None:
    compare(ROOT / "docs/openapi.json", json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n")


def test_routes() -> None:
    compare(ROOT / "docs/routes.txt", "\n".join(route_list([*API, *PAGES])) + "\n")


def test_events() -> None:
    assert EventName.__args__ == (  # type: ignore[attr-defined]
        "transaction_created",
        "transaction_updated",
        "track_updated",
        "batch_created",
        "batch_purchased",
        "order_created",
        "order_updated",
        "webhook_disabled",
        "webhook_failing",
        "webhook_recovered",
    )


def test_event_catalogue() -> None:
    assert tuple(ENTRIES) == EventName.__args__  # type: ignore[attr-defined]
    files = {"asyncapi.json": asyncapi(version("portside"))}
    files |= {f"events/{name}.json": event_schema(name) for name in ENTRIES}
    for file, document in files.items():
        compare(ROOT / "docs" / file, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    assert {path.name for path in (ROOT / "docs/events").iterdir()} == {f"{name}.json" for name in ENTRIES}


def test_settings_page() -> None:
    assert len(Settings.__struct_fields__) <= 60
    compare(ROOT / "docs/configuration.md", describe())


@pytest.mark.usefixtures("database")
async def test_schema(worker_name: str) -> None:
    connection = await asyncpg.connect(await fresh_database(f"schema_{worker_name}"))
    rows = await connection.fetch(
        "SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default "
        "FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name !~ '_[0-9]{6}$' "
        "ORDER BY c.table_name, c.ordinal_position"
    )
    indexes = await connection.fetch(
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ '_[0-9]{6}$' ORDER BY indexname"
    )
    await connection.close()
    lines = ["# The schema, as a freshly migrated database has it", ""]
    table = ""
    for row in rows:
        if row["table_name"] != table:
            table = row["table_name"]
            lines += ["", f"## {table}", ""]
        null = "" if row["is_nullable"] == "YES" else " not null"
        default = f" default {row['column_default']}" if row["column_default"] else ""
        lines.append(f"- {row['column_name']}: {row['data_type']}{null}{default}")
    lines += ["", "## Indexes", "", *(f"- {row['indexdef']}" for row in indexes), ""]
    compare(ROOT / "docs/schema.md", "\n".join(lines))

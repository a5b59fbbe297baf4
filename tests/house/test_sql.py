"""The import contracts see imports, not SQL. So: SQL stands only where it may, a folder writes only its own tables,
and reads only its own and lower ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.source import PACKAGE, modules, name, tree

MAY_HOLD_SQL = {"queries.py", "actions.py"}
FOLDERS_OF_SQL = {"events", "jobs", "db", "simulator"}
# Why: each claims or counts something for all nouns, in the caller's transaction; or writes a noun's rows for several
# of its actions.
# The backup speaks to psql, not to our connections.
FILES_OF_SQL = {
    "rest/idempotency.py",
    "rest/system.py",
    "rest/limits.py",
    "labels/changes.py",
    "labels/reservations.py",
    "webhooks/replays.py",
    "webhooks/fanout.py",
    "webhooks/reach.py",
    "accounts/people.py",
    "cli/backup.py",
}

# Table -> the folder that owns it.
OWNERS = {
    "accounts": "accounts",
    "users": "accounts",
    "members": "accounts",
    "credentials": "accounts",
    "sessions": "accounts",
    "counters": "accounts",
    "audit_entries": "audit",
    "idempotency_keys": "rest",
    "events": "events",
    "jobs": "jobs",
    "dead_jobs": "jobs",
    "job_schedule": "jobs",
    "apps": "apps",
    "app_origins": "apps",
    "connections": "apps",
    "addresses": "addresses",
    "parcels": "parcels",
    "customs_items": "customs",
    "customs_declarations": "customs",
    "carrier_accounts": "carrier_accounts",
    "orders": "orders",
    "order_labels": "orders",
    "order_imports": "order_imports",
    "order_import_rows": "order_imports",
    "user_parcel_templates": "parcel_templates",
    "service_groups": "service_groups",
    "service_group_levels": "service_groups",
    "live_rate_settings": "live_rates",
    "discount_tiers": "terms",
    "plans": "terms",
    "account_terms": "terms",
    "ledger_lines": "ledger",
    "shipments": "shipments",
    "rates": "rates",
    "purchases": "labels",
    "labels": "labels",
    "carrier_pushes": "tracking",
    "tracks": "tracking",
    "track_scans": "tracking",
    "refunds": "refunds",
    "manifests": "manifests",
    "manifest_labels": "manifests",
    "pickups": "pickups",
    "batches": "batches",
    "batch_shipments": "batches",
    "mailbox_messages": "notifications",
    "suppressions": "notifications",
    "account_branding": "branding",
    "buyer_message_settings": "buyers",
    "buyer_messages": "buyers",
    "system_mails": "notifications",
    "sign_ups": "people",
    "password_resets": "people",
    "email_changes": "people",
    "invitations": "people",
    "alert_watches": "alerts",
    "alerts": "alerts",
    "alert_entries": "alerts",
    "webhooks": "webhooks",
    "webhook_secrets": "webhooks",
    "webhook_deliveries": "webhooks",
    "webhook_attempts": "webhooks",
    "oauth_interactions": "oauth",
    "oauth_codes": "oauth",
}
# From the bottom; a folder may read the tables of folders before it.
HEIGHTS = [
    "jobs",
    "events",
    "audit",
    "accounts",
    "rest",
    "addresses",
    "parcels",
    "apps",
    "carrier_accounts",
    "customs",
    "terms",
    "branding",
    "orders",
    "rates",
    "ledger",
    "parcel_templates",
    "service_groups",
    "shipments",
    "tracking",
    "order_imports",
    "labels",
    "live_rates",
    "refunds",
    "manifests",
    "pickups",
    "batches",
    "notifications",
    "webhooks",
    "event_log",
    "buyers",
    "alerts",
    "people",
    "oauth",
]

_WRITES = re.compile(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+(?:ONLY\s+)?([a-z_]+)", re.IGNORECASE)
_READS = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)\b(?!\s*\()", re.IGNORECASE)
_SQL = re.compile(r"\b(?:SELECT\s.+\sFROM|INSERT INTO|UPDATE\s+[a-z_]+\s+(?:[a-z]+\s+)?SET|DELETE FROM)\b", re.DOTALL)


def sql_texts(path: Path) -> Iterator[str]:
    """Every string of a file that is SQL, f-strings with their holes empty; docstrings are prose."""
    module = tree(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module):
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        if _SQL.search(text):
            yield text


def folder(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def test_sql_stands_only_where_it_may() -> None:
    wrong = [
        name(path)
        for path in modules()
        if path.name not in MAY_HOLD_SQL
        and folder(path) not in FOLDERS_OF_SQL
        and name(path) not in FILES_OF_SQL
        and any(True for _ in sql_texts(path))
    ]
    assert wrong == []


def test_a_folder_writes_only_its_own_tables() -> None:
    wrong = [
        f"{name(path)} writes {table}"
        for path in modules()
        if folder(path) != "db"
        for text in sql_texts(path)
        for table in _WRITES.findall(text)
        if not table.startswith("sim_") and table in OWNERS and OWNERS[table] != folder(path)
    ]
    assert wrong == []


def test_a_folder_reads_no_table_above_it() -> None:
    wrong = []
    for path in modules():
        if folder(path) not in HEIGHTS:
            continue
        for text in sql_texts(path):
            for table in _READS.findall(text):
                owner = OWNERS.get(table)
                if owner and HEIGHTS.index(owner) > HEIGHTS.index(folder(path)):
                    wrong.append(f"{name(path)} reads {table}")
    assert wrong == []


def test_every_table_of_the_migrations_has_an_owner() -> None:
    text = "".join(file.read_text() for file in sorted((PACKAGE / "db/migrations").glob("*.sql")))
    tables = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)", text))
    assert {table for table in tables if not table.startswith("sim_")} - OWNERS.keys() == set()

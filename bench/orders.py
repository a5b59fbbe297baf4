"""POST /orders against what the database could do at best: pgbench inserting the same rows, one statement per order.

Both use the same PostgreSQL, turn and turn about in one run. The server is one process without a worker inside, as
on a host where `portside worker` runs beside it; its event, its job and a matching webhook are part of every order.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tempfile
import urllib.request
from typing import Any

import asyncpg

from bench.support import Load, Server, cpu_seconds, median, post_script, postmaster_pid, report, serving, wrk
from tests.orders.data import order_body

ROUNDS = 3
SECONDS = 4
CONNECTIONS = (1, 8, 32)


def main() -> None:
    with serving("--no-worker") as server:
        body = json.dumps(order_body())
        call(server, "/webhooks", {"url": "http://127.0.0.1:9/hook", "event": "order_created", "is_test": True})
        order = call(server, "/orders", order_body())
        template = asyncio.run(stored_rows(server, order["object_id"]))
        safety = asyncio.run(durability(server))
        wrk(f"{server.url}/orders", connections=8, seconds=1, script=post_script(body), token=server.token)
        before = asyncio.run(count_orders(server))
        posts, inserts = measure(server, body, template)
        acknowledged = sum(load.requests for loads in posts.values() for load, _, _ in loads)
        written = asyncio.run(count_orders(server)) - before
        reads = {
            "get_one": read(server, f"/orders/{order['object_id']}"),
            "list_25": read(server, "/orders?results=25"),
        }
        finish(posts, inserts, reads, safety, acknowledged, written)


Measured = tuple[Load, float, float]


def measure(server: Server, body: str, template: str) -> tuple[dict[int, list[Measured]], dict[int, list[Measured]]]:
    posts: dict[int, list[Measured]] = {connections: [] for connections in CONNECTIONS}
    inserts: dict[int, list[Measured]] = {1: [], 32: []}
    for number in range(ROUNDS):
        for connections in inserts:
            inserts[connections].append(pgbench(server, template, connections))
        for connections in CONNECTIONS:
            posts[connections].append(timed(server, "/orders", connections, post_script(body)))
        print(f"round {number + 1} of {ROUNDS}", flush=True)
    return posts, inserts


def timed(server: Server, path: str, connections: int, script: str = "") -> Measured:
    """A load, and the CPU microseconds per request of the server and of PostgreSQL."""
    postmaster = postmaster_pid(server.attachment)
    own, theirs = cpu_seconds(server.pid), cpu_seconds(postmaster)
    load = wrk(server.url + path, connections=connections, seconds=SECONDS, script=script, token=server.token)
    own, theirs = cpu_seconds(server.pid) - own, cpu_seconds(postmaster) - theirs
    assert load.failures == 0, f"{load.failures} failed requests"
    return load, own / load.requests * 1e6, theirs / load.requests * 1e6


def read(server: Server, path: str) -> Measured:
    return timed(server, path, 32)


def pgbench(server: Server, template: str, connections: int) -> Measured:
    attachment = server.attachment
    kwargs = attachment.connect_kwargs
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(template)
        file.flush()
        command = [
            str(attachment.bin_dir / "pgbench"),
            "-n",
            *("-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(SECONDS), "-f", file.name),
            *("-h", kwargs["host"], "-p", str(kwargs["port"]), "-U", kwargs["user"], kwargs["database"]),
        ]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rate = float(re.search(r"tps = ([0-9.]+)", done.stdout)[1])  # type: ignore[index]
    latency = float(re.search(r"latency average = ([0-9.]+)", done.stdout)[1])  # type: ignore[index]
    load = Load(requests=int(rate * SECONDS), per_second=rate, p50=latency, p99=0.0, failures=0)
    return load, 0.0, 0.0


async def stored_rows(server: Server, order_id: str) -> str:
    """A pgbench script that inserts what one order is made of, as one statement."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    modern = connection.get_server_version().major >= 18
    parts = []
    for table in ("addresses", "orders", "events", "jobs"):
        row = await connection.fetchrow(
            f"SELECT * FROM {table} ORDER BY {'position' if table == 'events' else 'created_at'} DESC LIMIT 1"
        )
        assert row is not None, table
        parts.append(insert(table, dict(row)))
    await connection.close()
    fresh = "uuidv7()" if modern else "gen_random_uuid()"
    ids = f"ids AS MATERIALIZED (SELECT {fresh} AS address, {fresh} AS main, {fresh} AS event)"
    named = ", ".join(f"p{index} AS ({part})" for index, part in enumerate(parts))
    return f"WITH {ids}, {named} SELECT;\n"


GENERATED = {"events": {"position", "xid"}, "jobs": {"id"}}
FRESH = {
    ("addresses", "id"): "ids.address",
    ("orders", "id"): "ids.main",
    ("orders", "order_number"): "'pgbench'",
    ("orders", "to_address_id"): "ids.address",
    ("events", "id"): "ids.event",
    ("events", "object_id"): "ids.main",
}


def insert(table: str, row: dict[str, Any]) -> str:
    columns = [name for name in row if name not in GENERATED.get(table, set())]
    values = [FRESH.get((table, name)) or literal(row[name], table, name) for name in columns]
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM ids"


def literal(value: Any, table: str, column: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    # pgbench takes a colon for the start of a variable.
    text = str(value).replace("'", "''").replace(":", "'||chr(58)||'")
    return f"('{text}'){kind_of(table, column)}"


def kind_of(table: str, column: str) -> str:
    if column == "details" or (table, column) == ("jobs", "payload"):
        return "::jsonb"
    if column.endswith("_at"):
        return "::timestamptz"
    return "::uuid" if column == "id" or column.endswith("_id") else ""


async def durability(server: Server) -> dict[str, str]:
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    found = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "synchronous_commit")}
    await connection.close()
    return found


async def count_orders(server: Server) -> int:
    """Orders that came through the API; a load ends with some requests written but not yet answered."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    count: int = await connection.fetchval("SELECT count(*) FROM orders WHERE order_number = '#1068'")
    await connection.close()
    return count


def call(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        server.url + path,
        json.dumps(body).encode(),
        {"Authorization": f"ShippoToken {server.token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def finish(
    posts: dict[int, list[Measured]],
    inserts: dict[int, list[Measured]],
    reads: dict[str, Measured],
    safety: dict[str, str],
    acknowledged: int,
    written: int,
) -> None:
    figures: dict[str, Any] = {"acknowledged": acknowledged, "written": written, **safety}
    for connections, loads in posts.items():
        figures[f"per_second_{connections}"] = median([load.per_second for load, _, _ in loads])
        figures[f"p50_ms_{connections}"] = median([load.p50 for load, _, _ in loads])
        figures[f"p99_ms_{connections}"] = median([load.p99 for load, _, _ in loads])
    figures["server_cpu_us"] = median([own for _, own, _ in posts[32]])
    figures["postgres_cpu_us"] = median([theirs for _, _, theirs in posts[32]])
    figures["pgbench_per_second"] = median([load.per_second for load, _, _ in inserts[32]])
    figures["insert_ms_1"] = median([load.p50 for load, _, _ in inserts[1]])
    figures["over_insert_ms_1"] = figures["p50_ms_1"] - figures["insert_ms_1"]
    for name, (load, own, theirs) in reads.items():
        figures[f"{name}_per_second"], figures[f"{name}_cpu_us"], figures[f"{name}_postgres_us"] = (
            load.per_second,
            own,
            theirs,
        )
    pairs = zip(posts[32], inserts[32], strict=True)
    ratio = median([post.per_second / insert.per_second for (post, _, _), (insert, _, _) in pairs])
    report("orders", "pgbench -M prepared -c 32, one statement per order", ratio, **figures)


if __name__ == "__main__":
    main()

"""POST /orders/bulk against COPY: the same rows written by PostgreSQL's fastest way in, in the same run."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request

import asyncpg

from bench.support import Server, cpu_seconds, median, postmaster_pid, report, serving
from tests.orders.data import order_body

ROUNDS = 3
ORDERS = 10_000
TABLES = ("addresses", "orders", "events", "jobs")


def main() -> None:
    with serving("--no-worker") as server:
        body = b"\n".join(json.dumps(order_body(order_number=f"#{number}")).encode() for number in range(ORDERS))
        push(server, body)
        rates, copies, own = [], [], []
        for number in range(ROUNDS):
            cpu, seconds = cpu_seconds(server.pid), push(server, body)
            own.append((cpu_seconds(server.pid) - cpu) / ORDERS * 1e6)
            rates.append(ORDERS / seconds)
            copies.append(ORDERS / asyncio.run(copied(server)))
            print(f"round {number + 1} of {ROUNDS}", flush=True)
        ratio = median([rate / copy for rate, copy in zip(rates, copies, strict=True)])
        report(
            "bulk_orders",
            "COPY of the same rows into the same four tables",
            ratio,
            per_second=median(rates),
            copy_per_second=median(copies),
            server_cpu_us=median(own),
            orders=ORDERS,
        )


def push(server: Server, body: bytes) -> float:
    """Seconds for one bulk request."""
    request = urllib.request.Request(
        server.url + "/orders/bulk",
        body,
        {"Authorization": f"ShippoToken {server.token}", "Content-Type": "application/x-ndjson"},
    )
    started = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        found = json.load(answer)
    seconds = time.perf_counter() - started
    assert (found["created"], found["failed"]) == (ORDERS, 0)
    return seconds


async def copied(server: Server) -> float:
    """Seconds to COPY as many rows as one push wrote, in one transaction, with fresh ids."""
    connection = await asyncpg.connect(**server.attachment.connect_kwargs)
    modern = connection.get_server_version().major >= 18
    fresh = "uuidv7()" if modern else "gen_random_uuid()"
    loads = []
    for table in TABLES:
        columns = await connection.fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attidentity = '' AND attname <> 'xid' ORDER BY attnum",
            table,
        )
        names = [row["attname"] for row in columns]
        picked = [fresh if name == "id" else name for name in names]
        # The foreign keys of copied orders stay those of the orders that they were copied from.
        rows = await connection.fetch(
            f"SELECT {', '.join(picked)} FROM {table} ORDER BY created_at DESC LIMIT {ORDERS}"
        )
        loads.append((table, names, [tuple(row) for row in rows]))
    started = time.perf_counter()
    async with connection.transaction():
        for table, names, rows in loads:
            await connection.copy_records_to_table(table, records=rows, columns=names)
    seconds = time.perf_counter() - started
    await connection.close()
    assert postmaster_pid(server.attachment) > 0
    return seconds


if __name__ == "__main__":
    main()

"""A batch of 1,000 shipments from `POST /batches` to merged labels, against the CPU time of rating and drawing alone.

One `serve` process does all of it: the API, the jobs, and the simulated carrier, which reads its price list for every
row, twice, and draws every label. Had that process nothing else to do, it would make `against_per_second` labels: the
two pure functions timed alone, in the same run, on one core. `ratio` is what is left of that by the API, the database,
the events, the files and the merging; and by the simulated world, which tells the first news of each parcel ten seconds
after it was bought, so that a batch runs beside the news of its own first labels and of the batch before.
Memory is the server's resident set before the first batch and after each.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import time
import urllib.request
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pypdfium2

from bench.support import Server, cpu_seconds, median, postmaster_pid, report, serving
from portside.kit.clock import UTC
from portside.simulator import sales
from portside.simulator.requests import BuyCall, RatesCall
from tests.batches.data import batch_body
from tests.carriers.simulated import query

ROWS = 1000
ROUNDS = 3
PAUSE = 0.1
LONGEST = 300.0


class Round(NamedTuple):
    """Seconds until the batch was written, valid and bought; CPU milliseconds per row; resident megabytes then."""

    created: float
    valid: float
    bought: float
    own_ms: float
    postgres_ms: float
    resident: float


def main() -> None:
    with serving(PORTSIDE_RATE_LIMIT_TEST="off") as server:
        account = carrier_account(server)
        buy(server, account, rows=100)
        before = resident(server.pid)
        alone: list[float] = []
        rounds = []
        for number in range(ROUNDS):
            alone.append(seconds_alone())
            rounds.append(buy(server, account, rows=ROWS))
            print(f"batch {number + 1} of {ROUNDS}: {rounds[-1].resident:.0f} MB", flush=True)
        finish(before, rounds, 1 / median(alone))


def buy(server: Server, account: str, *, rows: int) -> Round:
    own, theirs = cpu_seconds(server.pid), cpu_seconds(postmaster_pid(server.attachment))
    start = time.perf_counter()
    batch = call(server, "POST", "/batches", batch_body(account, rows))
    created = time.perf_counter()
    wait_for(server, batch["object_id"], "VALIDATING", "VALID")
    valid = time.perf_counter()
    call(server, "POST", f"/batches/{batch['object_id']}/purchase")
    bought = wait_for(server, batch["object_id"], "PURCHASING", "PURCHASED")
    end = time.perf_counter()
    assert bought["object_results"]["purchase_succeeded"] == rows, bought["object_results"]
    assert sum(pages(url) for url in bought["label_url"]) == rows
    return Round(
        created - start,
        valid - created,
        end - valid,
        (cpu_seconds(server.pid) - own) / rows * 1000,
        (cpu_seconds(postmaster_pid(server.attachment)) - theirs) / rows * 1000,
        resident(server.pid),
    )


def wait_for(server: Server, batch_id: str, during: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        batch = call(server, "GET", f"/batches/{batch_id}?results=1")
        if batch["status"] != during:
            assert batch["status"] == status, batch
            return batch
        time.sleep(PAUSE)
    raise AssertionError(f"the batch is still {during} after {LONGEST:g} s")


def seconds_alone(times: int = 200) -> float:
    """CPU seconds to rate one row, and to sell and draw it, with nothing around."""
    today, moment = dt.datetime.now(UTC).date(), dt.datetime.now(UTC)
    shared = {"carrier": "usps", "account": {"id": "bench"}, "shipment": msgspec.to_builtins(query())}
    rates = msgspec.convert(shared, RatesCall)
    rating = next(quote["rating"] for quote in sales.quotes(rates, today) if quote["service"] == "usps_priority")
    purchase = msgspec.convert({**shared, "reference": "bench", "rating": rating}, BuyCall)
    sales.sell(purchase, [0], moment, moment)
    start = time.process_time()
    for serial in range(times):
        sales.quotes(rates, today)
        sales.sell(purchase, [serial], moment, moment)
    return (time.process_time() - start) / times


def resident(pid: int) -> float:
    """Megabytes of memory that a process really holds."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def pages(url: str) -> int:
    with urllib.request.urlopen(url) as answer:
        return len(pypdfium2.PdfDocument(io.BytesIO(answer.read())))


def carrier_account(server: Server) -> str:
    accounts = call(server, "GET", "/carrier_accounts?results=100")["results"]
    return str(next(account["object_id"] for account in accounts if account["carrier"] == "usps"))


def call(server: Server, method: str, path: str, body: Any = None) -> dict[str, Any]:
    headers = {"Authorization": f"ShippoToken {server.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def finish(before: float, rounds: list[Round], alone: float) -> None:
    per_second = median([ROWS / (each.created + each.valid + each.bought) for each in rounds])
    report(
        "batch",
        "the CPU time of rating and drawing alone, on one core",
        per_second / alone,
        rows=ROWS,
        per_second=per_second,
        against_per_second=alone,
        create_s=median([each.created for each in rounds]),
        validate_s=median([each.valid for each in rounds]),
        purchase_s=median([each.bought for each in rounds]),
        server_cpu_ms=median([each.own_ms for each in rounds]),
        postgres_cpu_ms=median([each.postgres_ms for each in rounds]),
        resident_mb_before=before,
        resident_mb_after=[round(each.resident) for each in rounds],
    )


if __name__ == "__main__":
    main()

"""An installation whose files are in a bucket: chosen by settings alone, checked by `doctor`, nothing left on disk."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import httpx

from tests.support.bucket import KEY_ID, REGION, SECRET, Bucket, bucket
from tests.support.labelling import SHIPMENT
from tests.support.patience import PATIENCE
from tests.support.process import PORTSIDE, Installation

EMAIL = "alice@bucket.example"


async def doctor(installation: Installation) -> tuple[int, str]:
    def run() -> subprocess.CompletedProcess[bytes]:
        command = [str(PORTSIDE), "doctor"]
        return subprocess.run(command, env=installation.environ, capture_output=True, timeout=PATIENCE, check=False)

    done = await asyncio.to_thread(run)
    return done.returncode, done.stdout.decode()


async def test_files_are_in_the_bucket(installation: Installation, tmp_path: Path) -> None:
    secret = tmp_path / "bucket-secret"
    secret.write_text(SECRET)
    async with bucket() as remote:
        installation.environ |= {
            "PORTSIDE_FILES": remote.url,
            "PORTSIDE_FILES_REGION": REGION,
            "PORTSIDE_FILES_KEY_ID": KEY_ID,
            "PORTSIDE_FILES_SECRET_FILE": str(secret),
        }
        await buys_and_reads_a_label(installation, remote)
        _, findings = await doctor(installation)
        assert f"ok    Files can be stored and read ({remote.url})." in findings
        secret.write_text("another secret")
        status, findings = await doctor(installation)
        assert status == 1 and f"FAIL  Files cannot be stored and read ({remote.url})." in findings
    assert not (tmp_path / "files").exists()
    assert SECRET not in installation.logs()


async def buys_and_reads_a_label(installation: Installation, remote: Bucket) -> None:
    await asyncio.to_thread(installation.command, "create-account", "--email", EMAIL, "--password", "a long secret")
    token = await asyncio.to_thread(installation.command, "create-token", "--email", EMAIL, "--mode", "test")
    serving = await asyncio.to_thread(installation.serve)
    headers = {"Authorization": f"ShippoToken {token}"}
    async with httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=PATIENCE) as api:
        shipment = (await api.post("/shipments", json={**SHIPMENT, "async": False})).json()
        rate = shipment["rates"][0]["object_id"]
        label = (await api.post("/transactions", json={"rate": rate, "async": False})).json()
        assert label["status"] == "SUCCESS", label["messages"]
        file = await api.get(label["label_url"])
    (path,) = (path for path in remote.files if label["object_id"] in path)
    assert (file.status_code, file.content) == (200, remote.files[path])

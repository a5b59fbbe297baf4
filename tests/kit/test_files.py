"""The file store, on disk and in a bucket: what is put can be got, what cannot be had is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog.testing

from portside.kit import bucket as kit_bucket
from portside.kit.bucket import BucketFiles
from portside.kit.configured import file_store
from portside.kit.files import FileStore, LocalFiles, NoSuchFile, StoreUnavailable
from portside.kit.http import Door
from portside.kit.tripwire import NetworkInsideTransaction, hold
from portside.settings import SettingsError, load
from tests.kit.doors import door
from tests.support.bucket import SECRET, Bucket, bucket

__all__ = ["door"]

KEY = "labels/0123/4567.pdf"


@pytest.fixture
async def remote() -> AsyncIterator[Bucket]:
    async with bucket() as made:
        yield made


@pytest.fixture(params=["disk", "bucket"])
def store(request: pytest.FixtureRequest, door: Door, remote: Bucket, tmp_path: Path) -> FileStore:
    if request.param == "disk":
        return LocalFiles(tmp_path / "files")
    return BucketFiles(door, remote.url, remote.signer())


def in_bucket(door: Door, remote: Bucket, secret: str = SECRET, path: str = "") -> BucketFiles:
    return BucketFiles(door, remote.url + path, remote.signer(secret))


async def test_what_is_put_can_be_got(store: FileStore) -> None:
    await store.put(KEY, b"first")
    await store.put(KEY, b"%PDF \x00\xff")
    assert await store.get(KEY) == b"%PDF \x00\xff"
    await store.put("labels/0123/empty.pdf", b"")
    assert await store.get("labels/0123/empty.pdf") == b""


async def test_what_is_removed_is_gone_and_may_be_removed_again(store: FileStore) -> None:
    other = "labels/0123/other.pdf"
    for key in (KEY, other):
        await store.put(key, b"a label")
    for _ in range(2):
        await store.remove(KEY)
        with pytest.raises(NoSuchFile):
            await store.get(KEY)
    assert await store.get(other) == b"a label"


async def test_a_large_file_comes_back_whole(store: FileStore) -> None:
    content = bytes(range(256)) * 12_000
    await store.put(KEY, content)
    assert await store.get(KEY) == content


async def test_many_at_once(store: FileStore) -> None:
    keys = [f"labels/0123/{number}.pdf" for number in range(30)]
    await asyncio.gather(*(store.put(key, key.encode()) for key in keys))
    assert await asyncio.gather(*map(store.get, keys)) == [key.encode() for key in keys]


async def test_what_is_not_there_is_said(store: FileStore) -> None:
    await store.put(KEY, b"here")
    for key in ("labels/0123/0.pdf", f"{KEY}/below", "labels/0123"):
        with pytest.raises(NoSuchFile):
            await store.get(key)


@pytest.mark.parametrize("key", ["", "x", "/etc/passwd", "a/../../b", "a//b", "a/b?x=1", "A/b", "a/b c", "a/%2e%2e/b"])
async def test_no_key_leads_out_of_the_store(store: FileStore, remote: Bucket, key: str) -> None:
    with pytest.raises(NoSuchFile):
        await store.get(key)
    with pytest.raises(NoSuchFile):
        await store.put(key, b"")
    assert remote.requests == 0


async def test_no_file_is_touched_inside_a_transaction(store: FileStore) -> None:
    with hold():
        with pytest.raises(NetworkInsideTransaction):
            await store.put(KEY, b"")
        with pytest.raises(NetworkInsideTransaction):
            await store.get(KEY)


async def test_a_disk_that_does_not_take_files_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a file in the way")
    store = LocalFiles(tmp_path)
    with pytest.raises(StoreUnavailable):
        await store.put(KEY, b"")
    with pytest.raises(NoSuchFile):
        await store.get(KEY)


async def test_keys_have_the_prefix_of_the_url(door: Door, remote: Bucket) -> None:
    await in_bucket(door, remote, path="/shop_1.live/~x/").put(KEY, b"1")
    assert list(remote.files) == [f"/labels-bucket/shop_1.live/~x/{KEY}"]


async def test_a_bucket_that_asks_to_be_asked_again_is(door: Door, remote: Bucket) -> None:
    store = in_bucket(door, remote)
    remote.next_statuses = [503, None]
    with structlog.testing.capture_logs():
        await store.put(KEY, b"kept")
    remote.next_statuses = [500]
    assert await store.get(KEY) == b"kept" and remote.requests == 5


@pytest.mark.parametrize("statuses", [[503] * 3, [None] * 3, [429, 500, 503]])
async def test_a_bucket_in_trouble_is_unavailable(
    door: Door, remote: Bucket, monkeypatch: pytest.MonkeyPatch, statuses: list[int | None]
) -> None:
    monkeypatch.setattr(kit_bucket, "_PAUSES", (0.0, 0.0))
    remote.next_statuses = [*statuses, *statuses]
    store = in_bucket(door, remote)
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(StoreUnavailable):
            await store.put(KEY, b"lost")
        with pytest.raises(StoreUnavailable):
            await store.get(KEY)
    assert [entry["event"] for entry in logs] == ["bucket_unreachable"] * 2 and not remote.files


async def test_refused_credentials_are_for_the_operator(door: Door, remote: Bucket) -> None:
    store = in_bucket(door, remote, secret="not the secret")
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(StoreUnavailable) as caught:
            await store.put(KEY, b"x")
        with pytest.raises(StoreUnavailable):
            await store.get(KEY)
    assert remote.refused == ["SignatureDoesNotMatch"] * 2 and remote.requests == 2 and not remote.files
    assert {(entry["event"], entry["code"]) for entry in logs} == {("bucket_refused", "SignatureDoesNotMatch")}
    assert "not the secret" not in str(logs) and "Signature" not in str(caught.value.body())
    assert caught.value.status == 503


async def test_a_missing_bucket_is_not_a_missing_file(door: Door, remote: Bucket) -> None:
    remote.url = remote.url.replace("labels-bucket", "nobodys-bucket")
    with structlog.testing.capture_logs() as logs, pytest.raises(StoreUnavailable):
        await in_bucket(door, remote).get(KEY)
    assert logs[0]["code"] == "NoSuchBucket"


async def test_the_settings_choose_the_store(door: Door, remote: Bucket, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    local = file_store(load({}, data_dir=tmp_path), door)
    await local.put(KEY, b"on disk")
    assert (tmp_path / "files" / KEY).read_bytes() == b"on disk"
    environ = {
        "PORTSIDE_FILES": remote.url,
        "PORTSIDE_FILES_REGION": "eu-demo-1",
        "PORTSIDE_FILES_KEY_ID": "EXAMPLEKEYID",
        "PORTSIDE_FILES_SECRET_FILE": str(secret),
    }
    store = file_store(load(environ, data_dir=tmp_path), door)
    await store.put(KEY, b"in the bucket")
    assert remote.files == {f"/labels-bucket/{KEY}": b"in the bucket"}
    inside = file_store(load({**environ, "PORTSIDE_FILES": "http://minio:9000/labels"}), door)
    assert isinstance(inside, BucketFiles), "plain http is fine within the operator's own network"


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("s3://bucket", "PORTSIDE_FILES"),
        ("https://host/a b", "PORTSIDE_FILES"),
        ("https://user:word@host/bucket", "PORTSIDE_FILES"),
        ("https://host/bucket?x=1", "PORTSIDE_FILES"),
        ("https://host:99999/bucket", "port"),
        ("https://-.-/bucket", "host"),
    ],
)
def test_a_url_that_is_no_bucket_is_refused_at_start(door: Door, url: str, word: str) -> None:
    environ = {"PORTSIDE_FILES": url, "PORTSIDE_FILES_KEY_ID": "k", "PORTSIDE_FILES_SECRET": "s"}
    with pytest.raises(SettingsError, match=word):
        file_store(load(environ), door)


def test_a_bucket_needs_its_key() -> None:
    with pytest.raises(SettingsError, match="PORTSIDE_FILES_SECRET"):
        load({"PORTSIDE_FILES": "https://host/bucket", "PORTSIDE_FILES_KEY_ID": "k"})

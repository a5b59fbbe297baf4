"""The door out: what it sends, what it reads, what it refuses, and what it says when things go wrong."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import logging
import threading
import tracemalloc
import zlib

import pytest
import uvloop

from portside.kit.http import (
    USER,
    BadURL,
    BlockedAddress,
    Door,
    NetworkInsideTransaction,
)
from portside.kit.tripwire import hold
from tests.kit.doors import HERE, LOOPBACK, call, door, failure
from tests.kit.peer import Names, Peer, answers, reply, reset, serve

__all__ = ["door"]


async def test_a_request_arrives_as_given_and_its_answer_comes_back(door: Door) -> None:
    async with serve(answers(reply(b'{"a":1}', "418 Teapot", Retry_After="7", X_Two="a\r\nX-Two: b"))) as peer:
        answer = await call(
            door, peer.port, path="/hook?token=a+b%20c", headers={"X-Sign": "t=1,v1=00"}, body=b'{"order":"1"}'
        )
        assert (answer.status, answer.body, answer.truncated) == (418, b'{"a":1}', False)
        assert answer.headers["retry-after"] == "7"
        assert answer.headers["x-two"] == "a, b"
        [request] = peer.requests
        assert request.startswith(b"POST /hook?token=a+b%20c HTTP/1.1\r\n")
        assert b"\r\nX-Sign: t=1,v1=00\r\n" in request
        assert b"\r\nUser-Agent: Portside\r\n" in request
        assert b"content-type" not in request.lower(), "nothing the caller did not say about the body"
        assert request.endswith(b'\r\n\r\n{"order":"1"}')


async def test_a_large_body_arrives_whole(door: Door) -> None:
    body = bytes(range(256)) * 12_000
    async with serve(answers(reply())) as peer:
        await call(door, peer.port, body=body)
        assert peer.requests[0].endswith(b"\r\n\r\n" + body)


async def test_a_redirect_is_an_answer_and_is_not_followed(door: Door) -> None:
    async with serve(answers(reply())) as secret:
        for status in ("301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"):
            location = f"http://127.0.0.1:{secret.port}/"
            async with serve(answers(reply(b"", status, Location=location))) as peer:
                answer = await call(door, peer.port)
                assert answer.status == int(status[:3])
                assert answer.headers["location"] == location
        assert secret.connections == 0


async def test_a_name_that_changes_its_address_is_judged_at_each_connection() -> None:
    """DNS rebinding. 127.0.0.2 plays the public address, which a test must not call; 127.0.0.1 is private to it."""
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    door = Door([ipaddress.ip_network("127.0.0.2/32")], resolver=names, dns_cache_seconds=0)
    async with (
        serve(answers(reply(Connection="close")), host="127.0.0.2") as public,
        serve(answers(reply()), port=public.port) as private,
    ):
        answer = await call(door, public.port, host="hooks.example", destination=USER)
        assert answer.status == 200
        with pytest.raises(BlockedAddress) as caught:
            await call(door, public.port, host="hooks.example", destination=USER)
        assert (caught.value.host, caught.value.address) == ("hooks.example", "127.0.0.1")
        assert names.asked == 2, "once per connection: what was judged is what was connected"
        assert (public.connections, private.connections) == (1, 0)
        await door.close()


async def test_a_name_with_good_and_bad_addresses_reaches_only_the_good_one() -> None:
    door = Door([ipaddress.ip_network("127.0.0.2/32")], resolver=Names(["127.0.0.1", "::1", "127.0.0.2"]))
    async with serve(answers(reply()), host="127.0.0.2") as good:
        assert (await call(door, good.port, host="hooks.example", destination=USER)).status == 200
    async with serve(answers(reply()), host="127.0.0.1") as bad:
        with pytest.raises(BlockedAddress):  # 127.0.0.2 refuses the connection on this port
            await call(door, bad.port, host="hooks.example", destination=USER)
        assert bad.connections == 0
    await door.close()


async def test_a_users_url_does_not_ride_a_carriers_kept_connection(door: Door) -> None:
    async with serve(answers(reply())) as peer:
        await call(door, peer.port, destination=HERE)
        with pytest.raises(BlockedAddress):
            await call(door, peer.port, destination=USER)
        assert len(peer.requests) == 1


async def test_proxies_of_the_environment_are_ignored(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(answers(reply())) as proxy, serve(answers(reply(b"direct"))) as peer:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert (await call(door, peer.port)).body == b"direct"
        assert proxy.connections == 0


async def test_a_huge_answer_is_cut_and_its_connection_dropped(door: Door) -> None:
    async def endless(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with serve(endless) as peer:
        answer = await call(door, peer.port, max_response_bytes=1000)
        assert (answer.status, answer.body, answer.truncated) == (200, b"x" * 1000, True)
    async with serve(answers(reply(b"y" * 1000))) as peer:
        answer = await call(door, peer.port, max_response_bytes=1000)
        assert (answer.body, answer.truncated) == (b"y" * 1000, False)
        answer = await call(door, peer.port, max_response_bytes=0)
        assert (answer.body, answer.truncated) == (b"", True)


async def test_compressed_answers_are_read_within_the_limit(door: Door) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    async with serve(answers(reply(bomb, Content_Encoding="gzip"))) as peer:
        tracemalloc.start()
        answer = await call(door, peer.port, max_response_bytes=100_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (answer.body, answer.truncated) == (bytes(100_000), True)
        assert peak < 5_000_000, "it is never unpacked whole"
    for packed, name in ((gzip.compress(b"label"), "gzip"), (zlib.compress(b"label"), "Deflate")):
        async with serve(answers(reply(packed, Content_Encoding=name))) as peer:
            answer = await call(door, peer.port)
            assert (answer.body, answer.truncated) == (b"label", False)
            assert "content-encoding" not in answer.headers
    async with serve(answers(reply(b"not gzip", Content_Encoding="gzip"))) as peer:
        error = await failure(door, peer.port)
        assert (error.kind, error.sent, error.status) == ("protocol", True, 200)


async def test_nobody_listening_means_not_sent(door: Door) -> None:
    async with serve(answers(reply())) as peer:
        port = peer.port
    error = await failure(door, port)
    assert (error.kind, error.sent) == ("connect", False)


async def test_an_unknown_name_means_not_sent() -> None:
    door = Door(resolver=Names([]))
    error = await failure(door, 80, host="nowhere.example", destination=USER)
    assert (error.kind, error.sent) == ("dns", False)
    await door.close()


async def test_a_reset_before_the_body_was_read_counts_as_sent(door: Door) -> None:
    """The peer may have acted on what it had read; only it knows."""

    async def hang_up(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        reset(writer)

    async with serve(hang_up) as peer:
        error = await failure(door, peer.port, body=b"x" * 5_000_000)
        assert (error.kind, error.sent, error.status) == ("disconnected", True, None)
        assert peer.connections == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
async def test_a_reset_after_the_body_counts_as_sent_and_nothing_is_sent_twice(door: Door, method: str) -> None:
    async def once_then_reset(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        if len(peer.requests) == 1:
            writer.write(reply())
            await peer.read(reader)
        reset(writer)

    async with serve(once_then_reset) as peer:
        await call(door, peer.port, method=method)
        error = await failure(door, peer.port, method=method)
        assert (error.kind, error.sent) == ("disconnected", True)
        assert (len(peer.requests), peer.connections) == (2, 1)


@pytest.mark.parametrize("farewell", ["close", "500", "503", "html"])
async def test_a_bad_answer_is_not_tried_again(door: Door, farewell: str) -> None:
    async def behave(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        if farewell == "html":
            writer.write(reply(b"<html>", "502 Bad Gateway"))
        elif farewell != "close":
            writer.write(reply(b"", f"{farewell} Broken"))

    async with serve(behave) as peer:
        if farewell == "close":
            assert (await failure(door, peer.port)).sent is True
        else:
            assert (await call(door, peer.port)).status >= 500
        assert len(peer.requests) == 1


async def test_a_silent_peer_times_out_and_counts_as_sent(door: Door) -> None:
    async def silent(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        await peer.release.wait()

    async with serve(silent) as peer:
        error = await failure(door, peer.port, timeout=0.1)
        assert (error.kind, error.sent, error.status) == ("timeout", True, None)


async def test_a_slow_body_times_out_though_bytes_keep_coming(door: Door) -> None:
    async def drip(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 1000000\r\n\r\n")
        while not peer.release.is_set():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with serve(drip) as peer:
        error = await failure(door, peer.port, timeout=0.15)
        assert (error.kind, error.sent, error.status) == ("timeout", True, 201)


async def test_an_answer_that_ends_early_or_is_no_http_is_a_failure(door: Door) -> None:
    for text, kind in [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", "protocol"),
        (b"", "disconnected"),
    ]:

        async def behave(
            peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes = text
        ) -> None:
            await peer.read(reader)
            writer.write(text)

        async with serve(behave) as peer:
            error = await failure(door, peer.port)
            assert (error.kind, error.sent) == (kind, True), text[:60]


async def test_secrets_stay_out_of_errors_and_logs(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    secrets = ["bearer-s3cret", "query-s3cret", "named/s3cret", "path-s3cret", "cookie-s3cret"]

    async def echo(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        writer.write(b"OOPS bearer-s3cret /path-s3cret?token=query-s3cret named/s3cret cookie-s3cret\r\n\r\n")

    async def hang_up(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)

    async def never(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.release.wait()

    caplog.set_level(logging.DEBUG)
    for behave in (echo, hang_up, never):
        async with serve(behave) as peer:
            error = await failure(
                door,
                peer.port,
                path="/path-s3cret?token=query-s3cret",
                timeout=0.2 if behave is never else 10,
                headers={"Authorization": "Bearer bearer-s3cret", "Cookie": "cookie-s3cret"},
                secrets=["named/s3cret", "path-s3cret"],
            )
            told = str(error) + repr(error) + str(vars(error)) + caplog.text
            assert [secret for secret in secrets if secret in told] == []
            assert error.__context__ is None, "aiohttp's error names the URL"


async def test_a_transaction_must_not_be_open(door: Door) -> None:
    async with serve(answers(reply())) as peer:
        with hold(), pytest.raises(NetworkInsideTransaction):
            await call(door, peer.port)
        assert peer.connections == 0
        assert (await call(door, peer.port)).status == 200


async def test_headers_cannot_smuggle_or_reframe(door: Door) -> None:
    for headers in (
        {"X-A": "1\r\nX-B: 2"},
        {"X-A\r\nX-B": "1"},
        {"X A": "1"},
        {"": "1"},
        {"X-A": "\x00"},
        {"Host": "internal"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"Expect": "100-continue"},
    ):
        with pytest.raises(BadURL):
            await call(door, 80, headers=headers)
    with pytest.raises(BadURL):
        await call(door, 80, method="CONNECT")
    for timeout in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="timeout"):
            await call(door, 80, timeout=timeout)


async def test_a_closed_door_stays_closed() -> None:
    door = Door()
    async with serve(answers(reply())) as peer:
        await call(door, peer.port)
        await door.close()
        await door.close()
        with pytest.raises(RuntimeError):
            await call(door, peer.port)


def test_the_guard_holds_under_uvloop() -> None:
    """uvloop, which `serve` runs on, has its own DNS and sockets."""

    async def story() -> list[str]:
        told = []
        door, open_door = Door(), Door([LOOPBACK])
        async with serve(answers(reply())) as peer:
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
                try:
                    await call(door, peer.port, host=host, destination=USER)
                except BlockedAddress as error:
                    told.append(error.reason)
            told.append(str(peer.connections))
            told.append(str((await call(open_door, peer.port, host="localhost", destination=USER)).status))
            port = peer.port
        await open_door.close()
        told.append((await failure(door, port)).kind)
        await door.close()
        return told

    told: list[str] = []

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            told.extend(runner.run(story()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert told == ["this machine", "this machine", "this machine", "0", "200", "connect"]

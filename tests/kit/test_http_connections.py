"""The door's connections: kept, limited, and waited for at nobody's cost."""

from __future__ import annotations

import asyncio

from portside.kit.http import Door
from tests.kit.doors import call, door, failure
from tests.kit.peer import Peer, answers, reply, serve

__all__ = ["door"]


async def test_connections_are_kept_and_used_again(door: Door) -> None:
    async with serve(answers(reply())) as peer:
        for _ in range(5):
            await call(door, peer.port)
        assert (peer.connections, len(peer.requests)) == (1, 5)


async def test_a_host_gets_only_its_share_of_connections() -> None:
    async def slow(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await peer.read(reader)
            await asyncio.sleep(0.01)
            writer.write(reply())

    door = Door(connections_per_host=3)
    async with serve(slow) as peer:
        await asyncio.gather(*(call(door, peer.port) for _ in range(12)))
        assert len(peer.requests) == 12
        assert peer.connections <= 3
        await door.close()


async def test_no_free_connection_in_time_means_not_sent() -> None:
    async def silent(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        await peer.release.wait()
        writer.write(reply())

    door = Door(connections_per_host=1)
    async with serve(silent) as peer:
        first = asyncio.create_task(call(door, peer.port))
        while not peer.requests:
            await asyncio.sleep(0.005)
        error = await failure(door, peer.port, timeout=0.05)
        assert (error.kind, error.sent, error.status) == ("busy", False, None)
        peer.release.set()
        assert (await first).status == 200
        assert len(peer.requests) == 1
        await door.close()


async def test_waiting_for_a_connection_of_ours_is_not_the_peers_time() -> None:
    async def held(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await peer.read(reader)
            await peer.release.wait()
            writer.write(reply())

    door = Door(connections_per_host=1)
    async with serve(held) as peer:
        first = asyncio.create_task(call(door, peer.port, timeout=60))
        while not peer.requests:
            await asyncio.sleep(0.005)
        second = asyncio.create_task(call(door, peer.port, timeout=2, wait=60))
        # It waits for the first one's connection for longer than its peer would have had.
        await asyncio.sleep(2.2)
        peer.release.set()
        assert [(await each).status for each in (first, second)] == [200, 200]
        await door.close()


async def test_what_slow_peers_hold_is_not_missing_elsewhere() -> None:
    async def silent(peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.read(reader)
        await peer.release.wait()
        writer.write(reply())

    door = Door(connections=1)
    async with serve(silent) as slow, serve(answers(reply())) as quick:
        held = asyncio.create_task(call(door, slow.port, apart=True))
        while not slow.requests:
            await asyncio.sleep(0.005)
        assert (await failure(door, quick.port, timeout=0.05, apart=True)).kind == "busy"
        assert (await call(door, quick.port)).status == 200
        slow.release.set()
        assert (await held).status == 200
        await door.close()

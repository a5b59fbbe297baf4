"""Passwords: hashing, checking, unknown users, and not holding up the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import argon2
import pytest

from portside.errors import Overloaded
from portside.kit.password import LONGEST, DamagedHash, Passwords, PasswordTooLong


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    made = Passwords(time_cost=1, memory_kib=64, lanes=1)
    yield made
    made.close()


async def test_the_right_password_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash("correct horse battery staple")
    assert "correct" not in stored
    assert await passwords.verify(stored, "correct horse battery staple")
    for wrong in ("", "Correct horse battery staple", "correct horse battery staple ", "x" * 5000):
        assert not await passwords.verify(stored, wrong)


async def test_the_same_password_is_stored_differently(passwords: Passwords) -> None:
    assert await passwords.hash("s3cret") != await passwords.hash("s3cret")


async def test_the_default_costs_are_those_of_rfc_9106() -> None:
    made = Passwords()
    stored = await made.hash("s3cret")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await made.verify(stored, "s3cret")
    made.close()


async def test_nobody_can_sign_in_without_a_stored_password(passwords: Passwords) -> None:
    for stored in (None, ""):
        for guess in ("", "decoy", "s3cret"):
            assert not await passwords.verify(stored, guess)


async def test_an_unknown_user_costs_as_much_as_a_wrong_password(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: each check runs Argon2 exactly once and with the same costs."""
    checked: list[str] = []
    check = argon2.PasswordHasher.verify

    def counted(self: argon2.PasswordHasher, hash: str, password: bytes) -> bool:  # noqa: A002
        checked.append(hash.rpartition("$")[0].rpartition("$")[0])
        return check(self, hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counted)
    stored = await passwords.hash("s3cret")
    for given in (stored, None):
        await passwords.verify(given, "wrong")
    await passwords.verify(stored, "x" * 5000)
    assert len(checked) == 3
    assert len(set(checked)) == 1


async def test_long_and_odd_passwords(passwords: Passwords) -> None:
    longest = "x" * LONGEST
    assert await passwords.verify(await passwords.hash(longest), longest)
    assert not await passwords.verify(await passwords.hash(longest), longest + "x")
    with pytest.raises(PasswordTooLong):
        await passwords.hash(longest + "x")
    for odd in ("naïve ☃ \u0000 end", "\ud800"):
        assert await passwords.verify(await passwords.hash(odd), odd)
    assert not await passwords.verify(await passwords.hash("a\u0000b"), "a\u0000c")


async def test_a_password_is_the_same_from_every_keyboard(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("caf\u00e9"), "cafe\u0301")


async def test_old_costs_ask_for_a_new_hash(passwords: Passwords) -> None:
    stored = await passwords.hash("s3cret")
    assert not passwords.needs_rehash(stored)
    dearer = Passwords(time_cost=2, memory_kib=64, lanes=1)
    assert dearer.needs_rehash(stored)
    assert await dearer.verify(stored, "s3cret")
    dearer.close()


async def test_a_damaged_hash_is_an_error_and_not_a_wrong_password(passwords: Passwords) -> None:
    for damaged in ("$argon2id$broken", "plain", "$2b$12$bcrypt"):
        with pytest.raises(DamagedHash):
            await passwords.verify(damaged, "s3cret")


async def test_work_leaves_the_loop_and_waits_in_a_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one thread, which is kept busy, one may wait; the next is told to come back; the loop goes on."""
    passwords = Passwords(time_cost=1, memory_kib=64, lanes=1, concurrency=1, waiting=1)
    started, go = threading.Event(), threading.Event()
    hash_ = argon2.PasswordHasher.hash
    threads: set[str] = set()

    def held(self: argon2.PasswordHasher, password: bytes) -> str:
        threads.add(threading.current_thread().name)
        started.set()
        assert go.wait(30)
        return hash_(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "hash", held)
    first = asyncio.create_task(passwords.hash("a"))
    second = asyncio.create_task(passwords.hash("b"))
    while not started.is_set():
        await asyncio.sleep(0.001)
    with pytest.raises(Overloaded):
        await passwords.hash("c")
    go.set()
    assert (await first).startswith("$argon2id$")
    assert (await second).startswith("$argon2id$")
    assert (await passwords.hash("d")).startswith("$argon2id$")
    assert len(threads) == 1
    assert threading.main_thread().name not in threads
    passwords.close()

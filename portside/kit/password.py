"""Passwords: Argon2id (RFC 9106), never on the event loop, a few at a time because each one takes 64 MiB."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from portside.errors import Overloaded

T = TypeVar("T")

LONGEST = 1024


class PasswordTooLong(ValueError):
    """More than LONGEST characters."""


class DamagedHash(ValueError):
    """What is stored is no Argon2 hash."""


class Passwords:
    """Hashes and checks passwords in `concurrency` threads; at most `waiting` callers queue before Overloaded (429).

    The costs default to RFC 9106's choice for machines with little memory: 3 passes over 64 MiB (`memory_kib`) in 4
    lanes, about 0.1 s. They are written into each hash, so raising them strands nobody: see `needs_rehash`.
    """

    def __init__(
        self,
        *,
        time_cost: int = 3,
        memory_kib: int = 65536,
        lanes: int = 4,
        concurrency: int = 2,
        waiting: int = 64,
    ) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=lanes)
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="portside-password")
        self._most = concurrency + waiting
        self._queued = 0
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        """The PHC string to store (`$argon2id$…`). Raises PasswordTooLong, Overloaded."""
        if len(password) > LONGEST:
            raise PasswordTooLong(f"A password has at most {LONGEST} characters.")
        return await self._run(lambda: self._hasher.hash(_bytes(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password belongs to the stored hash. For an unknown user, or one without a password, pass None:
        it takes as long as a wrong password, so that the time tells nobody who has an account.

        Raises Overloaded, DamagedHash.
        """
        return await self._run(lambda: self._verify(stored, password))

    def needs_rehash(self, stored: str) -> bool:
        """Whether the hash was made with other costs than today's: hash again after the next right password."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let the threads end; what waits is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash(os.urandom(16))
        try:
            self._hasher.verify(stored or self._decoy, _bytes(password[:LONGEST]))
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise DamagedHash(f"the stored password hash cannot be read: {error}") from None
        return bool(stored) and len(password) <= LONGEST

    async def _run(self, work: Callable[[], T]) -> T:
        if self._queued >= self._most:
            raise Overloaded("Too many sign-ins at once. Try again shortly.")
        self._queued += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._queued -= 1


def _bytes(password: str) -> bytes:
    """NFKC (NIST SP 800-63B, 5.1.1.2), so that `é` is the same from every keyboard."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")

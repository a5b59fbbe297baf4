"""The key ring (law 12): one set of keys seals every secret that must be read again and signs links and sessions.

Each use gets a key of its own, derived from the ring's by HKDF-SHA256 (RFC 5869) with the use's name. The first key of
the ring is used for new work; the others still open and verify, so keys can be changed without a pause.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portside.errors import OperatorError
from portside.kit.keyfile import create_once


class KeyRingError(OperatorError, ValueError):
    """The configured keys cannot be used; the message names the key's id, never its value."""


class CannotOpen(Exception):
    """The sealed bytes were not sealed by this ring for this place: changed, moved to another row, or never ours."""


class UnknownKey(CannotOpen):
    """Sealed or signed with a key that is not in the ring: it was removed too early, or the wrong file was restored."""


class BadLink(Exception):
    """The link was not signed by us, or was changed."""


class LinkExpired(BadLink):
    """The link was ours, and its time is over."""


KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VERSION = 1
_NONCE_BYTES = 12


class KeyRing:
    """An ordered set of named 32-byte keys, the current one first. `repr` shows ids only."""

    def __init__(self, keys: Iterable[tuple[str, bytes]]) -> None:
        self._keys: dict[str, bytes] = {}
        for key_id, key in keys:
            if not _KEY_ID.fullmatch(key_id):
                raise KeyRingError("A key's id is 1 to 32 letters, digits, dashes or underscores.")
            if key_id in self._keys:
                raise KeyRingError(f"The key id {key_id!r} is there twice.")
            if len(key) != KEY_BYTES or len(set(key)) == 1:
                raise KeyRingError(f"The key {key_id!r} must be {KEY_BYTES} random bytes in base64.")
            self._keys[key_id] = key
        if not self._keys:
            raise KeyRingError("The key ring has no keys.")
        self._derived: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `id:base64key` entries between commas, spaces or line ends; `#` is a comment. Raises KeyRingError."""
        lines = (line.partition("#")[0] for line in text.splitlines())
        return cls(_entry(entry) for line in lines for entry in re.split(r"[,\s]+", line) if entry)

    @classmethod
    def load_or_create(cls, path: Path) -> KeyRing:
        """The ring in the file, which is made with one new key and mode 0600 if missing. Any number of processes may
        do this at once and get the same ring. Raises KeyRingError, OSError."""
        text = create_once(path, lambda: new_key() + "\n")
        try:
            return cls.parse(text)
        except KeyRingError as error:
            raise KeyRingError(f"{path}: {error}") from None

    @property
    def current(self) -> str:
        """The id of the key that new work uses."""
        return next(iter(self._keys))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, the current one first."""
        return tuple(self._keys)

    def key_for(self, purpose: str, key_id: str | None = None) -> bytes:
        """The 32-byte key for one purpose, of the current or the named ring key. Raises UnknownKey."""
        name = self.current if key_id is None else key_id
        if name not in self._keys:
            raise UnknownKey(f"The key {name!r} is not in the key ring ({', '.join(self._keys)}).")
        found = self._derived.get((purpose, name))
        if found is None:
            info = b"portside/1/" + purpose.encode()
            found = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(self._keys[name])
            self._derived[purpose, name] = found
        return found

    def seal(self, plain: bytes, about: str) -> bytes:
        """Encrypt with AES-256-GCM. `about` names the place the result is kept in (see `place`) and must be the same
        when it is opened. Layout: version, length of key id, key id, 12-byte nonce, ciphertext and 16-byte tag."""
        key_id = self.current.encode()
        head = bytes((_VERSION, len(key_id))) + key_id
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.key_for("seal")).encrypt(nonce, plain, head + about.encode())
        return head + nonce + sealed

    def open(self, sealed: bytes, about: str) -> bytes:
        """Decrypt what `seal` gave for the same place. Raises CannotOpen, UnknownKey."""
        head, key_id = _head(sealed)
        nonce, rest = sealed[len(head) : len(head) + _NONCE_BYTES], sealed[len(head) + _NONCE_BYTES :]
        try:
            return AESGCM(self.key_for("seal", key_id)).decrypt(nonce, rest, head + about.encode())
        except (InvalidTag, ValueError):
            raise CannotOpen(f"What is kept at {about} was changed or belongs elsewhere.") from None

    def sign(self, purpose: str, message: bytes) -> str:
        """`keyid.signature`: HMAC-SHA256 under this purpose's key, in unpadded base64url (safe in URLs and cookies)."""
        return f"{self.current}.{_text(self._mac(purpose, self.current, message))}"

    def verify(self, purpose: str, message: bytes, signature: str) -> bool:
        """Whether `sign` gave this signature for this purpose and message, with any key of the ring."""
        key_id, _, mac = signature.partition(".")
        if key_id not in self._keys:
            return False
        expected = _text(self._mac(purpose, key_id, message))
        return hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace"))

    def _mac(self, purpose: str, key_id: str, message: bytes) -> bytes:
        return hmac.digest(self.key_for(f"sign/{purpose}", key_id), message, "sha256")

    def sign_link(self, path: str, expires: int) -> str:
        """The path (its query included) with `expires` (Unix seconds) and `signature` added to the query."""
        base = f"{path}{'&' if '?' in path else '?'}expires={expires}"
        return f"{base}&signature={self.sign('link', base.encode())}"

    def verify_link(self, link: str, now: float) -> str:
        """The path that `sign_link` was given, from the path and query as requested; `now` in Unix seconds.

        Raises BadLink, LinkExpired (an unsigned or changed link is never called expired).
        """
        base, _, signature = link.rpartition("&signature=")
        if not self.verify("link", base.encode("utf-8", "replace"), signature):
            raise BadLink("The link is not valid.")
        path, _, expires = base.rpartition("expires=")
        if now >= int(expires):
            raise LinkExpired("The link has expired.")
        return path[:-1]


def place(table: str, column: str, row_id: str) -> str:
    """The associated data of a sealed column: a value copied to another row or column does not open there."""
    return f"{table}.{column}/{row_id}"


def new_key(key_id: str | None = None) -> str:
    """A fresh `id:base64key` entry. Its id is random: a ring made anew after a loss must not pass for the lost one."""
    return f"{key_id or 'k' + secrets.token_hex(4)}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def new_token(prefix: str) -> str:
    """A bearer token: the prefix and 40 hex digits, 160 random bits."""
    return prefix + secrets.token_hex(20)


def hash_token(token: str) -> bytes:
    """What is stored of a token: its SHA-256, 32 bytes, which is also how it is looked up.

    A slow, salted hash guards what people choose. Nobody can guess 160 random bits, and every request pays for this.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets without telling by the time taken where they differ."""
    first, second = (part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part for part in (left, right))
    return hmac.compare_digest(first, second)


def _entry(entry: str) -> tuple[str, bytes]:
    key_id, colon, encoded = entry.partition(":")
    if not colon:
        raise KeyRingError("A key is written as id:base64key.")
    try:
        # Both alphabets, padded or not: what `openssl rand -base64 32` and its kin print.
        padded = encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4)
        return key_id, base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise KeyRingError(f"The key {key_id[:32]!r} is not valid base64.") from None


def _head(sealed: bytes) -> tuple[bytes, str]:
    if len(sealed) < 2 or sealed[0] != _VERSION:
        raise CannotOpen("These bytes were not sealed by this version of Portside.")
    head = sealed[: 2 + sealed[1]]
    return head, head[2:].decode("ascii", "replace")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

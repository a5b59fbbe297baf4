"""The file store in a bucket of an S3-compatible object store: three requests of its protocol, signed by sigv4.py."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import structlog

from portside.kit.clock import now
from portside.kit.destinations import CarrierHosts, DoorError
from portside.kit.files import NoSuchFile, StoreUnavailable, checked_key
from portside.kit.http import Answer, Door
from portside.kit.sigv4 import Signer

_log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 10.0
# Stores ask now and then to be asked again (503 SlowDown). All requests may be repeated: a put writes the same again.
_PAUSES = (0.2, 1.0)
_ASK_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
# The labels of the largest batch, merged, are well below; a refusal is a short piece of XML.
_LARGEST_FILE = 2**28
_LARGEST_REFUSAL = 2**16
_CODE = re.compile(rb"<Code>([A-Za-z0-9.]{1,80})</Code>")


class BucketFiles:
    """Files under a URL: `https://host/bucket`, `https://bucket.host`, either with a prefix of the keys behind it.

    The operator gives the URL, so that it may lead into a private network, and be plain http there.
    """

    def __init__(self, door: Door, url: str, signer: Signer) -> None:
        """Raises BadURL."""
        self._door = door
        self._url = url.rstrip("/")
        self._signer = signer
        netloc = urlsplit(url).netloc.lower()
        self._destination = CarrierHosts(frozenset({netloc}), plain_http=True)
        door.check(url, self._destination)

    async def put(self, key: str, content: bytes) -> None:
        """Store `content`; an older file of that key is replaced. Raises StoreUnavailable."""
        answer = await self._send("PUT", key, content, _LARGEST_REFUSAL)
        if answer.status not in (200, 201, 204):
            raise self._refused("PUT", key, answer)

    async def get(self, key: str) -> bytes:
        """The content. Raises NoSuchFile, StoreUnavailable."""
        answer = await self._send("GET", key, b"", _LARGEST_FILE)
        if answer.status == 404 and _code(answer) != "NoSuchBucket":
            raise NoSuchFile(key)
        if answer.status != 200 or answer.truncated:
            raise self._refused("GET", key, answer)
        return answer.body

    async def remove(self, key: str) -> None:
        """Forget the file, if there is one. Raises StoreUnavailable."""
        answer = await self._send("DELETE", key, b"", _LARGEST_REFUSAL)
        if answer.status not in (200, 202, 204) and (answer.status != 404 or _code(answer) == "NoSuchBucket"):
            raise self._refused("DELETE", key, answer)

    async def _send(self, method: str, key: str, body: bytes, most_bytes: int) -> Answer:
        url = f"{self._url}/{checked_key(key)}"
        for pause in (*_PAUSES, None):
            try:
                answer = await self._door.send(
                    method,
                    url,
                    headers=self._signer.headers(method, url, body, now()),
                    body=body if method == "PUT" else None,
                    timeout=_TIMEOUT_SECONDS,
                    destination=self._destination,
                    max_response_bytes=most_bytes,
                )
            except DoorError as error:
                trouble = str(error)
            else:
                if answer.status not in _ASK_AGAIN:
                    return answer
                trouble = f"{answer.status} {_code(answer)}"
            if pause is not None:
                await asyncio.sleep(pause)
        _log.error("bucket_unreachable", method=method, key=key, trouble=trouble)
        raise StoreUnavailable

    def _refused(self, method: str, key: str, answer: Answer) -> StoreUnavailable:
        """Wrong credentials, a wrong region, no such bucket: for the operator's eyes, not the caller's."""
        _log.error("bucket_refused", method=method, key=key, status=answer.status, code=_code(answer))
        return StoreUnavailable()


def _code(answer: Answer) -> str:
    """S3's name of what is wrong, such as `SignatureDoesNotMatch`; empty when the answer has none."""
    found = _CODE.search(answer.body) if answer.status >= 300 else None
    return found.group(1).decode() if found else ""

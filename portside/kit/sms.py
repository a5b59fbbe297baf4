"""Text messages through the operator's HTTP gateway, which speaks to whatever provider it likes (docs/buyers.md)."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from portside.kit.destinations import CarrierHosts
from portside.kit.http import BadURL, Door, DoorError

TIMEOUT = 20.0
# More would be cut into too many parts.
LONGEST_TEXT = 480
_MOST_BYTES = 4096
# What may go well later (RFC 9110): the gateway is busy, or does not know yet.
_LATER = frozenset({401, 403, 404, 408, 425, 429})
_STOPPED = 410


class SmsRefused(Exception):
    """The gateway will not take this message, now or later."""


class SmsStopped(SmsRefused):
    """Whoever has this number has answered STOP."""


class SmsDelayed(Exception):
    """The gateway did not take the message this time."""


class Texter:
    """Hands messages to one gateway. Raises BadURL."""

    def __init__(self, door: Door, url: str, token: str = "") -> None:
        self._door = door
        self._url = url
        self._token = token
        # The operator named it, so it may stand in their own network.
        self._destination = CarrierHosts(frozenset({urlsplit(url).netloc.lower()}), plain_http=True)
        door.check(url, self._destination)

    async def send(self, message_id: str, to: str, text: str) -> None:
        """Hand one message in; `to` is E.164. Raises SmsStopped, SmsRefused, SmsDelayed."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": message_id}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            answer = await self._door.send(
                "POST",
                self._url,
                headers=headers,
                body=msgspec.json.encode({"id": message_id, "to": to, "text": text}),
                timeout=TIMEOUT,
                destination=self._destination,
                max_response_bytes=_MOST_BYTES,
                secrets=[self._token] if self._token else [],
            )
        except BadURL as error:
            raise SmsRefused(str(error)) from error
        except DoorError as error:
            raise SmsDelayed(str(error)[:500]) from error
        if 200 <= answer.status < 300:
            return
        if answer.status == _STOPPED:
            raise SmsStopped("The recipient has answered STOP.")
        told = f"{answer.status} {answer.body.decode('utf-8', 'replace')}".strip()[:500]
        # A wrong token or path is the operator's to put right, so the message waits.
        if 400 <= answer.status < 500 and answer.status not in _LATER:
            raise SmsRefused(told)
        raise SmsDelayed(told)

"""A bucket on the loopback that takes only requests with a true signature, computed from what really arrived.

Written from the S3 API Reference apart from the product's signer, so that one mistake cannot be made twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from portside.kit.sigv4 import Signer

KEY_ID, SECRET, REGION = "EXAMPLEKEYID", "an/Example+Secret", "eu-demo-1"


class Bucket:
    """`files` by path. `next_statuses` are answered first, before anything is looked at; None closes the connection."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.next_statuses: list[int | None] = []
        self.requests = 0
        self.refused: list[str] = []
        self.url = ""

    def signer(self, secret: str = SECRET, region: str = REGION) -> Signer:
        return Signer(KEY_ID, secret, region)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.next_statuses:
            status = self.next_statuses.pop(0)
            if status is None:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            return _refusal(status, "SlowDown" if status == 503 else "AccessDenied")
        body = await request.read()
        if wrong := _wrong(request, body):
            self.refused.append(wrong)
            return _refusal(403, wrong)
        path = request.raw_path
        if not path.startswith("/labels-bucket/"):
            return _refusal(404, "NoSuchBucket")
        if request.method == "PUT":
            self.files[path] = body
            return web.Response(headers={"ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'})
        if request.method == "DELETE":
            self.files.pop(path, None)
            return web.Response(status=204)
        if path not in self.files:
            return _refusal(404, "NoSuchKey")
        return web.Response(body=self.files[path], content_type="binary/octet-stream")


def _refusal(status: int, code: str) -> web.Response:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>No.</Message></Error>'
    return web.Response(status=status, text=text, content_type="application/xml")


def _wrong(request: web.Request, body: bytes) -> str:
    """The code of what is wrong with a request; empty if nothing is."""
    kind, _, rest = request.headers.get("Authorization", "").partition(" ")
    given = dict(part.strip().split("=", 1) for part in rest.split(",")) if kind == "AWS4-HMAC-SHA256" else {}
    if set(given) != {"Credential", "SignedHeaders", "Signature"}:
        return "AccessDenied"
    key_id, day, region, service, end = given["Credential"].split("/")
    if key_id != KEY_ID:
        return "InvalidAccessKeyId"
    digest = hashlib.sha256(body).hexdigest()
    if request.headers["x-amz-content-sha256"] != digest:
        return "XAmzContentSHA256Mismatch"
    stamp = request.headers["x-amz-date"]
    moment = dt.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    if abs((dt.datetime.now(dt.UTC) - moment).total_seconds()) > 900:
        return "RequestTimeTooSkewed"
    names = given["SignedHeaders"].split(";")
    if names != sorted(names) or not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names):
        return "AccessDenied"
    lines = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    canonical = f"{request.method}\n{request.raw_path}\n\n{lines}\n{';'.join(names)}\n{digest}"
    to_sign = (
        f"AWS4-HMAC-SHA256\n{stamp}\n{day}/{region}/{service}/{end}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    key = f"AWS4{SECRET}".encode()
    for part in (stamp[:8], REGION, "s3", "aws4_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return "" if key.hex() == given["Signature"] else "SignatureDoesNotMatch"


@asynccontextmanager
async def bucket() -> AsyncIterator[Bucket]:
    """A bucket while the block runs."""
    made = Bucket()
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", made.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.url = f"http://127.0.0.1:{port}/labels-bucket"
    try:
        yield made
    finally:
        await runner.cleanup()

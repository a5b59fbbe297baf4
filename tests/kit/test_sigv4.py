"""Signatures against the four examples of "Signature Calculations for the Authorization Header" (Amazon S3 API)."""

from __future__ import annotations

import datetime as dt

import pytest

from portside.kit.sigv4 import Signer

MOMENT = dt.datetime(2013, 5, 24, tzinfo=dt.UTC)
SIGNER = Signer("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
EXAMPLES = [
    (
        ("GET", "/test.txt", b"", {"Range": "bytes=0-9"}),
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    (
        (
            "PUT",
            "/test$file.text",
            b"Welcome to Amazon S3.",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
        ),
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    (
        ("GET", "/?lifecycle", b"", {}),
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    (
        ("GET", "/?max-keys=2&prefix=J", b"", {}),
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


@pytest.mark.parametrize(("request_", "names", "signature"), EXAMPLES)
def test_the_examples_of_the_documentation(
    request_: tuple[str, str, bytes, dict[str, str]], names: str, signature: str
) -> None:
    method, path, payload, headers = request_
    sent = SIGNER.headers(method, f"https://examplebucket.s3.amazonaws.com{path}", payload, MOMENT, headers)
    assert sent["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert sent["x-amz-date"] == "20130524T000000Z" and headers.items() <= sent.items()


def test_the_port_is_signed_unless_it_is_the_schemes_own() -> None:
    def signature(url: str) -> str:
        return SIGNER.headers("GET", url, b"", MOMENT)["Authorization"]

    assert signature("https://store.example/a/b") == signature("https://STORE.example:443/a/b")
    assert signature("http://store.example/a/b") == signature("http://store.example:80/a/b")
    assert signature("https://store.example/a/b") != signature("https://store.example:9000/a/b")


def test_the_secret_is_not_shown() -> None:
    assert "wJalr" not in repr(SIGNER) and "wJalr" not in str(SIGNER.headers("GET", "https://a.example/", b"", MOMENT))

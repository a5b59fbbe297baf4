"""Which URLs and addresses the door lets users send us to."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator

import pytest

from portside.kit.destinations import USER, BadURL, BlockedAddress, CarrierHosts, read_url
from portside.kit.http import Door
from portside.kit.networks import refusal
from tests.kit.peer import Names, answers, reply, serve

REFUSED = [
    ("0.0.0.0", "this host"),  # noqa: S104
    ("0.1.2.3", "this host"),
    ("10.0.0.1", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.100.100.200", "carrier-grade NAT"),  # Alibaba's metadata service
    ("127.0.0.1", "this machine"),
    ("127.255.255.254", "this machine"),
    ("168.63.129.16", "metadata"),
    ("169.254.0.1", "link-local"),
    ("169.254.169.254", "link-local"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.192", "reserved"),  # Oracle's metadata service
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "6to4"),
    ("192.168.1.1", "private"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.7", "documentation"),
    ("203.0.113.7", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.250", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "this host"),
    ("::1", "this machine"),
    ("::127.0.0.1", "reserved"),  # IPv4-compatible
    ("::ffff:127.0.0.1", "this machine"),
    ("::ffff:10.0.0.1", "private"),
    ("::ffff:a9fe:a9fe", "link-local"),
    ("::ffff:0:127.0.0.1", "reserved"),  # IPv4-translated
    ("64:ff9b::7f00:1", "this machine"),
    ("64:ff9b::169.254.169.254", "link-local"),
    ("64:ff9b:1::10.0.0.1", "reserved"),  # local-use NAT64
    ("100::1", "reserved"),  # discard-only
    ("2001:0:7f00:1::", "Teredo"),
    ("2001:2::1", "reserved"),
    ("2001:10::1", "reserved"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::", "6to4"),
    ("2002:808:808::1", "6to4"),
    ("3fff::1", "documentation"),
    ("4000::1", "reserved"),
    ("5f00::1", "reserved"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "private"),  # AWS's metadata service
    ("fe80::1", "link-local"),
    ("fec0::1", "reserved"),  # the old site-local
    ("ff02::1", "multicast"),
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
]

# Ways of writing 127.0.0.1 or 169.254.169.254 that some parser or other takes for something else.
DISGUISED = [
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "017700000001",
    "0177.0.0.01",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "2852039166",
    "0xA9FEA9FE",
    "0251.0376.0251.0376",
    "１２７.0.0.1",
    "127。0。0。1",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[::ffff:7f00:0001]",
]

MALFORMED = [
    "",
    "example.com/hook",
    "//example.com/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "javascript:alert(1)",
    "http://",
    "http:///hook",
    "http:example.com",
    "https://:443/",
    "http://user@example.com/",
    "http://user:pass@example.com/",
    "http://example.com@127.0.0.1/",
    "http://@example.com/",
    "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/",
    "http://exam ple.com/",
    "http://example.com/\r\nX-Injected: 1",
    "http://example.com/\x00",
    "\thttp://example.com/",
    "http://127%2e0%2e0%2e1/",
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://[::1]example.com/",
    "http://example.com[::1]/",
    "http://[::1/",
    "http://::1/",
    "http://[v1.x]/",
    "http://[127.0.0.1]/",
    "http://example.com:0/",
    "http://example.com:65536/",
    "http://example.com:http/",
    "http://example..com/",
    "http://.example.com/",
    "http://example.com../",
    "http://-example.com/",
    "http://256.256.256.256/",
    "http://1.2.3.4.5/",
    "http://0x1ffffffff/",
    "http://09.0.0.1/",
    "http://exa$mple.com/",
    "http://" + "a" * 64 + ".com/",
    "http://" + "a." * 127 + "com/",
    "http://example.com/" + "x" * 8001,
]


def test_addresses_that_are_refused() -> None:
    for text, reason in REFUSED:
        found = refusal(ipaddress.ip_address(text))
        assert found is not None, text
        assert reason in found, text


def test_public_addresses_pass() -> None:
    for text in PUBLIC:
        assert refusal(ipaddress.ip_address(text)) is None, text


def test_an_allowed_network_opens_itself_and_nothing_else() -> None:
    allowed = [ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd12::/16")]
    for text in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd12::1"):
        assert refusal(ipaddress.ip_address(text), allowed) is None, text
    for text in ("10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1", "fd13::1", "::1"):
        assert refusal(ipaddress.ip_address(text), allowed) is not None, text


def test_an_ipv6_address_stays_one_in_the_url() -> None:
    for text in ("http://[2606:4700:4700::1111]/x?y=1", "https://[2606:4700:4700::1111]:8443/x?y=1"):
        target = read_url(text, USER)
        assert str(target.url) == text
        assert (target.url.raw_host, target.url.port) == (target.host, target.port)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    yield made
    await made.close()


async def test_a_refused_address_in_the_url_is_refused(door: Door) -> None:
    for text, reason in REFUSED:
        host = f"[{text}]" if ":" in text else text
        for url in (f"http://{host}/", f"https://{host}:8443/hook?token=1"):
            with pytest.raises(BlockedAddress) as caught:
                await door.send("POST", url, timeout=5, destination=USER, max_response_bytes=100)
            assert reason in caught.value.reason, text
            assert caught.value.sent is False


async def test_a_name_that_leads_to_a_refused_address_is_refused_at_connect_time() -> None:
    """The check of the URL sees only a name here; it is the guard on the socket that refuses."""
    for text, reason in REFUSED:
        door = Door(resolver=Names([text]))
        with pytest.raises(BlockedAddress) as caught:
            await door.send("GET", "http://hooks.example/", timeout=5, destination=USER, max_response_bytes=100)
        await door.close()
        assert caught.value.address == text
        assert reason in caught.value.reason, text
        assert text not in str(caught.value), "a stranger learns nothing of our names and addresses"


async def test_the_systems_own_names_for_this_machine_are_refused(door: Door) -> None:
    async with serve(answers(reply())) as peer:
        for host in ("localhost", "LOCALHOST", "localhost.", "ⓛocalhost"):
            with pytest.raises(BlockedAddress):
                await door.send(
                    "GET", f"http://{host}:{peer.port}/", timeout=5, destination=USER, max_response_bytes=100
                )
        assert peer.connections == 0


async def test_disguised_addresses_are_judged_as_what_they_connect_to(door: Door) -> None:
    for host in DISGUISED:
        with pytest.raises(BlockedAddress):
            await door.send("GET", f"http://{host}/", timeout=5, destination=USER, max_response_bytes=100)


async def test_a_disguised_address_that_is_allowed_is_reached() -> None:
    door = Door([ipaddress.ip_network("127.0.0.0/8")])
    async with serve(answers(reply())) as peer:
        for host in ("2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1."):
            answer = await door.send(
                "GET", f"http://{host}:{peer.port}/", timeout=5, destination=USER, max_response_bytes=100
            )
            assert answer.status == 200
            assert f"\r\nHost: 127.0.0.1:{peer.port}\r\n".encode() in peer.requests[-1]
        await door.close()


def test_malformed_urls_are_refused_with_a_reason() -> None:
    for url in MALFORMED:
        with pytest.raises(BadURL) as caught:
            read_url(url, USER)
        assert str(caught.value), url
        assert "user:pass" not in str(caught.value), "the message repeats no credentials"


def test_usual_urls_are_read() -> None:
    for url, host, port, path in [
        ("https://example.com", "example.com", 443, "/"),
        ("HTTPS://EXAMPLE.com:/x", "example.com", 443, "/x"),
        ("http://example.com:8080/a?b=c#part", "example.com", 8080, "/a?b=c"),
        ("http://my_service.internal/x", "my_service.internal", 80, "/x"),
        ("https://münchen.example/", "xn--mnchen-3ya.example", 443, "/"),
        ("https://example.com?token=x", "example.com", 443, "/?token=x"),
        ("http://[2606:4700::1111]:81/", "2606:4700::1111", 81, "/"),
        ("https://example.com/é?q=é", "example.com", 443, "/%C3%A9?q=%C3%A9"),
    ]:
        target = read_url(url, USER)
        assert (target.host, target.port, target.url.raw_path_qs) == (host, port, path), url


def test_path_and_query_are_delivered_as_written() -> None:
    """Receivers compare tokens in the query, and sign paths: nothing may be tidied up."""
    for tail in ("/a%2Fb/../c//d", "/?token=a+b%20c%7E~&empty=&flag", "/x?u=http://a/b?c&%zz=1", "/;p=1,2/@x:y"):
        assert read_url("https://example.com" + tail, USER).url.raw_path_qs == tail


def test_a_carrier_reaches_only_the_hosts_it_declares() -> None:
    ups = CarrierHosts(frozenset({"onlinetools.ups.com", "wwwcie.ups.com:8443", "127.0.0.1", "[::1]"}))
    for url in (
        "https://onlinetools.ups.com/api",
        "https://ONLINETOOLS.UPS.COM./api",
        "https://onlinetools.ups.com:9443/",
        "https://wwwcie.ups.com:8443/",
        "http://127.0.0.1:9999/",
        "http://2130706433:9999/",
        "http://[::1]:9999/",
    ):
        read_url(url, ups)
    for url in (
        "https://ups.com/",
        "https://evil-onlinetools.ups.com/",
        "https://onlinetools.ups.com.evil.example/",
        "https://wwwcie.ups.com/",
        "https://onlinetools.ups.com@evil.example/",
        "https://8.8.8.8/",
        "http://onlinetools.ups.com/",  # credentials in the clear
        "http://127.0.0.2/",
    ):
        with pytest.raises(BadURL):
            read_url(url, ups)

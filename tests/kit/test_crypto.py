"""The key ring: sealing, signing, links, tokens, and the file it lives in."""

from __future__ import annotations

import base64
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from portside.kit.crypto import (
    BadLink,
    CannotOpen,
    KeyRing,
    KeyRingError,
    LinkExpired,
    UnknownKey,
    hash_token,
    new_key,
    new_token,
    place,
    same,
)

OLD, NEW = new_key("2024"), new_key("2025")
HERE = place("carrier_accounts", "credentials", "0190a1b2c3d4")


def ring(*entries: str) -> KeyRing:
    return KeyRing.parse(",".join(entries))


def test_what_is_sealed_opens_again() -> None:
    for plain in (b"", b"s3cret", os.urandom(100_000)):
        sealed = ring(OLD).seal(plain, HERE)
        assert ring(OLD).open(sealed, HERE) == plain
        assert not plain or plain not in sealed


def test_the_same_secret_never_looks_the_same() -> None:
    keys = ring(OLD)
    assert len({keys.seal(b"s3cret", HERE) for _ in range(100)}) == 100


def test_it_opens_only_where_it_was_sealed() -> None:
    keys = ring(OLD)
    sealed = keys.seal(b"s3cret", HERE)
    for elsewhere in (
        place("carrier_accounts", "credentials", "0190a1b2c3d5"),
        place("carrier_accounts", "password", "0190a1b2c3d4"),
        place("webhooks", "credentials", "0190a1b2c3d4"),
        "",
    ):
        with pytest.raises(CannotOpen):
            keys.open(sealed, elsewhere)


def test_any_changed_or_missing_byte_is_noticed() -> None:
    keys = ring(OLD)
    sealed = keys.seal(b"s3cret", HERE)
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(CannotOpen):
            keys.open(bytes(changed), HERE)
        with pytest.raises(CannotOpen):
            keys.open(sealed[:index], HERE)
    with pytest.raises(CannotOpen):
        keys.open(sealed + b"\x00", HERE)
    with pytest.raises(CannotOpen):
        keys.open(b"\x01\x00" + sealed[6:], HERE)


def test_keys_rotate_without_a_pause() -> None:
    sealed, signature = ring(OLD).seal(b"s3cret", HERE), ring(OLD).sign("session", b"bob")
    both = ring(NEW, OLD)
    assert both.current == "2025"
    assert both.open(sealed, HERE) == b"s3cret"
    assert both.verify("session", b"bob", signature)
    fresh = both.seal(b"s3cret", HERE)
    assert ring(NEW).open(fresh, HERE) == b"s3cret"
    with pytest.raises(UnknownKey, match="2024"):
        ring(NEW).open(sealed, HERE)
    assert not ring(NEW).verify("session", b"bob", signature)


def test_another_key_under_the_same_name_opens_nothing() -> None:
    sealed, signature = ring(OLD).seal(b"s3cret", HERE), ring(OLD).sign("session", b"bob")
    impostor = ring(new_key("2024"))
    with pytest.raises(CannotOpen):
        impostor.open(sealed, HERE)
    assert not impostor.verify("session", b"bob", signature)


def test_a_signature_is_good_for_one_purpose_and_one_message() -> None:
    keys = ring(OLD)
    signature = keys.sign("session", b"bob")
    assert keys.verify("session", b"bob", signature)
    for purpose, message, given in [
        ("session", b"alice", signature),
        ("invite", b"bob", signature),
        ("session", b"bob", signature + "="),
        ("session", b"bob", signature[:-1]),
        ("session", b"bob", signature.upper()),
        ("session", b"bob", signature.replace("2024", "2025")),
        ("session", b"bob", ""),
        ("session", b"bob", "."),
        ("session", b"bob", "2024."),
        ("session", b"bob", "2024.é\ud800"),
    ]:
        assert not keys.verify(purpose, message, given), (purpose, message, given)


def test_every_purpose_has_its_own_key() -> None:
    keys = ring(OLD)
    master = base64.b64decode(OLD.partition(":")[2])
    derived = [keys.key_for(purpose) for purpose in ("seal", "sign/session", "sign/link", "jwt")]
    assert len({master, *derived}) == 5
    assert all(len(key) == 32 for key in derived)
    assert derived == [
        ring(NEW, OLD).key_for(purpose, "2024") for purpose in ("seal", "sign/session", "sign/link", "jwt")
    ]


def test_links_expire_and_cannot_be_changed() -> None:
    keys = ring(OLD)
    for path in ("/labels/0190.pdf", "/labels/0190.pdf?size=4x6&expires=never"):
        link = keys.sign_link(path, 1_700_000_000)
        assert link.startswith(path)
        assert keys.verify_link(link, 1_699_999_999) == path
        assert ring(NEW, OLD).verify_link(link, 0) == path
        with pytest.raises(LinkExpired):
            keys.verify_link(link, 1_700_000_000)
        for changed in (
            link.replace("0190", "0191"),
            link.replace("expires=17", "expires=27"),
            link + "&x=1",
            link[:-1],
            link.partition("&signature")[0],
            path,
            "",
            "/\ud800",
        ):
            with pytest.raises(BadLink) as caught:
                keys.verify_link(changed, 1_800_000_000)
            assert not isinstance(caught.value, LinkExpired)


def test_rings_are_read_in_every_usual_spelling() -> None:
    raw = b"\xfb\xff" + bytes(range(30))
    spellings = [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()]
    spellings += [text.rstrip("=") for text in spellings]
    for text in spellings:
        assert KeyRing.parse(f"a:{text}").key_for("x") == KeyRing([("a", raw)]).key_for("x")
    assert KeyRing.parse(f"# keys\n{NEW}  # since May\n\n{OLD}\n").ids == ("2025", "2024")


def test_unusable_rings_are_refused_without_showing_keys() -> None:
    key = OLD.partition(":")[2]
    for text in (
        "",
        " , \n",
        "# only a comment",
        key,
        f":{key}",
        f"a b:{key}",
        f"{'x' * 33}:{key}",
        f"{OLD},2024:{NEW.partition(':')[2]}",
        "a:not base64!",
        "a:",
        f"a:{key[:20]}",
        f"a:{key[:-1]}AAAA",
        "a:" + base64.b64encode(bytes(32)).decode(),
    ):
        with pytest.raises(KeyRingError) as caught:
            KeyRing.parse(text)
        assert key[:12] not in str(caught.value)
    assert key[:12] not in repr(ring(OLD))
    assert "2024" in repr(ring(OLD))


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret-keys"
    mask = os.umask(0)
    try:
        made = KeyRing.load_or_create(path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret-keys"]
    assert KeyRing.load_or_create(path).open(made.seal(b"s3cret", HERE), HERE) == b"s3cret"


def test_a_loosened_key_file_is_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "secret-keys"
    KeyRing.load_or_create(path)
    path.chmod(0o644)
    KeyRing.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_broken_key_file_is_not_replaced(tmp_path: Path) -> None:
    """A new key in its place would make every sealed secret unreadable for good."""
    path = tmp_path / "secret-keys"
    for text in ("", "not a key"):
        path.write_text(text)
        with pytest.raises(KeyRingError, match="secret-keys"):
            KeyRing.load_or_create(path)
        assert path.read_text() == text


def _load(path: Path, start: multiprocessing.synchronize.Barrier, told: multiprocessing.queues.Queue[bytes]) -> None:
    start.wait(30)
    told.put(KeyRing.load_or_create(path).key_for("test"))


def test_processes_that_race_for_the_file_get_the_same_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start, told = context.Barrier(4), context.Queue()
    path = tmp_path / "secret-keys"
    racers = [context.Process(target=_load, args=(path, start, told)) for _ in range(4)]
    for racer in racers:
        racer.start()
    keys = {told.get(timeout=60) for _ in racers}
    for racer in racers:
        racer.join(60)
    assert keys == {KeyRing.load_or_create(path).key_for("test")}
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret-keys"]


def test_a_maker_that_loses_the_race_takes_the_winners_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The instant that processes rarely hit by themselves: the other file appears after ours was found missing."""
    path, other = tmp_path / "secret-keys", tmp_path / "other"
    winner = KeyRing.load_or_create(other)
    link = os.link

    def late(source: Path, target: Path) -> None:
        if not target.exists():
            link(other, target)
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert KeyRing.load_or_create(path).key_for("test") == winner.key_for("test")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["other", "secret-keys"]


def test_tokens() -> None:
    tokens = {new_token("shippo_test_") for _ in range(1000)}
    assert len(tokens) == 1000
    for token in tokens:
        digits = token.removeprefix("shippo_test_")
        assert len(digits) == 40
        assert set(digits) <= set("0123456789abcdef")
    first, second, *_ = tokens
    assert hash_token(first) == hash_token(first) != hash_token(second)
    assert len(hash_token(first)) == 32
    assert hash_token("\ud800é")


def test_comparing() -> None:
    assert same("abc", b"abc")
    assert same("é", "é")
    assert not same("abc", "abd")
    assert not same("abc", "ab")
    assert not same("\ud800", "")

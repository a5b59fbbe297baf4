"""What an operator gets wrong is told in a line that names it, before anything is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from portside.errors import OperatorError
from portside.kit.configured import exchange_rates, key_ring
from portside.settings import SettingsError, load, unknown
from tests.cli.test_commands import failing
from tests.support.process import Installation


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORTSIDE_PORT", "eighty", "Expected `int`.*Port that `serve` binds"),
        ("PORTSIDE_PORT", "99999", "65535"),
        ("PORTSIDE_LOG_FORMAT", "xml", "xml"),
        ("PORTSIDE_PUBLIC_URL", "ship.example", "expected form.*https://host"),
        ("PORTSIDE_PUBLIC_URL", "ftp://ship.example", "expected form"),
        ("PORTSIDE_PUBLIC_URL", "https://ship.example/?x", "expected form"),
        ("PORTSIDE_SMTP_URL", "mail.example", "expected form.*smtps://"),
        ("PORTSIDE_ALLOWED_NETWORKS", "10.0.0.1/8", "host bits"),
        ("PORTSIDE_TRUSTED_PROXIES", "proxy.example", "proxy.example"),
        ("PORTSIDE_TRUSTED_PROXIES", "10.0.0.1/8", "host bits"),
    ],
)
def test_a_wrong_setting_is_named_and_explained(name: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: .*{why}"):
        load({name: value})


def test_good_addresses_are_taken() -> None:
    found = load({"PORTSIDE_PUBLIC_URL": "https://ship.example/", "PORTSIDE_TRUSTED_PROXIES": "10.0.0.0/8, ::1"})
    assert (found.public_url, found.trusted_proxies) == ("https://ship.example/", ("10.0.0.0/8", "::1"))


def test_an_empty_setting_is_one_that_is_not_set() -> None:
    empty = dict.fromkeys(("PORTSIDE_HOST", "PORTSIDE_PORT", "PORTSIDE_DATA_DIR", "PORTSIDE_SECRET_KEYS_FILE"), "")
    assert load(empty) == load({})
    assert load({**empty, "PORTSIDE_POOL_SIZE": "7"}).pool_size == 7


def test_who_has_no_home_is_asked_where_to_keep_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    monkeypatch.setattr("os.geteuid", lambda: 4_000_000)
    with pytest.raises(SettingsError, match=r"^PORTSIDE_DATA_DIR"):
        load({})
    assert load({"PORTSIDE_DATA_DIR": "/srv/portside"}).data_dir == Path("/srv/portside")


def test_what_looks_like_a_setting_is_found() -> None:
    names = ("PORTSIDE_PUBLIC_URLS", "PORTSIDE_HOST", "PORTSIDE_SECRET_KEYS_FILE", "HOME", "DATABASE_URL")
    assert unknown(dict.fromkeys(names, "x")) == ["PORTSIDE_PUBLIC_URLS"]


def test_keys_and_rates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^PORTSIDE_SECRET_KEYS: .*id:base64"):
        key_ring(load({"PORTSIDE_SECRET_KEYS": "abc"}))
    (tmp_path / "secret_keys").write_text("junk")
    with pytest.raises(OperatorError, match=rf"^{tmp_path}/secret_keys: .*id:base64"):
        key_ring(load({}, data_dir=tmp_path))
    # A file where the folder should be stops root as well.
    with pytest.raises(SettingsError, match=r"PORTSIDE_DATA_DIR.*PORTSIDE_SECRET_KEYS"):
        key_ring(load({}, data_dir=tmp_path / "secret_keys" / "below"))
    with pytest.raises(SettingsError, match=r"^PORTSIDE_EXCHANGE_RATES: /nowhere/rates.json: No such file"):
        exchange_rates(load({"PORTSIDE_EXCHANGE_RATES": "/nowhere/rates.json"}))


def test_options_that_cannot_be_meant(private: Installation) -> None:
    assert "--data-dir" in failing(private, "migrate", "--data-dir", "")
    assert "--port" in failing(private, "serve", "--port", "99999")
    private.environ["DATABASE_URL"] = "postgresql://127.0.0.1:five/none"
    assert "DATABASE_URL" in failing(private, "migrate")


def test_a_backup_that_cannot_be_written_or_read(private: Installation, tmp_path: Path) -> None:
    assert "No such file or directory" in failing(private, "backup", str(tmp_path / "nowhere" / "portside.tar"))
    wrong = tmp_path / "wrong.tar"
    wrong.write_bytes(b"no tar at all")
    said = failing(private, "restore", str(wrong))
    assert "not a backup" in said and said.count("\n") == 1


def test_the_doctor_goes_on_after_what_is_wrong(private: Installation) -> None:
    private.environ |= {
        "PORTSIDE_SMTP_URL": "smtp://mail.example:99999",
        "PORTSIDE_EXCHANGE_RATES": "/nowhere/rates.json",
        "PORTSIDE_PUBLIC_URLS": "https://ship.example",
    }
    done = private.attempt("doctor")
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("FAIL")] == [
        "FAIL  PORTSIDE_SMTP_URL: the port is no port.",
        "FAIL  PORTSIDE_EXCHANGE_RATES: /nowhere/rates.json: No such file or directory",
    ]
    assert "warn  PORTSIDE_PUBLIC_URLS is not a setting of Portside, and does nothing." in done.stdout
    assert "Files can be stored and read" in done.stdout

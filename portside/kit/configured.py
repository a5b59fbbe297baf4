"""What the settings ask for, made: key ring, file store, mail server, SMS gateway, exchange rates."""

from __future__ import annotations

import stat
from pathlib import Path

from portside.kit.bucket import BucketFiles
from portside.kit.crypto import KeyRing, KeyRingError
from portside.kit.files import FileStore, LocalFiles
from portside.kit.http import BadURL, Door
from portside.kit.mail import BadMail, Mailer, read_sender, read_server
from portside.kit.money import ExchangeRates, WrongRates, read_rates
from portside.kit.sigv4 import Signer
from portside.kit.sms import Texter
from portside.settings import FILES_FOLDER, KEY_FILE, Settings, SettingsError


def key_ring(settings: Settings) -> KeyRing:
    """The configured keys, or those of the data directory, made there once with mode 0600.

    Raises SettingsError, KeyRingError.
    """
    if settings.secret_keys:
        try:
            return KeyRing.parse(settings.secret_keys)
        except KeyRingError as error:
            raise SettingsError(f"PORTSIDE_SECRET_KEYS: {error}") from error
    path = settings.data_dir / KEY_FILE
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        ring = KeyRing.load_or_create(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            path.chmod(0o600)
    except OSError as error:
        raise SettingsError(
            f"The key ring cannot be kept in {path}: {error.strerror}. Choose another data directory "
            "(PORTSIDE_DATA_DIR), or give the keys yourself (PORTSIDE_SECRET_KEYS)."
        ) from error
    return ring


def file_store(settings: Settings, door: Door) -> FileStore:
    """The configured bucket, or a folder of the data directory. Raises SettingsError."""
    if not settings.files:
        return LocalFiles(settings.data_dir / FILES_FOLDER)
    try:
        return BucketFiles(
            door, settings.files, Signer(settings.files_key_id, settings.files_secret, settings.files_region)
        )
    except BadURL as error:
        raise SettingsError(f"PORTSIDE_FILES: {error}") from error


def sms_gateway(settings: Settings, door: Door) -> Texter | None:
    """The configured SMS gateway, if there is one. Raises SettingsError."""
    if not settings.sms_url:
        return None
    try:
        return Texter(door, settings.sms_url, settings.sms_token)
    except BadURL as error:
        raise SettingsError(f"PORTSIDE_SMS_URL: {error}") from error


def mail_server(settings: Settings) -> Mailer | None:
    """The configured SMTP server, if there is one. Raises SettingsError, which does not show the URL."""
    if not settings.smtp_url:
        return None
    try:
        server = read_server(settings.smtp_url)
    except BadMail as error:
        raise SettingsError(f"PORTSIDE_SMTP_URL: {error}.") from error
    try:
        return Mailer(server, read_sender(settings.mail_from))
    except BadMail as error:
        raise SettingsError(f"PORTSIDE_MAIL_FROM: {error}.") from error


def exchange_rates(settings: Settings) -> ExchangeRates | None:
    """The operator's exchange rates, if there are any. Raises SettingsError."""
    if not settings.exchange_rates:
        return None
    try:
        return read_rates(Path(settings.exchange_rates))
    except WrongRates as error:
        raise SettingsError(f"PORTSIDE_EXCHANGE_RATES: {error}") from error

"""What one process has one of: settings, key ring, the door out, passwords, files, templates. Installed at start."""

from __future__ import annotations

import time

import msgspec

from portside.kit.crypto import KeyRing
from portside.kit.files import FileStore
from portside.kit.http import Door
from portside.kit.mail import Mailer
from portside.kit.password import Passwords
from portside.kit.render import Templates
from portside.kit.sms import Texter
from portside.kit.static import StaticFiles
from portside.settings import Settings

# A label link outlives the label's use; Shippo's last a year too.
FILE_LINK_SECONDS = 365 * 24 * 3600


class Services(msgspec.Struct, frozen=True, kw_only=True):
    settings: Settings
    keys: KeyRing
    door: Door
    passwords: Passwords
    files: FileStore
    templates: Templates
    static_files: StaticFiles
    public_url: str
    # Without a server, mail stays in the mailbox of its account.
    mailer: Mailer | None = None
    # The same for text messages.
    texter: Texter | None = None

    def file_url(self, key: str, seconds: int = FILE_LINK_SECONDS, *, exact: bool = False) -> str:
        """A signed link to a stored file. Unless it is to be `exact`, the expiry is rounded up to a day, so that two
        answers show one link."""
        expires = int(time.time()) + seconds
        if not exact:
            expires = expires // 86400 * 86400 + 86400
        return self.public_url + self.keys.sign_link(f"/files/{key}", expires)


_installed: Services | None = None


def install(services: Services | None) -> None:
    """Give this process its services (None at its end)."""
    global _installed
    _installed = services


def services() -> Services:
    """The services of this process."""
    if _installed is None:
        raise RuntimeError("services.install() has not run in this process")
    return _installed

"""An account's own branding, and the look that comes of it."""

from __future__ import annotations

import msgspec

from portside.terms.models import TrackingPage


class OwnBranding(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has said of itself; what is empty is as its platform has settled. `color` is `#rrggbb`,
    `logo_key` a key of the file store."""

    name: str = ""
    color: str = ""
    support_email: str = ""
    tracking_page: TrackingPage | None = None
    logo_key: str | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How an account's tracking page and messages look. `name` and `support_email` may be empty; `logo_url` is a path
    here, a platform's https address, or empty."""

    name: str
    logo_url: str
    color: str
    support_email: str
    tracking_page: TrackingPage = "branded"


class Shades(msgspec.Struct, frozen=True, kw_only=True):
    """A colour made fit for pages, each as `#rrggbb`: text and links on a light and on a dark ground, a filled `band`
    with `on_band` for the text on it."""

    on_light: str
    on_dark: str
    band: str
    on_band: str

"""Pure facts about looks: what holds over what, and which shade of a colour can be read."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from portside.accounts.rules import is_email
from portside.branding.models import Look, OwnBranding, Shades
from portside.terms.models import Branding

# Portside's own, where nobody has chosen another.
DEFAULT_COLOR = "#14507a"
LONGEST_NAME = 100
PREVIEW_PATH = "/tracking-page/preview"
PREVIEW_SECONDS = 3600

_COLOR = re.compile(r"#[0-9a-f]{6}")
_LIGHT_GROUND, _DARK_GROUND, _BLACK = "#ffffff", "#1b2229", "#000000"
# WCAG 2.2, 1.4.3: contrast of text to its ground.
_LEAST_CONTRAST = 4.5
_STEPS = 20


def look_of(own: OwnBranding, settled: Branding | None, company: str) -> Look:
    """The account's own word first, then its platform's, then what is known anyway."""
    settled = settled or Branding()
    return Look(
        name=own.name or settled.name or company,
        logo_url=logo_path(own.logo_key) if own.logo_key else settled.logo_url,
        color=own.color or settled.color or DEFAULT_COLOR,
        support_email=own.support_email or settled.support_email,
        tracking_page=own.tracking_page or settled.tracking_page or "branded",
    )


def wrong_fields(name: str, color: str, support_email: str) -> dict[str, list[str]]:
    """What is wrong with what somebody typed, by field."""
    wrong: dict[str, list[str]] = {}
    if len(name) > LONGEST_NAME or not name.isprintable():
        wrong["name"] = [f"At most {LONGEST_NAME} letters, in one line."]
    if color and not _COLOR.fullmatch(color):
        wrong["color"] = ["Write the colour like #1a2b3c."]
    if support_email and not is_email(support_email):
        wrong["support_email"] = ["This is not an e-mail address."]
    return wrong


def logo_path(logo_key: str) -> str:
    """Where browsers get a logo; another picture has another path, so that it may be kept for ever."""
    return f"/brand-logos/{logo_key.rpartition('/')[2]}"


def preview_query(look: Look) -> str:
    """A look that is not saved, as the address of the preview says it. It must be signed: a page of ours must not say
    what any stranger writes into a link."""
    fields = {"name": look.name, "logo": look.logo_url, "color": look.color, "support": look.support_email}
    return f"{PREVIEW_PATH}?{urlencode(fields)}"


def shades(color: str) -> Shades:
    """The nearest shades of the colour that can be read."""
    return Shades(
        on_light=_readable(color, _LIGHT_GROUND, _BLACK),
        on_dark=_readable(color, _DARK_GROUND, _LIGHT_GROUND),
        band=color,
        on_band=max((_LIGHT_GROUND, _BLACK), key=lambda text: contrast(text, color)),
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _readable(color: str, ground: str, towards: str) -> str:
    """The colour, mixed with black or white as little as is needed on that ground."""
    mixes = (_mixed(color, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next((mix for mix in mixes if contrast(mix, ground) >= _LEAST_CONTRAST), towards)


def _mixed(color: str, towards: str, share: float) -> str:
    parts = zip(_channels(color), _channels(towards), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * share):02x}" for own, other in parts)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)

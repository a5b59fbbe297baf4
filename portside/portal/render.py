"""How buyers' pages are answered: one small document with its style inside, under a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup

from portside.branding.models import Look, Shades
from portside.branding.rules import DEFAULT_COLOR, shades
from portside.kit.services import services

TEMPLATES = Path(__file__).parent / "templates"
HTML = "text/html"
NOBODY = Look(name="", logo_url="", color=DEFAULT_COLOR, support_email="")


def shown(
    template: str, context: Mapping[str, Any], look: Look, status: int = 200, *, frames: str = "'none'"
) -> Response[bytes]:
    """A page in the merchant's look; `frames` is who may frame it."""
    style, digest = _style(shades(look.color))
    public_url = services().public_url
    basis = {"look": look, "style": Markup(style), "public_url": public_url}  # noqa: S704  # our own file and colours
    body = _environment().get_template(template).render(basis | dict(context)).encode()
    return Response(body, status_code=status, media_type=HTML, headers=headers(look, digest, frames))


def headers(look: Look, digest: str = "", frames: str = "'none'") -> dict[str, str]:
    """Nothing is kept, found by search engines, or told to where the buyer goes next."""
    pictures = " ".join(filter(None, ("'self'", "data:", _origin(look.logo_url))))
    style = f"'sha256-{digest}'" if digest else "'none'"
    policy = (
        f"default-src 'none'; style-src {style}; img-src {pictures}; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {frames}"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def not_found() -> Response[bytes]:
    """What is shown for every address that names no parcel, whatever is wrong with it."""
    return shown("gone.html", {}, NOBODY, 404)


@lru_cache(maxsize=256)
def _style(colors: Shades) -> tuple[str, str]:
    """(the style sheet, what the policy calls it)."""
    style = _environment().get_template("style.css").render(colors=colors)
    return style, base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _origin(url: str) -> str:
    """Where a platform keeps the logo, if it is not here."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme == "https" else ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

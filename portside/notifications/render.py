"""Messages from their folders of templates: subject.txt, body.txt and body.html."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portside.kit.mail import one_line
from portside.notifications.models import AlertMailName, BuyerMailName, MailName, SystemMailName, Text

TEMPLATES = Path(__file__).parent / "templates"


def render(name: MailName | SystemMailName | BuyerMailName | AlertMailName, context: Mapping[str, Any]) -> Text:
    """The message of that name. Raises jinja2's UndefinedError when the context lacks a name."""
    templates = _environment()
    subject, text, html = (
        templates.get_template(f"{name}/{part}").render(context) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Text(subject=one_line(subject), text=text, html=html)


def render_text(template: str, context: Mapping[str, Any]) -> str:
    """One template alone. Raises jinja2's UndefinedError when the context lacks a name."""
    return _environment().get_template(template).render(context)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["moment"] = _moment
    return environment


def _moment(moment: dt.datetime) -> str:
    """`14 Mar 2026, 09:05 UTC`: mail is read anywhere, at any time."""
    exact = moment.astimezone(dt.UTC)
    return f"{exact.day} {exact:%b %Y, %H:%M} UTC"

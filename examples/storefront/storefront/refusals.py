"""What goes wrong between us and Portside, in words for the merchant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from shippo.models import errors


class ShippingError(Exception):
    """Portside refused, or could not be reached. The text is for the merchant."""


class TokenRefused(ShippingError):
    """The merchant has to connect again."""


@contextmanager
def telling() -> Iterator[None]:
    """Turns what the SDK raises into words for the merchant."""
    try:
        yield
    except errors.SDKError as error:
        raise refusal(error.status_code, error.body) from error
    except requests.RequestException as error:
        raise ShippingError("Portside cannot be reached just now.") from error


def refusal(status: int, body: str) -> ShippingError:
    if status == 401:
        return TokenRefused("Portside no longer accepts our access. Connect shipping again.")
    try:
        said = json.loads(body)
    except ValueError:
        said = {}
    detail = said.get("detail") if isinstance(said, dict) else None
    return ShippingError(str(detail or "; ".join(words(said)) or f"Portside answered {status}."))


def words(wrong: Any, field: str = "") -> list[str]:
    """Every message in a tree of field errors, with its field."""
    if isinstance(wrong, dict):
        return [text for name, inner in wrong.items() for text in words(inner, name)]
    if isinstance(wrong, list):
        return [text for inner in wrong for text in words(inner, field)]
    return [f"{field.replace('_', ' ')}: {wrong}" if field else str(wrong)]

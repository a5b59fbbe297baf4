"""JSON without nulls: strict receivers of webhooks take an absent optional key, but not a null one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="string").encode


def json_without_nulls(value: Any, *, keep: Iterable[str] = ()) -> bytes:
    """`value` (Structs, mappings, lists, plain values) as JSON, keys whose value is null left out at every depth.

    `keep` are keys of the outermost object that stay, null or not: those which a contract declares nullable.
    """
    plain = msgspec.to_builtins(value)
    kept = {key: plain[key] for key in keep if plain.get(key) is None}
    return _encode({**_dropped(plain), **kept})


def _dropped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _dropped(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_dropped(item) for item in value if item is not None]
    return value

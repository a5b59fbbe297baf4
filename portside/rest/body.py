"""From the bytes of a request to plain values, whatever content type the client claimed."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from portside.errors import BadRequest, TooLarge

# A word before a colon, as some clients write the keys of `extra` without quotes.
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")
_CHARSET = re.compile(rb"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
# A form's name with what follows in brackets.
_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 40
_JSON_START = (b"{", b"[", b'"')


def decoded(raw: bytes, content_type: bytes, encoding: bytes, limit: int) -> bytes:
    """The body as UTF-8 bytes without content encoding. Raises BadRequest, TooLarge."""
    if encoding and encoding.lower() != b"identity":
        raw = _decompressed(raw, encoding.lower(), limit)
    charset = _CHARSET.search(content_type)
    if charset is None or charset[1].lower() in (b"utf-8", b"utf8", b"us-ascii"):
        return raw
    name = charset[1].decode("ascii")
    try:
        text = codecs.lookup(name)._is_text_encoding and raw.decode(name)
    except (LookupError, UnicodeError, AttributeError) as error:
        raise BadRequest(f"The body cannot be read as charset {name!r}.") from error
    if not isinstance(text, str):
        raise BadRequest(f"The body cannot be read as charset {name!r}.")
    return text.encode()


def _decompressed(raw: bytes, encoding: bytes, limit: int) -> bytes:
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        raise BadRequest("Unsupported content encoding; send the body plain or with gzip.")
    machine = zlib.decompressobj(wbits=47)
    try:
        data = machine.decompress(raw, limit + 1)
    except zlib.error as error:
        raise BadRequest("The body is not valid gzip data.") from error
    if len(data) > limit or machine.unconsumed_tail:
        raise TooLarge("The body is too large.")
    if not machine.eof:
        raise BadRequest("The body is not valid gzip data.")
    return data


def is_json(raw: bytes, content_type: bytes) -> bool:
    """Whether to read the body as JSON: by its first character, since curl calls everything a form."""
    start = raw.lstrip()[:1]
    return start in _JSON_START or (b"json" in content_type) or raw.strip() == b"null"


def values(raw: bytes, content_type: bytes) -> Any:
    """The body as plain values; numbers with a point come as Decimal. Raises BadRequest."""
    if not raw.strip():
        return {}
    return _json_values(raw) if is_json(raw, content_type) else form_values(raw)


def _json_values(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise BadRequest("JSON parse error - the document is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise BadRequest("JSON parse error - the body is not valid UTF-8.") from error
    except ValueError as error:
        raise BadRequest(f"JSON parse error - {str(error)[:200]}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def form_values(raw: bytes) -> dict[str, Any]:
    """A form: its fields, nested where names have brackets (`address_to[name]`, `parcels[0][weight]`, `items[]`); of a
    name that is repeated the last wins. Raises BadRequest."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error
    fields: dict[str, Any] = {}
    for name, value in pairs:
        brackets = _BRACKETS.fullmatch(name)
        keys = [brackets[1], *_BRACKET.findall(brackets[2])] if brackets else [name]
        if len(keys) > _DEEPEST:
            raise BadRequest("The form is nested too deeply.")
        _put(fields, keys, value)
    return {name: _listed(value) for name, value in fields.items()}


def _put(node: dict[str, Any], keys: Sequence[str], value: str) -> None:
    """Write a value at the end of a path; an empty key is the next place in a list."""
    for key, following in pairwise(keys):
        last = node.get(str(len(node) - 1))
        if not key:
            is_more = following and isinstance(last, dict) and following not in last
            key = str(len(node) - 1 if is_more else len(node))
        inner = node.get(key)
        if not isinstance(inner, dict):
            inner = node[key] = {}
        node = inner
    node[keys[-1] or str(len(node))] = value


def _listed(value: Any) -> Any:
    """What was written into places 0, 1, 2 … as a list, however deep."""
    if not isinstance(value, dict):
        return value
    if value and all(str(place) in value for place in range(len(value))):
        return [_listed(value[str(place)]) for place in range(len(value))]
    return {key: _listed(inner) for key, inner in value.items()}


def nested_json(text: str) -> Any:
    """The object or array written as text in a field, also with bare keys; None if it is neither."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return None
    for candidate in (stripped, _BARE_KEY.sub(r'\1"\2":', stripped)):
        try:
            return json.loads(candidate, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            continue
    return None

"""From a request body to a typed `XIn`: fast when it is exactly right, patient when it is not.

Most bodies fit their type and msgspec decodes them in microseconds. The others are walked field by field, which
forgives what real clients get wrong (`"5"` for 5, `"True"`, `""` for nothing, numbers for text) and otherwise
names every wrong field at once, in the nested shape of the request.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta, inspect

from portside.errors import BadRequest, FieldErrors
from portside.kit.clock import from_wire
from portside.kit.decimals import PLAIN, plain_decimal
from portside.rest.body import is_json, nested_json, values

T = TypeVar("T")

# A decimal number as text, kept as it was written; a JSON number becomes text.
DecimalText = Annotated[str, Meta(pattern=PLAIN, extra_json_schema={"format": "decimal"})]
# A moment with an offset; the patient way also takes dates and times without one, as UTC.
Moment = Annotated[dt.datetime, Meta(tz=True)]

REQUIRED = "This field is required."
NOT_NULL = "This field may not be null."
UNKNOWN = "There is no such field."
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_DEEPEST = 40


class _Wrong(Exception):
    """What is wrong with one value: a list of sentences, or a mapping of fields to such."""

    def __init__(self, errors: Any) -> None:
        self.errors = [errors] if isinstance(errors, str) else errors


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=256)
def _type_info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def parse(kind: type[T], raw: bytes, content_type: bytes = b"application/json") -> T:
    """The body as `kind`. Raises FieldErrors, BadRequest."""
    if is_json(raw, content_type) and not _is_odd(raw):
        try:
            return cast(T, _decoder(cast(Any, kind)).decode(raw))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    return parse_values(kind, values(raw, content_type))


def _is_odd(raw: bytes) -> bool:
    """Whether only the patient way judges it well: a character that PostgreSQL does not store, or times that mean
    none or leave the calendar in UTC."""
    return b"\\u0000" in raw or b"0001-01-01T" in raw or b"9999-12-31T" in raw


def parse_values(kind: type[T], data: Any) -> T:
    """Plain values as `kind`, the patient way. Raises FieldErrors, BadRequest."""
    info = _type_info(cast(Any, kind))
    if isinstance(info, inspect.StructType) and (data is None or data == []):
        data = {}
    try:
        return cast(T, _convert(info, data, 0))
    except _Wrong as wrong:
        if isinstance(wrong.errors, Mapping):
            raise FieldErrors(wrong.errors) from wrong
        raise BadRequest(" ".join(sentences(wrong.errors))) from wrong


def sentences(errors: Any, place: str = "") -> list[str]:
    """Errors, nested as in FieldErrors, as lines that begin with where each is: `[2].metadata: Not a valid string.`"""
    if isinstance(errors, Mapping):
        names = ((f"{place}.{name}" if place else str(name), inner) for name, inner in errors.items())
        return [line for name, inner in names for line in sentences(inner, name)]
    if isinstance(errors, list):
        plain = [text for text in errors if isinstance(text, str)]
        nested = ((index, inner) for index, inner in enumerate(errors) if not isinstance(inner, str))
        inside = [line for index, inner in nested for line in sentences(inner, f"{place}[{index}]")]
        return [f"{place}: {text}" if place else text for text in plain] + inside
    return [f"{place}: {errors}"]


def _convert(info: inspect.Type, value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise _Wrong("This value is nested too deeply.")
    info = _bare(info)
    if isinstance(info, inspect.UnionType):
        return _convert_union(info, value, depth)
    for kind, convert in _CONVERTERS:
        if isinstance(info, kind):
            return convert(info, value, depth)
    raise TypeError(f"no rule to convert to {info}")


def _bare(info: inspect.Type) -> inspect.Type:
    """The type without its description."""
    while isinstance(info, inspect.Metadata):
        info = info.type
    return info


def _convert_union(info: inspect.UnionType, value: Any, depth: int) -> Any:
    choices = [choice for choice in map(_bare, info.types) if not isinstance(choice, inspect.NoneType)]
    if value is None and len(choices) < len(info.types):
        return None
    if isinstance(value, str) and any(isinstance(choice, inspect.StrType) for choice in choices):
        parsed = nested_json(value) if len(choices) > 1 else None
        if parsed is None:
            return _convert(next(c for c in choices if isinstance(c, inspect.StrType)), value, depth)
        value = parsed
    structured = isinstance(value, Mapping | list)
    for choice in choices:
        if isinstance(choice, inspect.StructType | inspect.DictType | inspect.ListType) == structured:
            return _convert(choice, value, depth)
    return _convert(choices[0], value, depth)


def _convert_struct(info: inspect.StructType, value: Any, depth: int) -> Any:
    if isinstance(value, str):
        value = nested_json(value)
    if value == []:
        # How PHP clients write an empty object.
        value = {}
    if not isinstance(value, Mapping):
        raise _Wrong("Invalid data. Expected an object.")
    errors: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for field in info.fields:
        given = value.get(field.encode_name, msgspec.UNSET)
        if given is msgspec.UNSET or _is_blank(field, given):
            if field.required:
                errors[field.encode_name] = [NOT_NULL if given is None else REQUIRED]
            continue
        try:
            found[field.name] = _convert(field.type, given, depth + 1)
        except _Wrong as wrong:
            errors[field.encode_name] = wrong.errors if isinstance(wrong.errors, list) else [wrong.errors]
    if info.forbid_unknown_fields:
        known = {field.encode_name for field in info.fields}
        errors |= {str(name)[:60]: [UNKNOWN] for name in value if name not in known}
    if errors:
        raise _Wrong({name: [REQUIRED] for name in _lacking(info.cls, value)} | _refused(info.cls, found) | errors)
    return info.cls(**found)


def _lacking(kind: type, given: Mapping[str, Any]) -> list[str]:
    """Fields that a request like this must have though others need not, by `also_required` of the type, and has not.

    Whoever reads the finished value refuses it for them; a request that is wrong already hears of all at once."""
    also_required = getattr(kind, "also_required", None)
    return [name for name in also_required(given) if given.get(name) in (None, "")] if also_required else []


def _refused(kind: type, found: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever reads the finished value would refuse among the fields that are right so far, by `also_wrong` of
    the type: a request that is wrong already hears of all at once."""
    also_wrong = getattr(kind, "also_wrong", None)
    return also_wrong(found) if also_wrong else {}


def _is_blank(field: inspect.Field, given: Any) -> bool:
    """Null always means absent; so does empty text, unless the field is text that may be empty."""
    if given is None:
        return True
    if not isinstance(given, str):
        return False
    # The zero time is how some languages write "not set".
    return (not given.strip() and not _plain_text(field.type)) or given.startswith("0001-01-01T00:00:00")


def _plain_text(info: inspect.Type) -> bool:
    info = _bare(info)
    if isinstance(info, inspect.UnionType):
        return any(_plain_text(choice) for choice in info.types)
    return isinstance(info, inspect.StrType) and (info.pattern is None or re.search(info.pattern, "") is not None)


def _convert_list(info: inspect.ListType, value: Any, depth: int) -> list[Any]:
    if isinstance(value, str):
        value = nested_json(value)
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        raise _Wrong("Expected a list of items.")
    if info.max_length is not None and len(value) > info.max_length:
        raise _Wrong(f"Ensure this field has no more than {info.max_length} elements.")
    if info.min_length is not None and len(value) < info.min_length:
        raise _Wrong("This list may not be empty.")
    items, errors = [], {}
    for index, item in enumerate(value):
        try:
            items.append(_convert(info.item_type, item, depth + 1))
        except _Wrong as wrong:
            errors[index] = wrong.errors
    if errors and all(isinstance(wrong, list) for wrong in errors.values()):
        raise _Wrong(list(dict.fromkeys(sentence for wrong in errors.values() for sentence in wrong)))
    if errors:
        # What is wrong with an item as a whole stands under `__all__`, so that all items look alike.
        nested = {index: {"__all__": wrong} if isinstance(wrong, list) else wrong for index, wrong in errors.items()}
        raise _Wrong([nested.get(index, {}) for index in range(len(value))])
    return items


def _convert_dict(info: inspect.DictType, value: Any, depth: int) -> dict[str, Any]:
    if isinstance(value, str):
        value = nested_json(value)
    if value == []:
        value = {}
    if not isinstance(value, Mapping):
        raise _Wrong("Invalid data. Expected an object.")
    found, errors = {}, {}
    for key, item in value.items():
        try:
            found[_clean(str(key))] = _convert(info.value_type, item, depth + 1)
        except _Wrong as wrong:
            errors[str(key)[:60]] = wrong.errors if isinstance(wrong.errors, list) else [wrong.errors]
    if errors:
        raise _Wrong(errors)
    return found


def _convert_text(info: inspect.StrType, value: Any, _depth: int) -> str:
    if info.pattern == PLAIN:
        number = None if isinstance(value, bool | Mapping | list) else plain_decimal(value)
        if number is None:
            raise _Wrong("A valid number is required.")
        return number
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = _digits(value)
    if not isinstance(value, str):
        raise _Wrong("Not a valid string.")
    text = _clean(value)
    if info.max_length is not None and len(text) > info.max_length:
        raise _Wrong(f"Ensure this field has no more than {info.max_length} characters.")
    if info.pattern is not None and not re.search(info.pattern, text):
        raise _Wrong("This value does not have the right form.")
    if info.min_length and len(text) < info.min_length:
        raise _Wrong("This field may not be blank.")
    return text


def _digits(value: int | Decimal) -> str:
    text = plain_decimal(value)
    if text is None:
        raise _Wrong("Not a valid string.")
    return text


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL, and a lone surrogate is no character."""
    if "\x00" in text:
        raise _Wrong("Null characters are not allowed.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise _Wrong("The text is not valid Unicode.") from error
    return text


def _convert_integer(info: inspect.IntType, value: Any, _depth: int) -> int:
    text = None if isinstance(value, bool | Mapping | list) else plain_decimal(value)
    number = Decimal(text) if text is not None else None
    if number is None or number != number.to_integral_value():
        raise _Wrong("A valid integer is required.")
    return int(_within(info, number))


def _within(info: inspect.IntType | inspect.FloatType, number: Decimal) -> Decimal:
    if info.ge is not None and number < info.ge:
        raise _Wrong(f"Ensure this value is greater than or equal to {info.ge}.")
    if info.gt is not None and number <= info.gt:
        raise _Wrong(f"Ensure this value is greater than {info.gt}.")
    if info.le is not None and number > info.le:
        raise _Wrong(f"Ensure this value is less than or equal to {info.le}.")
    return number


def _convert_float(info: inspect.FloatType, value: Any, _depth: int) -> float:
    text = None if isinstance(value, bool | Mapping | list) else plain_decimal(value)
    if text is None:
        raise _Wrong("A valid number is required.")
    return float(_within(info, Decimal(text)))


def _convert_boolean(_info: inspect.Type, value: Any, _depth: int) -> bool:
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _Wrong("Must be a valid boolean.")


def _convert_moment(_info: inspect.Type, value: Any, _depth: int) -> dt.datetime:
    moment = from_wire(value) if isinstance(value, str) else None
    if moment is None:
        raise _Wrong("Datetime has wrong format. Use ISO 8601, for example 2026-01-31T12:30:00Z.")
    return moment


def _convert_choice(info: inspect.LiteralType, value: Any, _depth: int) -> Any:
    if isinstance(value, str) and value.strip() in info.values:
        return value.strip()
    shown = _clean(value)[:80] if isinstance(value, str) else str(type(value).__name__)
    raise _Wrong(f'"{shown}" is not a valid choice.')


def _convert_any(_info: inspect.Type, value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise _Wrong("This value is nested too deeply.")
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return value if isinstance(value, int) and abs(value) < 2**53 else _digits(value)
    if isinstance(value, Mapping):
        return {_clean(str(key)): _convert_any(_info, item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_convert_any(_info, item, depth + 1) for item in value]
    return value


_CONVERTERS: tuple[tuple[Any, Any], ...] = (
    (inspect.StructType, _convert_struct),
    (inspect.ListType, _convert_list),
    (inspect.DictType, _convert_dict),
    (inspect.StrType, _convert_text),
    (inspect.BoolType, _convert_boolean),
    (inspect.IntType, _convert_integer),
    (inspect.FloatType, _convert_float),
    (inspect.DateTimeType, _convert_moment),
    (inspect.LiteralType, _convert_choice),
    (inspect.AnyType, _convert_any),
)

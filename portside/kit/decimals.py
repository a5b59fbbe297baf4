"""Decimal numbers as the wire writes them: text, never floats."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# Wide enough for any price or size, narrow enough that no arithmetic on it can hurt.
PLAIN = r"^-?[0-9]{1,12}(\.[0-9]{1,12})?$"
_PLAIN = re.compile(PLAIN)
_FINEST = Decimal("1e-12")


def plain_decimal(value: object) -> str | None:
    """The number in `value` (text, int, Decimal) as plain digits, kept as written where it is plain already.

    Rounded to 12 places. None when it is not a finite number of at most 12 digits before the point: NaN, infinities
    and 1e400000 are no prices.
    """
    text = str(value).strip()
    if _PLAIN.fullmatch(text):
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > 11:
        return None
    if number.as_tuple().exponent < _FINEST.as_tuple().exponent:  # type: ignore[operator]
        # The dust of a client's floats: its 0.1 + 0.2 is 0.30000000000000004 and means 0.3. Adding 0 unsigns a zero.
        number = number.quantize(_FINEST).normalize() + 0
    text = format(number, "f")
    return text if _PLAIN.fullmatch(text) else None


def fixed(text: str | Decimal, places: int) -> str:
    """`fixed("12.1", 2)` is `12.10`; rounded half up, as money is."""
    if isinstance(text, str):
        whole, _, fraction = text.partition(".")
        if len(fraction) <= places and whole.lstrip("-").isdigit():
            return f"{whole}.{fraction:0<{places}}"
    return format(Decimal(text).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), "f")

"""Text as it is searched: without case and accents, the same in every database, because no collation takes part."""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not take apart, as people without the key type them.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})


def fold(text: str) -> str:
    """`Łódź` → `lodz`, `STRASSE` and `Straße` → `strasse`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_PLAIN)


def like_pattern(text: str) -> str:
    """The folded text anywhere, for LIKE with its usual escape; no character of it is a wildcard."""
    plain = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"

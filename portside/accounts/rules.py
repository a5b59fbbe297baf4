"""Pure facts about accounts."""

from __future__ import annotations

import re

# One "@", a host of at least two labels, nothing that would need quoting (RFC 5321 §4.1.2 allows more, which no
# merchant uses). Letters of any script: RFC 6531.
_LETTER = r"[^\W_]"
_LABEL = rf"{_LETTER}(?:(?:{_LETTER}|-){{0,61}}{_LETTER})?"
_EMAIL = re.compile(rf"""[^\s@"(),:;<>\[\]\\]{{1,64}}@(?:{_LABEL}\.)+[^\W\d_](?:{_LETTER}|-){{0,61}}{_LETTER}""")
_LONGEST_EMAIL = 254


def is_email(text: str) -> bool:
    """Whether mail could be sent to this address."""
    if len(text) > _LONGEST_EMAIL or not text.isprintable() or not _EMAIL.fullmatch(text):
        return False
    local = text.partition("@")[0]
    return not (local.startswith(".") or local.endswith(".") or ".." in local)

"""Logos: whatever picture a partner sends is decoded here and drawn anew, so nothing but pixels gets through."""

from __future__ import annotations

import asyncio
import io
import struct

from PIL import Image, ImageOps

SIZE = 256
MOST_BYTES = 1_000_000
MOST_PIXELS_A_SIDE = 4096

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
# Pillow's decoders tell of broken files by these.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_NO_PICTURE = "This is not a PNG or JPEG that can be read."
_TOO_MANY_PIXELS = f"The picture has more than {MOST_PIXELS_A_SIDE} pixels a side."

# The largest pictures take 100 to 200 MB while they are drawn.
_one_at_a_time = asyncio.Semaphore(1)


async def draw_logo(content: bytes) -> bytes:
    """A PNG of 256 by 256 pixels: the picture as large as fits, in the middle, on nothing. Raises ValueError with a
    sentence for people."""
    async with _one_at_a_time:
        return await asyncio.to_thread(_draw, content)


def _draw(content: bytes) -> bytes:
    if not content:
        raise ValueError("Choose a picture.")
    if len(content) > MOST_BYTES:
        raise ValueError(f"The file is larger than {MOST_BYTES // 1_000_000} MB.")
    # By what is in it: names and content types say what their sender likes.
    if not content.startswith(_SIGNATURES):
        raise ValueError(_NO_PICTURE)
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            return _drawn(image)
    except _BOMBS:
        raise ValueError(_TOO_MANY_PIXELS) from None
    except _Refused as refused:
        raise ValueError(str(refused)) from None
    except _BROKEN:
        raise ValueError(_NO_PICTURE) from None


class _Refused(Exception):
    """It can be read, and is not taken."""


def _drawn(image: Image.Image) -> bytes:
    """`image` has been opened but not decoded: its size is known before it takes any memory."""
    if max(image.size) > MOST_PIXELS_A_SIDE:
        raise _Refused(_TOO_MANY_PIXELS)
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise _Refused("The picture moves; send one that does not.")
    image.draft("RGB", (2 * SIZE, 2 * SIZE))
    upright = ImageOps.exif_transpose(_reduced(image)).convert("RGBA")
    scale = SIZE / max(upright.size)
    width, height = (max(1, round(side * scale)) for side in upright.size)
    scaled = upright.resize((width, height), Image.Resampling.LANCZOS)
    # A canvas of its own: no profile, comment or EXIF comes along.
    canvas = Image.new("RGBA", (SIZE, SIZE))
    canvas.paste(scaled, ((SIZE - width) // 2, (SIZE - height) // 2))
    drawn = io.BytesIO()
    canvas.save(drawn, "PNG", optimize=True)
    return drawn.getvalue()


def _reduced(image: Image.Image) -> Image.Image:
    """At most some 1,000 pixels a side where that can be had before anything else copies it all."""
    factor = max(image.size) // (4 * SIZE)
    return image.reduce(factor) if factor > 1 and image.mode in ("L", "LA", "RGB", "RGBA") else image

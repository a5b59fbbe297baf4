"""Logos: pictures come out small and clean; whatever only looks like one does not get in."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import pairwise

import pytest
from PIL import Image, PngImagePlugin

from portside.apps.logos import draw_logo


def picture(size: tuple[int, int] = (40, 20), kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    drawn = io.BytesIO()
    Image.new(mode, size, 120).save(drawn, kind, **options)
    return drawn.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it is that large."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


def chunk_names(png: bytes) -> list[bytes]:
    names, at = [], 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        names.append(png[at + 4 : at + 8])
        at += 12 + length
    return names


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"), ("JPEG", "CMYK"), ("MPO", "RGB")]
)
async def test_every_kind_of_png_and_jpeg_becomes_the_same_square(kind: str, mode: str) -> None:
    drawn = await draw_logo(picture(kind=kind, mode=mode))
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (256, 256), "RGBA")
        assert image.getpixel((128, 10)) == (0, 0, 0, 0), "a wide picture stands in the middle"
        assert image.getpixel((128, 128))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("size", [(1, 1), (4096, 1), (1, 4096), (4096, 4096)])
async def test_sizes_at_the_edge(size: tuple[int, int]) -> None:
    assert await draw_logo(picture(size))


async def test_nothing_but_pixels_gets_through() -> None:
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", "<script>alert(1)</script>")
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    for content in (
        picture(pnginfo=said, exif=exif, icc_profile=b"profile" * 30),
        picture(kind="JPEG", exif=exif, comment=b"<script>alert(1)</script>"),
        picture() + b"<html><script>alert(1)</script></html>",
        picture(kind="JPEG") + b"PK\x03\x04 and the rest of an archive",
    ):
        drawn = await draw_logo(content)
        assert set(chunk_names(drawn)) <= {b"IHDR", b"IDAT", b"IEND"}
        assert not any(word in drawn for word in (b"script", b"taken", b"profile", b"PK\x03\x04"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(40, 20), (4000, 2000)])
async def test_a_photo_stands_upright(kind: str, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn = await draw_logo(picture(size, kind=kind, exif=exif))
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.getpixel((128, 5))[3] == 255 and image.getpixel((5, 128))[3] == 0  # type: ignore[index]


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "Choose a picture"),
        (SVG, "not a PNG or JPEG"),
        (picture(kind="GIF", mode="P"), "not a PNG or JPEG"),
        (picture(kind="WEBP"), "not a PNG or JPEG"),
        (picture(kind="BMP"), "not a PNG or JPEG"),
        (b"\x89PNG\r\n\x1a\n" + SVG, "not a PNG or JPEG"),
        (b"\xff\xd8\xff" + SVG, "not a PNG or JPEG"),
        (picture((300, 300))[:-30], "not a PNG or JPEG"),
        (picture((300, 300), kind="JPEG")[:400], "not a PNG or JPEG"),
        (picture() + bytes(1_000_000), "larger than 1 MB"),
        (picture((4097, 1)), "4096 pixels"),
        (bomb(50_000, 50_000), "4096 pixels"),
        (bomb(10_000, 10_000), "4096 pixels"),
        (bomb(2**31 - 1, 2**31 - 1), "4096 pixels"),
        (bomb(0, 0), "not a PNG or JPEG"),
        (bomb(4000, 4000), "not a PNG or JPEG"),
        (picture(save_all=True, append_images=[Image.new("RGB", (40, 20), 5)]), "moves"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
async def test_what_is_no_logo_is_refused_with_the_reason(content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        await draw_logo(content)


async def test_text_that_inflates_is_no_picture() -> None:
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(80_000_000), 9))
    png = picture()
    with pytest.raises(ValueError, match="not a PNG or JPEG"):
        await draw_logo(png[:33] + text + png[33:])


async def test_damaged_bytes_are_refused_and_never_fail_otherwise() -> None:
    png, jpeg = picture((60, 60)), picture((60, 60), kind="JPEG")
    for content in (png, jpeg):
        for at, _ in pairwise(range(3, len(content), 7)):
            damaged = bytearray(content)
            damaged[at] ^= 0xFF
            try:
                await draw_logo(bytes(damaged))
            except ValueError as refused:
                assert str(refused).endswith(".")

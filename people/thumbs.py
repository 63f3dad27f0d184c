"""Pictures made anew: what a browser shows inline is our own encoding, never the sender's bytes."""

from __future__ import annotations

import io
import warnings
from threading import Semaphore
from typing import IO

from PIL import Image, ImageOps

MAX_PIXELS = 25_000_000
MAX_SOURCE_BYTES = 25 * 1024 * 1024
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
RASTER_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

# One big picture decoded takes 100 MB; two at once must not be what a burst of requests decides.
_one_at_a_time = Semaphore(1)


class NoPicture(ValueError):
    """Not a picture we show: another format, damaged, or larger than the limits."""


def make_picture(source: IO[bytes], *, bound: int) -> tuple[bytes, str]:
    """(bytes, media type) of the first frame, fitted into bound x bound, without metadata; or NoPicture."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _encode(_decode(source, bound))
        except NoPicture:
            raise
        except Exception as error:  # decoders raise many kinds on damaged input; each means "no picture"
            raise NoPicture(type(error).__name__) from error


def _decode(source: IO[bytes], bound: int) -> Image.Image:
    image: Image.Image = Image.open(source, formats=FORMATS)  # reads the header only
    width, height = image.size
    if width * height > MAX_PIXELS or width < 1 or height < 1:
        raise NoPicture("too many pixels")
    image.draft("RGB", (bound, bound))  # JPEG decodes at a fraction of its size
    image.load()
    image = ImageOps.exif_transpose(image)
    image.thumbnail((bound, bound))
    return image


def _encode(image: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        _without_metadata(image.convert("RGBA")).save(out, "PNG", optimize=True)
        return out.getvalue(), "image/png"
    _without_metadata(image.convert("RGB")).save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue(), "image/jpeg"


def _without_metadata(image: Image.Image) -> Image.Image:
    image.info = {}
    return image

"""Small pictures customers attach: drawn, so that no photograph has to be kept with the source."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 720, 480


@cache
def draw_picture(name: str) -> bytes:
    """The picture of that name as a PNG."""
    top, bottom, paint = _PICTURES[name]
    image = Image.new("RGB", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    for y in range(HEIGHT):
        share = y / HEIGHT
        colour = tuple(round(a + (b - a) * share) for a, b in zip(top, bottom, strict=True))
        draw.line([(0, y), (WIDTH, y)], fill=colour)
    paint(draw)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _box_label(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((110, 110, 610, 390), fill="#c9a26b", outline="#8a6a3d", width=6)
    draw.rectangle((210, 170, 510, 330), fill="#fbfaf6")
    draw.text((235, 190), "FJELLREV", fill="#222222", font_size=40)
    draw.text((235, 250), "EU 40", fill="#b3261e", font_size=56)


def _broken_pole(draw: ImageDraw.ImageDraw) -> None:
    draw.line([(60, 380), (330, 250)], fill="#3b4754", width=18)
    draw.line([(372, 262), (660, 150)], fill="#3b4754", width=18)
    for start, end in (((330, 250), (350, 226)), ((330, 250), (356, 262)), ((372, 262), (352, 240))):
        draw.line([start, end], fill="#e8ecf0", width=5)


def _torn_seam(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((120, 70, 600, 430), 40, fill="#2f6f6a", outline="#214f4b", width=6)
    draw.line([(360, 90), (360, 410)], fill="#214f4b", width=8)
    draw.polygon([(360, 190), (392, 250), (360, 320), (338, 254)], fill="#e9e2d0")


def _map(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(60, 400), (240, 130), (400, 400)], fill="#5d7a68")
    draw.polygon([(280, 400), (470, 90), (670, 400)], fill="#466152")
    draw.polygon([(430, 156), (470, 90), (512, 160), (470, 186)], fill="#f4f6f5")


_PICTURES: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], Callable[[ImageDraw.ImageDraw], None]]] = {
    "box-label": ((236, 229, 216), (204, 193, 173), _box_label),
    "pole": ((206, 219, 203), (150, 172, 140), _broken_pole),
    "seam": ((229, 231, 235), (190, 197, 205), _torn_seam),
    "camp": ((188, 214, 236), (232, 240, 236), _map),
}

"""`python scripts/make_fonts.py`: cuts Inter, as npm brings it, down to what pages use, into assets/fonts.

Only when the font's package changes; what it makes is in the repository, so that building needs no more than Node. It
needs fonttools and brotli (an environment of its own: `pip install fonttools==4.68.0 brotli==1.2.1`) and `npm ci`.

Up to half of the weight goes: thicknesses nobody sets (below 400, above 700), fractions, arrows made of hyphens,
composed forms that browsers ask for by their own character, hints for screens of long ago. What stays: every character,
kerning, marks, forms by language, and figures of one width.
"""

from __future__ import annotations

import io
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "node_modules" / "@fontsource-variable" / "inter"
MADE = ROOT / "assets" / "fonts"
PARTS = ("latin", "latin-ext", "cyrillic", "cyrillic-ext")
FEATURES = ["kern", "liga", "locl", "mark", "mkmk", "tnum"]
THICKNESS = (400, 700)


def cut(part: str) -> None:
    """One part of the alphabet."""
    font = TTFont(SOURCE / "files" / f"inter-{part}-wght-normal.woff2")
    narrow = instancer.instantiateVariableFont(font, {"wght": THICKNESS})
    # Subsetting needs tables as a file has them.
    narrow.flavor = None
    whole = io.BytesIO()
    narrow.save(whole)
    whole.seek(0)
    font = TTFont(whole)
    options = subset.Options(layout_features=FEATURES, hinting=False, name_IDs=["*"])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=list(font.getBestCmap()))
    cutter.subset(font)
    font.flavor = "woff2"
    font.save(MADE / f"inter-{part}.woff2")


if __name__ == "__main__":
    MADE.mkdir(exist_ok=True)
    for part in PARTS:
        cut(part)
    (MADE / "LICENSE").write_text((SOURCE / "LICENSE").read_text())

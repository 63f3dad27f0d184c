"""What articles and categories are called in addresses: Latin letters, whatever the language, so that a link survives
every mail program and messenger. Pure."""

from __future__ import annotations

import re

from django.utils.text import slugify

# The official romanisation of Ukrainian (2010); letters only Russian has are read as its readers would.
_LETTERS = """
а=a б=b в=v г=h ґ=g д=d е=e є=ie ж=zh з=z и=y і=i ї=i й=i к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch
ш=sh щ=shch ь= ю=iu я=ia ы=y э=e ъ= ё=e ł=l ß=ss ø=o æ=ae đ=d '= ’= ʼ=
"""
_LATIN = str.maketrans({pair[0]: pair[2:] for pair in _LETTERS.split()})
# As a word begins; elsewhere they sound otherwise.
_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_BEGINS = re.compile(r"(?<![\w'’ʼ])[єїйюя]")
LONGEST = 80


def slug_of(title: str) -> str:
    """The title as part of an address, cut at a word; "" when no letter of it can be written so."""
    begun = _BEGINS.sub(lambda found: _FIRST[found[0]], title.lower())
    slug = slugify(begun.translate(_LATIN))
    return slug if len(slug) <= LONGEST else slug[: LONGEST + 1].rpartition("-")[0] or slug[:LONGEST]


def article_path(language: str, slug: str) -> str:
    """Where readers find a published article."""
    return f"/help/{language}/articles/{slug}/"


def agents_path(article_id: int, language: str) -> str:
    """Where agents read any article."""
    return f"/knowledge/articles/{article_id}/{language}/read/"

"""Terms in lower case, in upper case, and without accents, character by character as Java changes them."""

from __future__ import annotations

from ragstone.engine.embedded.analysis.ascii_folding import FOLDING


def lower(text: str) -> str:
    """Lower case: no final sigma, and `İ` is one `i`."""
    return text.lower() if text.isascii() else text.replace("Σ", "σ").replace("İ", "i").lower()


def upper(text: str) -> str:
    """Upper case: `ß` has none."""
    return text.upper() if text.isascii() else "".join(map(_upper_character, text))


def _upper_character(character: str) -> str:
    # Greek letters with iota below become two in upper case, but one in title case
    return next((big for big in (character.upper(), character.title()) if len(big) == 1), character)


def fold(text: str) -> str:
    """ASCII for letters with accents, ligatures, full-width forms and the like."""
    return text if text.isascii() else text.translate(FOLDING)

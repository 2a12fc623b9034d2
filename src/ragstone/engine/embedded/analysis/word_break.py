"""Which part a character plays at word boundaries (Unicode Standard Annex #29), as one letter.

The classes are derived from Python's Unicode database by the rules that define them, so no table has to be kept:

    A letter (alphabetic)    H Hebrew letter     G Hangul          N digit            K Katakana
    I ideograph              J Hiragana          S South-East Asian (no spaces between words)
    X joins words (`_`)      E extends the character before it     Z joiner (ZWJ)     V emoji presentation
    L between letters (`:`)  M between digits (`,`)   B between both (`.`)   Q `'`     D `"`
    R regional indicator     P pictograph        F skin tone       C keycap           O anything else
    n ASCII digit            h `#` `*`: these and digits of ASCII make keycaps
"""

from __future__ import annotations

import re
import unicodedata

_MIDDLE = {
    "L": ":\u00b7\u0387\u05f4\u2027\ufe13\ufe55\uff1a",
    "M": ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b",
    "B": ".\u2018\u2019\u2024\ufe52\uff07\uff0e",
    "Q": "'",
    "D": '"',
    "C": "\u20e3",
    "n": "0123456789",
    "h": "#*",
    "Z": "\u200d",
    "V": "\ufe0f",
    "X": "_\u202f\u203f\u2040\u2054\ufe33\ufe34\ufe4d\ufe4e\ufe4f\uff3f",
    "A": "\u055b\u055c\u055e\u05f3\ua720\ua721\ua789\ua78a\uab5b",
    "I": "\u3007",
    "O": "\u200b\u3006",
}
_EXACT = {character: kind for kind, characters in _MIDDLE.items() for character in characters}
_RANGES: tuple[tuple[int, int, str], ...] = (
    (0x1F3FB, 0x1F3FF, "F"),
    (0x1F1E6, 0x1F1FF, "R"),
    # South-East Asian scripts: Thai, Lao, Myanmar, Khmer, Tai Le, New Tai Lue, Tai Tham, Tai Viet, Ahom
    (0x0E01, 0x0E3A, "S"),
    (0x0E40, 0x0E4E, "S"),
    (0x0E81, 0x0EBD, "S"),
    (0x0EC0, 0x0ECD, "S"),
    (0x0EDC, 0x0EDF, "S"),
    (0x1000, 0x103F, "S"),
    (0x1050, 0x108F, "S"),
    (0x109A, 0x109F, "S"),
    (0x1780, 0x17D3, "S"),
    (0x17D7, 0x17D7, "S"),
    (0x17DC, 0x17DD, "S"),
    (0x1950, 0x1974, "S"),
    (0x1980, 0x19C9, "S"),
    (0x19DA, 0x19DA, "S"),
    (0x19DE, 0x19DF, "S"),
    (0x1A20, 0x1A5E, "S"),
    (0x1A60, 0x1A7C, "S"),
    (0x1AA0, 0x1AAD, "S"),
    (0xA9E0, 0xA9EF, "S"),
    (0xA9FA, 0xA9FE, "S"),
    (0xAA60, 0xAAC2, "S"),
    (0xAADB, 0xAADF, "S"),
    (0x11700, 0x1172B, "S"),
    (0x1173A, 0x1173F, "S"),
    (0x3031, 0x3035, "K"),
    (0x309B, 0x309C, "K"),
    (0x30A0, 0x30FA, "K"),
    (0x30FC, 0x30FF, "K"),
    (0x31F0, 0x31FF, "K"),
    (0x32D0, 0x32FE, "K"),
    (0x3300, 0x3357, "K"),
    (0xFF66, 0xFF9D, "K"),
    (0x1B000, 0x1B000, "K"),
    (0x1B164, 0x1B167, "K"),
    (0x3041, 0x3096, "J"),
    (0x309D, 0x309F, "J"),
    (0x1B001, 0x1B11E, "J"),
    (0x1B150, 0x1B152, "J"),
    (0x1F200, 0x1F200, "J"),
    (0x02C2, 0x02D7, "A"),
    (0x02D8, 0x02DD, "O"),
    (0x02DE, 0x02E4, "A"),
    (0x02E5, 0x02EB, "O"),
    (0x02EC, 0x02FF, "A"),
    (0x24B6, 0x24E9, "A"),
    (0x1F130, 0x1F149, "A"),
    (0x1F150, 0x1F169, "A"),
    (0x1F170, 0x1F189, "A"),
    (0x2E80, 0x2FD5, "I"),
    (0x17000, 0x18CFF, "O"),
    (0x3021, 0x3029, "I"),
    (0x3038, 0x303A, "I"),
    (0xFF9E, 0xFF9F, "E"),
    (0x200C, 0x200C, "E"),
)


def classify(character: str) -> str:
    """The class of one character; a letter from the module's list."""
    if character in _EXACT:
        return _EXACT[character]
    code = ord(character)
    for low, high, kind in _RANGES:
        if low <= code <= high:
            return kind
    category = unicodedata.category(character)
    if category in ("Mn", "Me", "Mc", "Cf"):
        return "E"
    if category == "Nd" or code == 0x066B:
        return "N"
    if category[0] == "L" or category == "Nl":
        return _letter(character, code)
    return "P" if _is_pictograph(code) else "O"


def _letter(character: str, code: int) -> str:
    name = unicodedata.name(character, "")
    if name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH")) or 0x20000 <= code <= 0x3FFFF:
        return "I"
    if name.startswith(("HANGUL", "HALFWIDTH HANGUL")):
        return "G"
    if name.startswith("HEBREW LETTER") or name.startswith("HEBREW LIGATURE YIDDISH"):
        return "H"
    return "A"


def _is_pictograph(code: int) -> bool:
    if 0x1F000 <= code <= 0x1FAFF or 0x2600 <= code <= 0x27BF:
        return not _PLAIN_SYMBOLS.match(chr(code))
    return code in _PICTOGRAPHS


_PLAIN_SYMBOLS = re.compile(
    "["
    "\u2606\u2613\u2686-\u268f\u2706-\u2707\u2713\u2715\u2717-\u271c\u271e-\u2720\u2722-\u2727\u2729-\u2732"
    "\u2735-\u2743\u2745-\u2746\u2748-\u274b\u274d\u274f-\u2752\u2756\u2758-\u2762\u2768-\u2794\u2798-\u27a0"
    "\u27a2-\u27af\u27b1-\u27be\U0001f100-\U0001f10c\U0001f110-\U0001f12e\U0001f14a-\U0001f14f"
    "\U0001f16a-\U0001f16b\U0001f18a-\U0001f18d\U0001f18f-\U0001f190\U0001f19b-\U0001f1ac"
    "\U0001f210-\U0001f219\U0001f21b-\U0001f22e\U0001f230-\U0001f231\U0001f23b\U0001f240-\U0001f248"
    "\U0001f53e-\U0001f545\U0001f650-\U0001f67f\U0001f700-\U0001f773\U0001f780-\U0001f7d4"
    "\U0001f800-\U0001f80b\U0001f810-\U0001f847\U0001f850-\U0001f859\U0001f860-\U0001f887"
    "\U0001f890-\U0001f8ad\U0001f900-\U0001f90b\U0001f93b\U0001f946"
    "]"
)
"""Within the blocks of pictographs, those that Unicode does not count among them."""
_PICTOGRAPHS = frozenset(map(ord, "\u2388©®‼⁉™ℹ↔↕↖↗↘↙↩↪⌚⌛⌨⏏⏩⏪⏫⏬⏭⏮⏯⏰⏱⏲⏳⏸⏹⏺Ⓜ▪▫▶◀◻◼◽◾⤴⤵⬅⬆⬇⬛⬜⭐⭕〰〽㊗㊙"))


class _Classes(dict[int, str]):
    """For `str.translate`: classifies a character when it is met first."""

    def __missing__(self, code: int) -> str:
        kind = self[code] = classify(chr(code))
        return kind


CLASSES = _Classes()
"""Code point → class, for `text.translate(CLASSES)`: a text of the same length, made of classes."""

"""How found words and the text around them are written."""

from __future__ import annotations

from ragstone.dsl.highlight import HighlightOptions

_HTML = {'"': "&quot;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#x27;", "/": "&#x2F;"}


class Marker:
    """Writes by the options of one field."""

    def __init__(self, options: HighlightOptions) -> None:
        self._before = (options.pre_tags or ("",))[0]
        self._behind = (options.post_tags or ("",))[0]
        self._encodes = options.encoder == "html"

    def plain(self, text: str) -> str:
        return "".join(_HTML.get(character, character) for character in text) if self._encodes else text

    def marked(self, text: str) -> str:
        return f"{self._before}{self.plain(text)}{self._behind}"


__all__ = ["Marker"]

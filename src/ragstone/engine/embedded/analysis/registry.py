"""An index's analyzers and normalizers by name: the built-in ones, and those its settings describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.analysis import filters, tokenizers
from ragstone.engine.embedded.analysis.analyzer import Analyzer

_BUILT_IN = {
    "standard": Analyzer("standard", tokenizers.standard, (filters.lowercase,)),
    "keyword": Analyzer("keyword", tokenizers.keyword),
}


class Analyzers:
    """What an index can analyse with. Immutable."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._analyzers: dict[str, Analyzer] = dict(_BUILT_IN)
        self._normalizers: dict[str, Callable[[str], str]] = {"lowercase": str.lower}
        self.default = "default" if "default" in self._analyzers else "standard"
        """Name of the analyzer of fields that name none."""
        self.default_search = "default_search" if "default_search" in self._analyzers else self.default

    def get(self, name: str) -> Analyzer | None:
        return self._analyzers.get(name)

    def required(self, name: str) -> Analyzer:
        analyzer = self.get(name)
        if analyzer is None:
            raise IllegalArgumentException(f"analyzer [{name}] has not been configured in mappings")
        return analyzer

    def normalizer(self, name: str) -> Callable[[str], str] | None:
        return self._normalizers.get(name)

"""Index settings: read with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEFAULTS: Mapping[str, str] = {
    "index.mapping.coerce": "true",
    "index.mapping.ignore_malformed": "false",
    "index.mapping.total_fields.limit": "1000",
    "index.mapping.depth.limit": "20",
    "index.mapping.nested_fields.limit": "50",
    "index.mapping.nested_objects.limit": "10000",
    "index.mapping.field_name_length.limit": "50000",
    "index.knn": "false",
}


class IndexSettings:
    """A read view of an index's settings, flat with full keys and text values, as `IndexMetadata.settings` has them."""

    def __init__(self, flat: Mapping[str, Any]) -> None:
        self.flat = flat

    def text(self, key: str) -> str:
        """The setting's text, or its default."""
        value = self.flat.get(key)
        return _DEFAULTS[key] if value is None else str(value)

    def bool(self, key: str) -> bool:
        return self.text(key) == "true"

    def int(self, key: str) -> int:
        return int(self.text(key))

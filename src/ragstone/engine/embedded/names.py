"""Which names an index may have."""

from __future__ import annotations

from ragstone.core.errors import InvalidIndexNameException
from ragstone.core.names import name_fault


def validate_index_name(name: str) -> None:
    """Raises InvalidIndexNameException."""
    why = name_fault(name)
    if why is None and name.lower() != name:
        why = "must be lowercase"
    if why is not None:
        raise InvalidIndexNameException(name, why)

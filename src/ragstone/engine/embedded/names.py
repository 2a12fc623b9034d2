"""Which names an index and an alias may have."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException, InvalidAliasNameException, InvalidIndexNameException

MAX_BYTES = 255
"""Longest name, in UTF-8 bytes."""
_FORBIDDEN = ' "*\\<|,>/?'
_FORBIDDEN_SHOWN = '[ , ", *, \\, <, |, ,, >, /, ?]'


def validate_index_name(name: str) -> None:
    """Raises InvalidIndexNameException."""
    why = _why_not(name)
    if why is None and name.lower() != name:
        why = "must be lowercase"
    if why is not None:
        raise InvalidIndexNameException(name, why)


def validate_alias_name(name: str) -> None:
    """Capital letters are allowed here. Raises InvalidAliasNameException, IllegalArgumentException for no name."""
    if not name.strip():
        raise IllegalArgumentException("alias name is required")
    why = _why_not(name)
    if why is not None:
        raise InvalidAliasNameException(f"Invalid alias name [{name}], {why}")


def _why_not(name: str) -> str | None:
    """The first rule that both kinds of name break, in OpenSearch's order of asking."""
    if any(character in _FORBIDDEN for character in name):
        return f"must not contain the following characters {_FORBIDDEN_SHOWN}"
    if not name:
        return "must not be empty"
    for character in "#:":
        if character in name:
            return f"must not contain '{character}'"
    if name[0] in "_-+":
        return "must not start with '_', '-', or '+'"
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > MAX_BYTES:
        return f"index name is too long, ({length} > {MAX_BYTES})"
    if name in (".", ".."):
        return "must not be '.' or '..'"
    return None

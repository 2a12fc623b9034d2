"""Reads the options of one processor, with the errors OpenSearch answers for each fault."""

from __future__ import annotations

from typing import Any

from ragstone.core.errors import ParseException
from ragstone.core.xcontent import JsonObject, java_text, java_type
from ragstone.pipelines.errors import configuration_error

_MISSING = "required property is missing"


class ProcessorConfig:
    """One processor's options. Reading one takes it out; what is left at the end is unknown (`leftovers`).

    An option that is null counts as absent. `type` and `tag` go into every error; both are None while the options are
    read that belong to the framework (`tag`, `ignore_failure`, ...) or to the pipeline itself.
    """

    def __init__(self, body: JsonObject, *, type: str | None = None, tag: str | None = None) -> None:
        self.type = type
        self.tag = tag
        self._left = dict(body)

    def fault(self, reason: str, property: str | None = None) -> ParseException:
        """A ParseException about one of this processor's options."""
        return configuration_error(reason, type=self.type, tag=self.tag, property=property)

    def leftovers(self) -> list[str]:
        """Options nobody has read, sorted."""
        return sorted(self._left)

    def has(self, name: str) -> bool:
        return self._left.get(name) is not None

    def optional(self, name: str) -> Any:
        """The value as it is, or None."""
        return self._left.pop(name, None)

    def value(self, name: str) -> Any:
        """The value as it is. Raises ParseException `required property is missing`."""
        value = self.optional(name)
        if value is None:
            raise self.fault(_MISSING, name)
        return value

    def optional_string(self, name: str) -> str | None:
        value = self.optional(name)
        if value is not None and not isinstance(value, str):
            raise self.fault(f"property isn't a string, but of type [{java_type(value)}]", name)
        return value

    def string(self, name: str, default: str | None = None) -> str:
        """A text; required where there is no default."""
        value = self.optional_string(name)
        if value is None:
            value = default
        if value is None:
            raise self.fault(_MISSING, name)
        return value

    def string_or_int(self, name: str, default: str) -> str:
        value = self.optional(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self.fault(f"property isn't a string or int, but of type [{java_type(value)}]", name)
        return str(value)

    def boolean(self, name: str, default: bool = False) -> bool:
        """A JSON boolean; texts are refused."""
        value = self.optional(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.fault(f"property isn't a boolean, but of type [{java_type(value)}]", name)
        return value

    def optional_integer(self, name: str) -> int | None:
        """A 32-bit whole number, or its text."""
        value = self.optional(name)
        if value is None:
            return None
        if not isinstance(value, bool):
            try:
                number = int(java_text(value))
            except ValueError:
                number = 2**31
            if -(2**31) <= number < 2**31:
                return number
        raise self.fault(f"property cannot be converted to an int [{java_text(value)}]", name)

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number; required where there is no default."""
        value = self.optional_integer(name)
        if value is None:
            value = default
        if value is None:
            raise self.fault(_MISSING, name)
        return value

    def number(self, name: str) -> float:
        value = self.value(name)
        try:
            return float(value) if not isinstance(value, bool) else float(java_text(value))
        except (TypeError, ValueError):
            raise self.fault(f"property cannot be converted to a double [{java_text(value)}]", name) from None

    def optional_list(self, name: str) -> list[Any] | None:
        value = self.optional(name)
        if value is not None and not isinstance(value, list):
            raise self.fault(f"property isn't a list, but of type [{java_type(value)}]", name)
        return value

    def required_list(self, name: str) -> list[Any]:
        value = self.optional_list(name)
        if value is None:
            raise self.fault(_MISSING, name)
        return value

    def filled_list(self, name: str) -> list[Any]:
        """A required list with something in it. Its members are not looked at."""
        members = self.required_list(name)
        if not members:
            raise self.fault("required property can't be empty.", name)
        return members

    def optional_map(self, name: str) -> JsonObject | None:
        value = self.optional(name)
        if value is not None and not isinstance(value, dict):
            raise self.fault(f"property isn't a map, but of type [{java_type(value)}]", name)
        return value

    def map(self, name: str) -> JsonObject:
        value = self.optional_map(name)
        if value is None:
            raise self.fault(_MISSING, name)
        return value

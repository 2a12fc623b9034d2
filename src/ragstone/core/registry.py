"""The one way to register a named class: `@queries.register("match")`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
C = TypeVar("C", bound=type)


class Registry(Generic[T]):
    """Wire name → class. Refuses duplicates, keeps registration order, and can be walked (COMPATIBILITY.md does).

    `kind` names what is registered, for messages and the generated table, e.g. "ingest processor".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._classes: dict[str, type[T]] = {}

    def register(self, *names: str) -> Callable[[C], C]:
        """Class decorator. The first name is the canonical one, the others are aliases of it."""

        def add(cls: C) -> C:
            for name in names:
                if name in self._classes:
                    raise ValueError(f"{self.kind} [{name}] is registered twice")
                self._classes[name] = cls
            return cls

        return add

    def get(self, name: str) -> type[T] | None:
        """The class registered under `name`; None lets the caller raise the parse error its clients expect."""
        return self._classes.get(name)

    def names(self) -> list[str]:
        return sorted(self._classes)

    def __iter__(self) -> Iterator[tuple[str, type[T]]]:
        return iter(self._classes.items())

    def __contains__(self, name: str) -> bool:
        return name in self._classes

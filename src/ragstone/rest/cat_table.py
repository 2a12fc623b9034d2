"""Tables of the `_cat` API: aligned text for people, JSON or YAML with texts only for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ragstone.core.clock import Clock
from ragstone.core.errors import UnsupportedOperationException
from ragstone.core.names import matches
from ragstone.rest.request import Request
from ragstone.rest.response import Response, text

PARAMETERS = ("v", "h", "s", "help", "bytes", "time", "local", "cluster_manager_timeout", "master_timeout")
"""Query parameters of every table."""

_UNITS = ("b", "kb", "mb", "gb", "tb", "pb")


class Size(int):
    """A cell that is a number of bytes."""


Cell = str | int | float | bool | None
Row = Mapping[str, Cell]
"""Column name to cell; what is missing is empty."""


@dataclass(frozen=True)
class Column:
    """One column; `aliases` are comma separated, as `help` shows them. Numbers stand on the `right`."""

    name: str
    aliases: str
    description: str
    right: bool = False
    shown: bool = True
    """False for columns that only `h` brings up."""

    @property
    def alias_names(self) -> list[str]:
        return [alias for alias in self.aliases.split(",") if alias]


def epoch(clock: Clock) -> Row:
    """The two columns that some tables begin with."""
    now = clock.now()
    return {"epoch": int(now), "timestamp": datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S")}


def right(name: str, aliases: str, description: str, *, shown: bool = True) -> Column:
    return Column(name, aliases, description, right=True, shown=shown)


def hidden(name: str, aliases: str, description: str) -> Column:
    return Column(name, aliases, description, shown=False)


class Table:
    """A table's columns. `answer` renders rows as a request asks."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns
        self._by_alias = {alias: column for column in reversed(columns) for alias in column.alias_names}
        self._by_alias.update({column.name: column for column in columns})

    def help(self) -> Response:
        cells = [(column.name, column.aliases, column.description) for column in self.columns]
        widths = [max(len(row[at]) for row in cells) for at in range(3)]
        return text("".join(" | ".join(map(str.ljust, row, widths)) + "\n" for row in cells))

    def answer(self, request: Request, rows: Sequence[Row]) -> Response:
        """Raises UnsupportedOperationException for an unknown sort column (`Differs:` 400, OpenSearch 500)."""
        shown = self._shown(request.query.get("h"))
        ordered = self._sorted(rows, request.names("s"))
        unit = request.query.get("bytes")
        if request.media is not None:
            return Response(
                [{title: _text(row.get(column.name), unit) for title, column in shown} for row in ordered],
            )
        lines = [[_text(row.get(column.name), unit) or "" for _, column in shown] for row in ordered]
        if request.flag("v"):
            lines.insert(0, [title for title, _ in shown])
        return text(_aligned(lines, [column.right for _, column in shown]))

    def _shown(self, wanted: str | None) -> list[tuple[str, Column]]:
        """Columns under the titles they were asked for by. Unknown ones are passed over."""
        if wanted is None:
            return [(column.name, column) for column in self.columns if column.shown]
        shown: dict[str, Column] = {}
        for word in wanted.split(","):
            if "*" in word:
                for column in self.columns:
                    if any(matches(word, name) for name in (column.name, *column.alias_names)):
                        shown.setdefault(column.name, column)
            elif word in self._by_alias:
                shown.setdefault(word, self._by_alias[word])
        return list(shown.items())

    def _sorted(self, rows: Sequence[Row], by: Sequence[str]) -> Sequence[Row]:
        for word in reversed(by):
            name, _, direction = word.partition(":")
            column = self._by_alias.get(name)
            if column is None:
                raise UnsupportedOperationException(f"Unable to sort by unknown sort key `{name}`")
            rows = sorted(rows, key=_sort_key(column.name), reverse=direction.lower() == "desc")
        return rows


def _sort_key(name: str) -> Callable[[Row], tuple[Any, ...]]:
    """Cells without a value come first, numbers before texts."""

    def key(row: Row) -> tuple[Any, ...]:
        value = row.get(name)
        if value is None:
            return (0,)
        return (1, value) if isinstance(value, (int, float)) else (2, value)

    return key


def _text(value: Cell, unit: str | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Size):
        return size_text(value, unit)
    return str(value)


def size_text(value: int, unit: str | None = None) -> str:
    """Bytes as `7.3kb`; or in whole units of `b`, `k` or `kb`, ... without naming them."""
    wanted = (unit or "").lower()
    for power, name in enumerate(_UNITS):
        if wanted and wanted in (name, name[0]):
            return str(value // 1024**power)
    power = 0
    while power < len(_UNITS) - 1 and value >= 1024 ** (power + 1):
        power += 1
    tenths = value * 10 // 1024**power
    fraction = f".{tenths % 10}" if power and tenths % 10 else ""
    return f"{tenths // 10}{fraction}{_UNITS[power]}"


def _aligned(lines: list[list[str]], right_aligned: list[bool]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    out = []
    for line in lines:
        cells = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right_aligned, strict=True)
        ]
        if cells and not right_aligned[-1]:
            cells[-1] = line[-1]  # the last column is not padded
        out.append(" ".join(cells) + "\n")
    return "".join(out)

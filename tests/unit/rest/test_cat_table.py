"""Alignment, columns, sorting and sizes of `_cat` tables."""

import pytest

from ragstone.core.errors import UnsupportedOperationException
from ragstone.rest.cat_table import Cell, Column, Size, Table, hidden, right, size_text
from ragstone.rest.request import Request

TABLE = Table(
    Column("health", "h", "current health"),
    Column("index", "i,idx", "name"),
    right("docs.count", "dc,docsCount", "documents"),
    right("store.size", "ss", "size"),
    hidden("note", "", "anything"),
)
ROWS: list[dict[str, Cell]] = [
    {"health": "green", "index": "core-b", "docs.count": 9, "store.size": Size(7480), "note": "x"},
    {"health": "yellow", "index": "core-aaa", "docs.count": 10, "store.size": Size(0), "note": None},
]


def ask(**query: str) -> Request:
    return Request("GET", "/_cat/x", "/_cat/x", query, {})


def test_text_is_aligned_numbers_to_the_right() -> None:
    assert TABLE.answer(ask(v="true"), ROWS).body == (
        "health index    docs.count store.size\n"
        "green  core-b            9      7.3kb\n"
        "yellow core-aaa         10         0b\n"
    )  # fmt: skip


def test_the_last_column_is_padded_only_to_the_right() -> None:
    assert TABLE.answer(ask(h="index"), ROWS).body == "core-b\ncore-aaa\n"
    assert TABLE.answer(ask(h="index,docs.count", s="index"), ROWS).body == "core-aaa 10\ncore-b    9\n"


def test_columns_by_alias_and_pattern_in_json() -> None:
    assert TABLE.answer(ask(h="i,dc,nosuch,store*", format="json"), ROWS).body[0] == {
        "i": "core-b",
        "dc": "9",
        "store.size": "7.3kb",
    }
    assert TABLE.answer(ask(h="note", format="json"), ROWS).body == [{"note": "x"}, {"note": None}]


def test_numbers_are_sorted_as_numbers() -> None:
    assert TABLE.answer(ask(h="dc", s="docs.count:desc"), ROWS).body == "10\n 9\n"
    assert TABLE.answer(ask(h="i", s="h:desc,i"), ROWS).body == "core-aaa\ncore-b\n"


def test_an_unknown_sort_column_is_refused() -> None:
    with pytest.raises(UnsupportedOperationException, match="Unable to sort by unknown sort key `nosuch`"):
        TABLE.answer(ask(s="nosuch"), ROWS)


def test_nothing_is_an_empty_text_or_list() -> None:
    assert TABLE.answer(ask(), []).body == ""
    assert TABLE.answer(ask(format="json"), []).body == []
    assert TABLE.answer(ask(h="nosuch"), ROWS).body == "\n\n"


def test_an_accept_list_counts_as_nothing_said() -> None:
    listed = Request("GET", "/_cat/x", "/_cat/x", {"h": "i"}, {"accept": "application/json, text/plain, */*"})
    assert TABLE.answer(listed, ROWS).body == "core-b\ncore-aaa\n"


def test_help_pads_every_column() -> None:
    help_text = Table(Column("id", "", "node id"), Column("name", "n", "a name")).help().body
    assert help_text == "id   |   | node id\nname | n | a name \n"


@pytest.mark.parametrize(
    ("size", "unit", "text"),
    [
        (0, None, "0b"),
        (1023, None, "1023b"),
        (1024, None, "1kb"),
        (7475, None, "7.2kb"),
        (7480, None, "7.3kb"),
        (5 * 2**30, None, "5gb"),
        (2048, "b", "2048"),
        (2047, "kb", "1"),
        (2048, "k", "2"),
    ],
)
def test_sizes(size: int, unit: str | None, text: str) -> None:
    assert size_text(size, unit) == text

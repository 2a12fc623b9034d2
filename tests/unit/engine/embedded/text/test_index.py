"""What is added, replaced, deleted and committed, over restarts too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tantivy

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.text.index import TextIndex
from ragstone.engine.embedded.text.layout import FILE, SPARE, TextIndexDamaged


def mapper_of(**properties: str) -> Mapper:
    return Mapper.parse({"properties": {k: {"type": v} for k, v in properties.items()}}, IndexSettings({}))


def put(index: TextIndex, mapper: Mapper, row: int, source: dict[str, Any]) -> None:
    index.add(row, str(row), mapper.parse_document(str(row), json.dumps(source).encode()), None)


def rows(index: TextIndex) -> list[int]:
    found: list[int] = index.reader().matching_rows(tantivy.Query.all_query()).tolist()
    return found


def test_a_reader_sees_what_was_committed_before_it_was_asked_for(tmp_path: Path) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 1, {"t": "one"})
    assert rows(index) == []
    index.commit()
    old = index.reader()
    put(index, mapper, 2, {"t": "two"})
    index.delete(1)
    index.commit()
    assert rows(index) == [2]
    assert old.documents == 1
    index.close()


def test_replaying_operations_after_a_restart_changes_nothing(tmp_path: Path) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    for row in (1, 2, 3):
        put(index, mapper, row, {"t": "word"})
    index.commit()
    index.close()

    again = TextIndex.open(tmp_path, mapper)
    assert rows(again) == [1, 2, 3]
    for row in (2, 3, 4):
        put(again, mapper, row, {"t": "word"})
    again.delete(9)
    again.commit()
    assert rows(again) == [1, 2, 3, 4]
    again.close()


def test_what_was_not_committed_is_gone_after_a_restart(tmp_path: Path) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 1, {"t": "word"})
    index.close()
    again = TextIndex.open(tmp_path, mapper)
    assert rows(again) == []
    again.close()


def test_new_fields_find_room_until_there_is_none(tmp_path: Path) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    grown = mapper.merge({"properties": {f"n{i}": {"type": "long"} for i in range(SPARE["i64"])}})
    assert index.extend(grown)
    put(index, grown, 1, {"n0": 1, f"n{SPARE['i64'] - 1}": 7})
    index.commit()
    too_many = grown.merge({"properties": {"one_more": {"type": "long"}}})
    assert not index.extend(too_many)
    index.close()

    again = TextIndex.open(tmp_path, grown)
    assert rows(again) == [1]
    again.close()
    with pytest.raises(TextIndexDamaged):
        TextIndex.open(tmp_path, too_many)


@pytest.mark.parametrize("size", range(12))
def test_a_file_cut_to_a_few_bytes_is_damage_and_no_panic(tmp_path: Path, size: int) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 1, {"t": "word"})
    index.commit()
    index.close()
    terms = next(tmp_path.glob("*.term"))
    content = terms.read_bytes()
    terms.unlink()  # a file cut in place would be pulled from under whoever still has it mapped
    terms.write_bytes(content[:size])
    with pytest.raises(TextIndexDamaged):
        TextIndex.open(tmp_path, mapper)


def test_a_damaged_directory_says_so(tmp_path: Path) -> None:
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 1, {"t": "word"})
    index.commit()
    index.close()
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(TextIndexDamaged):
        TextIndex.open(tmp_path, mapper)
    (tmp_path / FILE).write_text("{")
    with pytest.raises(TextIndexDamaged):
        TextIndex.open(tmp_path, mapper)
    (tmp_path / FILE).unlink()
    with pytest.raises(TextIndexDamaged):
        TextIndex.open(tmp_path, mapper)


def test_rows_are_numbers_a_delete_can_find(tmp_path: Path) -> None:
    # an unsigned field would keep the document: the binding makes a signed term of the number
    mapper = mapper_of(t="text")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 5, {"t": "word"})
    index.commit()
    index.delete(5)
    index.commit()
    assert index.reader().documents == 0
    assert index.reader().max_row() == 0
    index.close()


def test_ranges_with_bounds_of_any_length_find_every_term_in_them(tmp_path: Path) -> None:
    mapper = mapper_of(k="keyword")
    index = TextIndex.open(tmp_path, mapper)
    terms = ["a", "k" * 29, "k" * 600, "k" * 600 + "a", "k" * 600 + "z", "k" * 3000, "z", "https://example.com/" * 5]
    for row, term in enumerate(sorted(terms), 1):
        put(index, mapper, row, {"k": [term, "\0"]})
    index.commit()
    reader = index.reader()
    column = reader.slot("k")
    assert column is not None
    for low in terms:
        expected = [row for row, term in enumerate(sorted(terms), 1) if term > low]
        assert reader.matching_rows(reader.between(column, low, None, include_low=False)).tolist() == expected
        for high in terms:
            expected = [row for row, term in enumerate(sorted(terms), 1) if low <= term < high]
            found = reader.between(column, low, high, include_high=False)
            assert reader.matching_rows(found).tolist() == expected
    index.close()


def test_a_pattern_too_large_for_an_automaton_is_the_users_mistake(tmp_path: Path) -> None:
    mapper = mapper_of(k="keyword")
    index = TextIndex.open(tmp_path, mapper)
    put(index, mapper, 1, {"k": "a"})
    index.commit()
    reader = index.reader()
    with pytest.raises(IllegalArgumentException, match="input automaton is too large"):
        reader.pattern(reader.slot("k") or "", "a" * 2000)
    index.close()

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ragstone.core.errors import IllegalStateException, IOException
from ragstone.engine.embedded.log import Counts, DocumentLog, LogRow, Newest
from ragstone.engine.embedded.sqlite import StorageDamaged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite"
    DocumentLog.create(path, cluster_uuid="cluster", index_uuid="index")
    return path


@pytest.fixture
def log(file: Path) -> Iterator[DocumentLog]:
    opened = DocumentLog.open(file)
    yield opened
    opened.close()


def row(number: int, id: str, source: bytes | None = b"{}", *, version: int = 1, by: int | None = None) -> LogRow:
    return (number, id, version, 1, None, source, by)


def test_a_new_log_is_empty_and_knows_whose_it_is(log: DocumentLog) -> None:
    assert (log.max_row, log.checkpoint, log.generation) == (0, 0, 1)
    assert (log.cluster_uuid, log.index_uuid) == ("cluster", "index")
    assert log.counts() == Counts(0, 0, 0)


def test_appended_rows_are_read_back_with_their_sequence_numbers(log: DocumentLog) -> None:
    log.append([row(1, "a", b'{"x":1}'), (2, "b", 7, 1, "r", b"{}", None)], [], durable=True)
    found = log.get("b")
    assert found is not None
    assert (found.row, found.seq_no, found.version, found.routing, found.source) == (2, 1, 7, "r", b"{}")
    assert [stored.id for stored in log.rows([2, 1])] == ["b", "a"]
    assert log.rows([2], sources=False) == [found._replace(source=None)]
    assert log.newest(["a", "b", "c"]) == {"a": Newest(1, 1, False), "b": Newest(2, 7, False)}


def test_an_older_version_stays_readable_after_its_replacement(log: DocumentLog) -> None:
    log.append([row(1, "a", b'"old"')], [], durable=True)
    log.append([row(2, "a", b'"new"', version=2)], [(2, 1)], durable=True)
    assert log.get("a").source == b'"new"'  # type: ignore[union-attr]
    assert log.rows([1])[0].source == b'"old"'
    assert log.row_of("a", 1) == 1
    assert log.row_of("a", 2) == 2


def test_a_deleted_document_is_gone_but_its_version_is_remembered(log: DocumentLog) -> None:
    log.append([row(1, "a")], [], durable=True)
    log.append([row(2, "a", None, version=2)], [(2, 1)], durable=True)
    assert log.get("a") is None
    assert log.row_of("a", 2) is None
    assert log.newest(["a"]) == {"a": Newest(2, 2, True)}
    assert log.counts() == Counts(0, 1, 1)


def test_more_ids_than_fit_one_statement_are_all_found(log: DocumentLog) -> None:
    log.append([row(n, f"id{n}") for n in range(1, 2001)], [], durable=True)
    assert len(log.newest([f"id{n}" for n in range(0, 2100)])) == 2000
    assert [stored.row for stored in log.rows(range(2000, 0, -1))] == list(range(2000, 0, -1))


def test_ids_of_any_text_are_told_apart(log: DocumentLog) -> None:
    ids = ["a\x00b", "a", "ä", "a ", "A", "日本", "a\x00c"]
    log.append([row(n, id) for n, id in enumerate(ids, 1)], [], durable=True)
    assert {id: newest.row for id, newest in log.newest(ids).items()} == {id: n for n, id in enumerate(ids, 1)}
    assert [log.get(id).row for id in ids] == list(range(1, 8))  # type: ignore[union-attr]


def test_live_rows_leave_out_replaced_and_deleted_ones(log: DocumentLog) -> None:
    log.append([row(1, "a"), row(2, "b"), row(3, "c", by=4), row(4, "c")], [], durable=True)
    log.append([row(5, "a", None)], [(5, 1)], durable=True)
    assert log.live_rows().tolist() == [2, 4]
    assert log.counts() == Counts(2, 2, 1)
    assert [[stored.row for stored in chunk] for chunk in log.scan(0, 5, 1)] == [[2], [4]]
    assert [[stored.row for stored in chunk] for chunk in log.scan(2, 5, 10)] == [[4]]
    assert sorted(log.replaced_between(3, 5)) == [1, 3]
    assert log.replaced_between(4, 5) == [1]


def test_a_scan_sees_what_was_live_at_a_row(log: DocumentLog) -> None:
    log.append([row(1, "a"), row(2, "b"), row(3, "c", by=4), row(4, "c")], [], durable=True)
    log.append([row(5, "a", None)], [(5, 1)], durable=True)
    assert [[stored.row for stored in chunk] for chunk in log.scan(0, 3, 10)] == [[1, 2, 3]]
    assert [[stored.row for stored in chunk] for chunk in log.scan(0, 4, 10)] == [[1, 2, 4]]
    assert log.replaced_between(0, 4) == [3]


def test_everything_is_there_after_closing_and_opening(file: Path) -> None:
    log = DocumentLog.open(file)
    log.append([row(1, "a")], [], durable=False)
    log.record_checkpoint(1, generation=3)
    log.close()
    again = DocumentLog.open(file)
    assert (again.max_row, again.checkpoint, again.generation) == (1, 1, 3)
    again.close()


def test_purge_forgets_what_no_snapshot_needs_in_bounded_steps(log: DocumentLog) -> None:
    log.append([row(n, "a", by=n + 1) for n in range(1, 5)] + [row(5, "a"), row(6, "b", None)], [], durable=True)
    assert log.purge(3, 0, limit=1) == 1
    assert log.purge(3, 0, limit=10) == 1
    assert log.purge(3, 0, limit=10) == 0
    assert [stored.row for stored in log.rows([3, 4, 5])] == [3, 4, 5]
    with pytest.raises(KeyError):
        log.rows([1])


def test_purge_never_forgets_the_highest_row_number(file: Path) -> None:
    log = DocumentLog.open(file)
    log.append([row(1, "a", None), row(2, "b", None)], [], durable=True)
    assert log.purge(2, 2, limit=10) == 1
    log.close()
    again = DocumentLog.open(file)
    assert again.max_row == 2
    again.close()


def test_a_failed_append_stores_nothing(log: DocumentLog) -> None:
    log.append([row(1, "a")], [], durable=True)
    with pytest.raises(IOException) as caught:
        log.append([row(2, "b"), row(1, "again")], [(2, 1)], durable=True)
    assert caught.value.status == 500
    assert log.max_row == 1
    assert log.get("b") is None
    assert log.newest(["a"]) == {"a": Newest(1, 1, False)}


def test_a_log_of_a_newer_format_is_refused(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(IllegalStateException, match=r"has format \[99\], written by a newer version"):
        DocumentLog.open(file)


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000])
def test_a_damaged_log_is_told_from_an_empty_one(file: Path, damage: bytes) -> None:
    file.write_bytes(damage)
    with pytest.raises(StorageDamaged, match=r"log\.sqlite"):
        DocumentLog.open(file)


def test_a_missing_log_is_damage(tmp_path: Path) -> None:
    with pytest.raises(StorageDamaged, match="is missing"):
        DocumentLog.open(tmp_path / "log.sqlite")
    assert not (tmp_path / "log.sqlite").exists()


def test_reading_a_closed_log_fails_in_words(file: Path) -> None:
    log = DocumentLog.open(file)
    log.close()
    with pytest.raises(IOException, match="cannot read the document log: it is closed"):
        log.get("a")


def test_a_checkpoint_may_be_stored_while_documents_are_appended(log: DocumentLog) -> None:
    """The text index is built anew, and its checkpoint stored, without the lock that writers hold."""

    def rebuild() -> None:
        for generation in range(300):
            log.record_checkpoint(0, generation=generation)

    with ThreadPoolExecutor(1) as pool:
        rebuilding = pool.submit(rebuild)
        for number in range(1, 301):
            log.append([row(number, f"id{number}")], [], durable=number % 2 == 0)
        rebuilding.result()
    assert log.counts().live == 300

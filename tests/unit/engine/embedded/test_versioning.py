from __future__ import annotations

import pytest

from ragstone.core.errors import error_cause
from ragstone.engine.embedded.log import Newest
from ragstone.engine.embedded.versioning import conflict, next_version, version_conflict
from ragstone.engine.values import WriteOperation

LIVE = Newest(row=4, version=5, deleted=False)
DELETED = Newest(row=4, version=5, deleted=True)


def index(**options: object) -> WriteOperation:
    return WriteOperation("index", "1", b"{}", **options)  # type: ignore[arg-type]


def external(version: int, kind: str = "external") -> WriteOperation:
    return index(version=version, version_type=kind)


@pytest.mark.parametrize(
    ("operation", "current", "expected"),
    [
        (index(), None, None),
        (index(), LIVE, None),
        (WriteOperation("create", "1", b"{}"), None, None),
        (WriteOperation("create", "1", b"{}"), DELETED, None),
        (WriteOperation("create", "1", b"{}"), LIVE, "document already exists (current version [5])"),
        (index(if_seq_no=3, if_primary_term=1), LIVE, None),
        (
            index(if_seq_no=0, if_primary_term=1),
            LIVE,
            "required seqNo [0], primary term [1]. current document has seqNo [3] and primary term [1]",
        ),
        (
            index(if_seq_no=3, if_primary_term=2),
            LIVE,
            "required seqNo [3], primary term [2]. current document has seqNo [3] and primary term [1]",
        ),
        (
            index(if_seq_no=0, if_primary_term=1),
            None,
            "required seqNo [0], primary term [1]. but no document was found",
        ),
        (
            WriteOperation("delete", "1", if_seq_no=3, if_primary_term=1),
            DELETED,
            "required seqNo [3], primary term [1]. but no document was found",
        ),
        (external(6), LIVE, None),
        (external(1), None, None),
        (external(5), LIVE, "current version [5] is higher or equal to the one provided [5]"),
        (external(5), DELETED, "current version [5] is higher or equal to the one provided [5]"),
        (external(5, "external_gte"), LIVE, None),
        (external(4, "external_gte"), LIVE, "current version [5] is higher than the one provided [4]"),
    ],
)
def test_conflicts_are_told_in_the_recorded_words(
    operation: WriteOperation, current: Newest | None, expected: str | None
) -> None:
    assert conflict(operation, current) == expected


@pytest.mark.parametrize(
    ("operation", "current", "expected"),
    [
        (index(), None, 1),
        (index(), LIVE, 6),
        (index(), DELETED, 6),
        (WriteOperation("delete", "1"), None, 1),
        (external(9), LIVE, 9),
        (external(5, "external_gte"), LIVE, 5),
    ],
)
def test_versions_count_on_over_a_delete(operation: WriteOperation, current: Newest | None, expected: int) -> None:
    assert next_version(operation, current) == expected


def test_a_version_conflict_carries_index_and_shard() -> None:
    error = version_conflict("7", "document already exists (current version [1])", index="i", index_uuid="u")
    assert error_cause(error) == {
        "type": "version_conflict_engine_exception",
        "reason": "[7]: version conflict, document already exists (current version [1])",
        "index": "i",
        "shard": "0",
        "index_uuid": "u",
    }

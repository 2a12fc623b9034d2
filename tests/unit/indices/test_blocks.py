"""What `index.blocks.*` forbids, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import ClusterBlockException
from ragstone.engine.values import IndexMetadata
from ragstone.indices.blocks import Access, check_blocks, touches_a_block

ACCESSES: tuple[Access, ...] = ("read", "write", "metadata_read", "metadata_write", "delete")


def index(name: str, *blocks: str) -> IndexMetadata:
    settings = {f"index.blocks.{block}": "true" for block in blocks} | {"index.blocks.x": "false"}
    return IndexMetadata(name=name, uuid="u", settings=settings, mappings={}, aliases={}, creation_date=0)


def forbidden(*blocks: str) -> list[Access]:
    found: list[Access] = []
    for access in ACCESSES:
        try:
            check_blocks([index("i", *blocks)], access)
        except ClusterBlockException:
            found.append(access)
    return found


@pytest.mark.parametrize(
    ("block", "accesses"),
    [
        ("read", ["read"]),
        ("write", ["write"]),
        ("read_only", ["write", "metadata_write", "delete"]),
        ("read_only_allow_delete", ["write", "metadata_write"]),
        ("metadata", ["metadata_read", "metadata_write", "delete"]),
    ],
)
def test_each_block_forbids_its_own(block: str, accesses: list[Access]) -> None:
    assert forbidden(block) == accesses
    assert forbidden() == []


def test_every_block_of_every_index_is_named() -> None:
    with pytest.raises(ClusterBlockException) as caught:
        check_blocks([index("a", "read_only", "write"), index("free"), index("b", "write")], "write")
    assert str(caught.value) == (
        "index [a] blocked by: [FORBIDDEN/5/index read-only (api)];[FORBIDDEN/8/index write (api)];"
        "index [b] blocked by: [FORBIDDEN/8/index write (api)];"
    )
    assert caught.value.status == 403


def test_a_full_disk_is_worth_another_try() -> None:
    with pytest.raises(ClusterBlockException, match=r"\[TOO_MANY_REQUESTS/12/disk usage exceeded") as caught:
        check_blocks([index("a", "read_only_allow_delete", "write")], "write")
    assert caught.value.status == 429


@pytest.mark.parametrize(
    ("settings", "touches"),
    [
        ({"index.blocks.read_only": None}, True),
        ({"index": {"blocks": {"metadata": False}}}, True),
        ({"blocks": {"read_only_allow_delete": None}, "refresh_interval": "1s"}, True),
        ({"index.blocks.write": None}, False),
        ({"index": {"number_of_replicas": 2}}, False),
    ],
)
def test_only_blocks_of_metadata_can_be_changed_through_themselves(settings: dict[str, Any], touches: bool) -> None:
    assert touches_a_block(settings) is touches

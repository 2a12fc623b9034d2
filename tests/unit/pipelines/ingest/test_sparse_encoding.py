"""`sparse_encoding`: where the weights of words go, and which options make sense."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import OpenSearchException
from ragstone.pipelines.ingest.service import IngestService


async def encode(ingest: IngestService, source: Any, **options: Any) -> Any:
    processor = {"sparse_encoding": {"model_id": "m", "field_map": {"t": "e"}, **options}}
    answer = await ingest.simulate(None, {"pipeline": {"processors": [processor]}, "docs": [{"_source": source}]})
    [doc] = answer["docs"]
    return doc["error"]["reason"] if "error" in doc else doc["doc"]["_source"].get("e")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"t": "red foxes"}, {"red": 3.0, "foxes": 5.0}),
        ({"t": ["red", "foxes"]}, [{"sparse_encoding": {"red": 3.0}}, {"sparse_encoding": {"foxes": 5.0}}]),
        ({"t": ""}, None),
        ({"t": 3}, "map type field [t] is neither string nor nested type, cannot process it"),
    ],
)
async def test_texts_become_weighted_words(ingest: IngestService, source: Any, expected: Any) -> None:
    assert await encode(ingest, source) == expected


async def test_light_words_are_pruned(ingest: IngestService) -> None:
    assert await encode(ingest, {"t": "red foxes"}, prune_type="max_ratio", prune_ratio=0.9) == {"foxes": 5.0}
    assert await encode(ingest, {"t": "red"}, prune_type="none") == {"red": 3.0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"prune_type": "max_ratio"}, "[prune_ratio] required property is missing"),
        ({"prune_ratio": 0.1}, "prune_ratio field is not supported when prune_type is not provided"),
        ({"prune_type": "x", "prune_ratio": 0.1}, "Unknown prune type: x"),
        ({"batch_size": 0}, "[batch_size] batch size must be a positive integer"),
    ],
)
async def test_options_that_make_no_sense_are_a_client_error(
    ingest: IngestService, options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OpenSearchException) as caught:
        await encode(ingest, {"t": "red"}, **options)
    assert (caught.value.status, caught.value.reason) == (400, reason)

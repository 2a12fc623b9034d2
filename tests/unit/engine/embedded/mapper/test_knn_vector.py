"""knn_vector: what a mapping may say, how it is shown, what a document may hold. Recorded OpenSearch behaviour."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from ragstone.core.errors import OpenSearchException, error_cause
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.mapper.settings import IndexSettings
from ragstone.engine.embedded.vectors.spaces import SpaceType, VectorSpec

KNN = IndexSettings({"index.knn": "true"})
FLAT = IndexSettings({})


def parsed(settings: IndexSettings = KNN, **mapping: Any) -> Mapper:
    return Mapper.parse({"properties": {"v": {"type": "knn_vector", **mapping}}}, settings)


def field(settings: IndexSettings = KNN, **mapping: Any) -> KnnVectorField:
    found = parsed(settings, **mapping).field("v")
    assert isinstance(found, KnnVectorField)
    return found


def method(**parts: Any) -> dict[str, Any]:
    return {"dimension": 3, "method": {"name": "hnsw", **parts}}


# ── shown ────────────────────────────────────────────────────────────────────────────────────────────────────────────

LUCENE_COSINE = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"dimension": 3}, {"dimension": 3}),
        ({"dimension": "3"}, {"dimension": 3}),
        ({"dimension": 3, "data_type": "byte"}, {"dimension": 3, "data_type": "BYTE"}),
        ({"dimension": 3, "data_type": "float", "index": False, "mode": None}, {"dimension": 3}),
        (
            method(),
            {"dimension": 3, "method": {"engine": "faiss", "space_type": "l2", "name": "hnsw", "parameters": {}}},
        ),
        (
            method(engine="lucene", space_type="cosinesimil", parameters={"ef_construction": 64, "m": 8}),
            {"dimension": 3, "method": {**LUCENE_COSINE, "parameters": {"ef_construction": 64, "m": 8}}},
        ),
        (
            {**method(engine="lucene"), "space_type": "COSINESIMIL"},
            {"dimension": 3, "method": {**LUCENE_COSINE, "parameters": {}}, "space_type": "cosinesimil"},
        ),
        ({"dimension": 3, "engine": "lucene"}, {"dimension": 3, "engine": "lucene"}),
        (
            {"dimension": 3, "mode": "on_disk", "compression_level": "32x"},
            {"dimension": 3, "mode": "on_disk", "compression_level": "32x"},
        ),
        (
            {"dimension": 3, "compression_level": "4x", "method": {"name": "hnsw"}},
            {
                "dimension": 3,
                "compression_level": "4x",
                "method": {"engine": "lucene", "space_type": "l2", "name": "hnsw", "parameters": {}},
            },
        ),
        (
            method(engine="lucene", parameters={"encoder": {"name": "sq"}}),
            {
                "dimension": 3,
                "method": {
                    "engine": "lucene",
                    "space_type": "l2",
                    "name": "hnsw",
                    "parameters": {"encoder": {"name": "sq", "parameters": {}}},
                },
            },
        ),
        (
            {"dimension": 3, "store": True, "meta": {"unit": "none"}},
            {"dimension": 3, "store": True, "meta": {"unit": "none"}},
        ),
        ({"model_id": "m"}, {"model_id": "m"}),
    ],
)
def test_a_mapping_shows_what_was_given_and_a_method_as_resolved(given: dict[str, Any], shown: dict[str, Any]) -> None:
    m = parsed(**given)
    assert m.to_json() == {"properties": {"v": {"type": "knn_vector", **shown}}}
    assert Mapper.parse(m.to_json(), KNN).to_json() == m.to_json()


def test_a_flat_field_shows_its_doc_values_and_has_no_largest_dimension() -> None:
    shown = parsed(FLAT, dimension=20_000).to_json()["properties"]["v"]
    assert shown == {"type": "knn_vector", "doc_values": True, "dimension": 20_000}
    assert not field(FLAT, dimension=2).is_built_for_search


def test_a_field_knows_how_its_vectors_are_kept() -> None:
    assert field(dimension=3).spec == VectorSpec(3)
    settings = IndexSettings({"index.knn": "true", "index.number_of_shards": "5"})
    mapping = method(engine="lucene", space_type="innerproduct", parameters={"m": 8, "ef_construction": 64})
    assert field(settings, **mapping).spec == VectorSpec(
        3, SpaceType.INNERPRODUCT, m=8, ef_construction=64, radius_is_dot_product=True, shards=5
    )
    assert field(**method(parameters={"ef_search": 77})).spec.ef_search == 77
    assert field(dimension=16, data_type="binary").spec.space is SpaceType.HAMMING


@pytest.mark.parametrize("space", ["l2", "cosinesimil", "innerproduct", "l1", "linf"])
def test_nmslib_is_accepted_because_clients_still_send_it(space: str) -> None:
    found = field(**method(engine="nmslib", space_type=space))
    assert (found.engine, found.spec.space) == ("nmslib", SpaceType(space))


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────────────────────

MAPPER, ILLEGAL, VALIDATION = "mapper_parsing_exception", "illegal_argument_exception", "validation_exception"
SPACES = "[l2, cosinesimil, l1, linf, innerproduct, hamming]"


def one(fault: str) -> str:
    return f"Validation Failed: 1: {fault};"


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        ({}, ILLEGAL, "Dimension value missing for vector: v"),
        ({"dimension": 0}, ILLEGAL, "Dimension value must be greater than 0 for vector: v"),
        ({"dimension": -3}, ILLEGAL, "Dimension value must be greater than 0 for vector: v"),
        (
            {"dimension": 16001},
            VALIDATION,
            one("Dimension value cannot be greater than 16000 for vector with engine: faiss"),
        ),
        ({"dimension": "ten"}, ILLEGAL, "Unable to parse [dimension] from provided value [ten] for vector [v]"),
        (
            {"dimension": 99999999999},
            ILLEGAL,
            "Unable to parse [dimension] from provided value [99999999999] for vector [v]",
        ),
        ({"dimension": 2.5}, ILLEGAL, "Unable to parse [dimension] from provided value [2.5] for vector [v]"),
        ({"dimension": True}, ILLEGAL, "Unable to parse [dimension] from provided value [true] for vector [v]"),
        (
            {"dimension": 12, "data_type": "binary"},
            VALIDATION,
            one("Dimension should be multiply of 8 for binary vector data type"),
        ),
        (method(engine="jvector"), MAPPER, "Invalid engine: jvector"),
        ({"dimension": 3, "method": {"name": "bogus"}}, ILLEGAL, "Invalid method name: bogus"),
        ({"dimension": 3, "method": {"engine": "lucene"}}, MAPPER, "name needs to be set"),
        (method(bogus=1), MAPPER, "Invalid parameter: bogus"),
        (method(parameters={"bogus": 1}), VALIDATION, one("Unknown parameter 'bogus' found")),
        (method(parameters={"m": 0}), VALIDATION, one("parameter validation failed for Integer parameter [m].")),
        (
            method(parameters={"m": "x"}),
            VALIDATION,
            one("value is not an instance of Integer for Integer parameter [m]."),
        ),
        (
            method(engine="lucene", parameters={"ef_search": 10}),
            VALIDATION,
            one("Unknown parameter 'ef_search' found"),
        ),
        ({"dimension": 3, "method": {"name": "ivf"}}, VALIDATION, one('"method" requires training.')),
        (method(parameters={"encoder": {"name": "pq"}}), VALIDATION, one('"method" requires training.')),
        (
            method(engine="lucene", parameters={"encoder": {"name": "sq", "parameters": {"bits": 4}}}),
            VALIDATION,
            one("parameter validation failed for MethodComponentContext parameter [encoder]."),
        ),
        (
            method(parameters={"encoder": {"name": "nosuch"}}),
            VALIDATION,
            one("parameter validation failed for MethodComponentContext parameter [encoder]."),
        ),
        (
            {"dimension": 3, "method": "hnsw"},
            MAPPER,
            'Unable to parse mapping into KNNMethodContext. Object not of type "Map"',
        ),
        (
            {"dimension": 3, "space_type": "bogus"},
            ILLEGAL,
            f"Unable to find space: bogus . Valid values are: {SPACES}",
        ),
        (
            {"dimension": 3, "space_type": "hammingbit"},
            ILLEGAL,
            f"Unable to find space: hammingbit . Valid values are: {SPACES}",
        ),
        (method(space_type="bogus"), MAPPER, "Invalid space_type: bogus"),
        (
            {"dimension": 3, "space_type": "l1"},
            VALIDATION,
            one('"hnsw" with "faiss" configuration does not support space type: "l1".'),
        ),
        (
            method(engine="lucene", space_type="linf"),
            VALIDATION,
            one('"hnsw" with "lucene" configuration does not support space type: "linf".'),
        ),
        (
            {"dimension": 3, "space_type": "hamming"},
            ILLEGAL,
            "Space type [hamming] is not supported with [float] data type",
        ),
        (
            {"dimension": 3, "data_type": "byte", "space_type": "hamming"},
            ILLEGAL,
            "Space type [hamming] is not supported with [byte] data type",
        ),
        (
            {"dimension": 16, "data_type": "binary", "space_type": "l2"},
            ILLEGAL,
            "Space type [l2] is not supported with [binary] data type",
        ),
        (
            {**method(engine="lucene", space_type="cosinesimil"), "space_type": "l2"},
            MAPPER,
            'Cannot specify conflicting space types: "[cosinesimil]" "[l2]"',
        ),
        (
            {"dimension": 3, "data_type": "int"},
            ILLEGAL,
            "Invalid value provided for [data_type] field. Supported values are [binary,byte,float]",
        ),
        (
            {"dimension": 3, "compression_level": "64x"},
            MAPPER,
            "Unknown value [64x] for field [compression_level] - accepted values are [, 1x, 2x, 4x, 8x, 16x, 32x]",
        ),
        (
            {"dimension": 3, "mode": "bogus"},
            MAPPER,
            "Unknown value [bogus] for field [mode] - accepted values are [null, in_memory, on_disk]",
        ),
        (
            {"dimension": 3, "compression_level": "4x", "engine": "faiss"},
            MAPPER,
            "Lucene is the only engine that supports 4x compression",
        ),
        (
            {"dimension": 3, "compression_level": "8x", "engine": "lucene"},
            VALIDATION,
            one('"lucene" does not support "8x" compression'),
        ),
        (
            {"dimension": 3, "mode": "on_disk", "compression_level": "1x", "engine": "lucene"},
            VALIDATION,
            one('Cannot specify "x1" compression level when using "on_disk" mode'),
        ),
        (
            {"dimension": 3, "data_type": "byte", "mode": "on_disk"},
            MAPPER,
            "Compression and mode cannot be used for non-float32 data type for field v",
        ),
        (
            {**method(engine="faiss"), "engine": "lucene"},
            MAPPER,
            "Cannot specify conflicting engines: [faiss] and [lucene]",
        ),
        ({"dimension": 3, "engine": "bogus"}, ILLEGAL, "Invalid engine type: bogus"),
        (
            {
                **method(engine="faiss", parameters={"encoder": {"name": "sq"}}),
                "mode": "on_disk",
                "compression_level": "16x",
            },
            VALIDATION,
            one("Cannot specify an encoder that conflicts with the provided compression level"),
        ),
        (
            {"model_id": "x", "dimension": 3},
            ILLEGAL,
            "Cannot specify both a modelId and dimension in the mapping: v",
        ),
        (
            {"model_id": "x", "method": {"name": "hnsw"}},
            ILLEGAL,
            "Method and model can not be both specified in the mapping: v",
        ),
        (
            {"model_id": "x", "space_type": "l2"},
            ILLEGAL,
            "TopLevel Space type and model can not be both specified in the mapping",
        ),
        ({"dimension": 3, "bogus": 1}, MAPPER, "unknown parameter [bogus] on mapper [v] of type [knn_vector]"),
    ],
)
def test_a_wrong_mapping_is_refused_in_the_recorded_words(given: dict[str, Any], kind: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parsed(**given)
    assert error_cause(caught.value) == {"type": kind, "reason": reason}


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        (method(), ILLEGAL, "Cannot set modelId or method parameters when index.knn setting is false"),
        ({"model_id": "x"}, ILLEGAL, "Cannot set modelId or method parameters when index.knn setting is false"),
        (
            {"dimension": 3, "mode": "on_disk"},
            MAPPER,
            "Compression and mode can not be specified in a flat mapping configuration for field: v",
        ),
    ],
)
def test_a_flat_field_takes_no_search_parameters(given: dict[str, Any], kind: str, reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parsed(FLAT, **given)
    assert error_cause(caught.value) == {"type": kind, "reason": reason}


@pytest.mark.parametrize(("name", "bad"), [("a b", " "), ("a/b", "/"), ('a"b', '"')])
def test_a_name_that_can_not_be_a_file_name_is_refused(name: str, bad: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        Mapper.parse({"properties": {name: {"type": "knn_vector", "dimension": 3}}}, KNN)
    assert caught.value.reason == (
        "Vector field name must not include invalid characters of "
        "[' ', '\"', '*', '\\', '<', '|', ',', '>', '/', '?']. "
        f"Provided field name=[{name}] had a disallowed character [{bad}]"
    )


# ── changed later ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dimension": 5}, "[dimension] from [4] to [5]"),
        ({"dimension": 4, "method": {"name": "hnsw", "engine": "lucene"}}, "[method] from [null] to [hnsw]"),
        ({"dimension": 4, "space_type": "cosinesimil"}, "[space_type] from [undefined] to [cosinesimil]"),
    ],
)
def test_what_shapes_the_vectors_can_not_change(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(OpenSearchException) as caught:
        parsed(dimension=4).merge({"properties": {"v": {"type": "knn_vector", **change}}})
    assert caught.value.reason == f"Mapper for [v] conflicts with existing mapper:\n\tCannot update parameter {reason}"


def test_meta_can_change() -> None:
    merged = parsed(**method()).merge({"properties": {"v": {"type": "knn_vector", **method(), "meta": {"a": "b"}}}})
    assert merged.to_json()["properties"]["v"]["meta"] == {"a": "b"}


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


def vector_of(value: Any, **mapping: Any) -> Any:
    mapper = parsed(**{"dimension": 3, **mapping})
    document = mapper.parse_document("1", json.dumps({"v": value}).encode())
    found = document.vectors.get("v")
    assert found is None or found.dtype == np.float32
    return None if found is None else found.tolist()


@pytest.mark.parametrize(
    ("value", "mapping", "expected"),
    [
        ([1, 2.5, -3], {}, [1.0, 2.5, -3.0]),
        ([1, "2", 3], {}, [1.0, 2.0, 3.0]),
        (7, {"dimension": 1}, [7.0]),
        (None, {}, None),
        ([-128, 0, 127], {"data_type": "byte"}, [-128.0, 0.0, 127.0]),
        ([-1, 5], {"dimension": 16, "data_type": "binary"}, [-1.0, 5.0]),
        ("AACAPwAAAEAAAEBA", {}, [1.0, 2.0, 3.0]),
        (base64.b64encode(bytes([255, 0, 128])).decode(), {"data_type": "byte"}, [-1.0, 0.0, -128.0]),
        ([0, 0, 0], {}, [0.0, 0.0, 0.0]),
    ],
)
def test_a_document_gives_its_vector(value: Any, mapping: dict[str, Any], expected: list[float] | None) -> None:
    assert vector_of(value, **mapping) == expected


def mismatch(given: int) -> str:
    return f"Vector dimension mismatch. Expected: 3, Given: {given}"


BYTES = "[data_type] field was set as [byte] in index mapping. But, KNN vector values are "
COSINE = {"space_type": "cosinesimil"}


@pytest.mark.parametrize(
    ("value", "mapping", "preview", "kind", "reason"),
    [
        ([1, 2], {}, "null", ILLEGAL, mismatch(2)),
        ([1, 2, 3, 4], {}, "null", ILLEGAL, mismatch(4)),
        ([], {}, "null", ILLEGAL, mismatch(0)),
        (1, {}, "null", ILLEGAL, mismatch(1)),
        (["NaN", 1, 2], {}, "NaN", ILLEGAL, "KNN vector values cannot be NaN"),
        ([1e39, 0, 0], {}, "Infinity", ILLEGAL, "KNN vector values cannot be infinity"),
        ([-(10**400), 0, 0], {}, "-Infinity", ILLEGAL, "KNN vector values cannot be infinity"),
        ([1, "x", 3], {}, "x", "number_format_exception", 'For input string: "x"'),
        ("abc", {}, "abc", ILLEGAL, mismatch(0)),
        ("AACAPwAAAEA=", {}, "AACAPwAAAEA=", ILLEGAL, mismatch(0)),
        ({"a": 1}, {}, "{a=1}", ILLEGAL, mismatch(0)),
        (True, {}, "true", ILLEGAL, mismatch(0)),
        ([1.5, 2, 3], {"data_type": "byte"}, "1.5", ILLEGAL, BYTES + "floats instead of byte integers"),
        ([1, 200, 3], {"data_type": "byte"}, "200", ILLEGAL, BYTES + "not within in the byte range [-128, 127]"),
        (
            [5],
            {"dimension": 16, "data_type": "binary"},
            "null",
            ILLEGAL,
            "The dimension of the binary vector must be 8 times the length of the provided vector. "
            "Expected: 16, Given: 8",
        ),
        (
            [300, 0],
            {"dimension": 16, "data_type": "binary"},
            "300",
            ILLEGAL,
            BYTES.replace("byte", "binary") + "not within in the byte range [-128, 127]",
        ),
        ([0, 0, 0], COSINE, "null", ILLEGAL, "zero vector is not supported when space type is [cosinesimil]"),
    ],
)
def test_a_value_that_is_no_vector_of_the_field_fails_the_document(
    value: Any, mapping: dict[str, Any], preview: str, kind: str, reason: str
) -> None:
    with pytest.raises(OpenSearchException) as caught:
        vector_of(value, **mapping)
    assert error_cause(caught.value) == {
        "type": MAPPER,
        "reason": "failed to parse field [v] of type [knn_vector] in document with id '1'. "
        f"Preview of field's value: '{preview}'",
        "caused_by": {"type": kind, "reason": reason},
    }


@pytest.mark.parametrize("element", [None, True, [1], {"a": 1}])
def test_an_element_that_is_no_number_is_a_json_error(element: Any) -> None:
    with pytest.raises(OpenSearchException) as caught:
        vector_of([1, element, 3])
    cause = caught.value.cause
    assert cause is not None
    assert cause.type_name() == "json_parse_exception"
    assert "not numeric, can not use numeric value accessors" in str(cause.reason)


def test_two_vectors_of_one_document_are_one_too_many() -> None:
    mapper = Mapper.parse({"properties": {"o.e": {"type": "knn_vector", "dimension": 1}}}, KNN)
    with pytest.raises(OpenSearchException) as caught:
        mapper.parse_document("1", b'{"o": [{"e": [1]}, {"e": [2]}]}')
    assert error_cause(caught.value) == {
        "type": ILLEGAL,
        "reason": 'VectorValuesField "o.e" appears more than once in this document '
        "(only one value is allowed per field)",
    }


def test_a_field_of_a_model_that_was_never_trained_takes_no_documents() -> None:
    with pytest.raises(OpenSearchException) as caught:
        Mapper.parse({"properties": {"v": {"type": "knn_vector", "model_id": "m"}}}, KNN).parse_document(
            "1", b'{"v": [1]}'
        )
    assert caught.value.cause is not None
    assert caught.value.cause.reason == "Model ID 'm' is not created."

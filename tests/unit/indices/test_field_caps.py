"""What a mapping says of its fields, without an engine."""

from ragstone.indices.field_caps import FieldCapabilities, capabilities


def test_each_kind_of_field_says_what_it_is_good_for() -> None:
    mappings = {
        "properties": {
            "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
            "body": {"type": "text", "fielddata": True, "index": False},
            "tag": {"type": "keyword", "doc_values": False},
            "day": {"type": "date", "index": False},
            "words": {"type": "token_count", "analyzer": "standard"},
            "vector": {"type": "knn_vector", "dimension": 2},
            "blob": {"type": "binary"},
            "tree": {"type": "flat_object"},
        }
    }
    assert capabilities(mappings) == {
        "title": FieldCapabilities("text", searchable=True, aggregatable=False),
        "title.raw": FieldCapabilities("keyword", searchable=True, aggregatable=True),
        "body": FieldCapabilities("text", searchable=False, aggregatable=True),
        "tag": FieldCapabilities("keyword", searchable=True, aggregatable=False),
        "day": FieldCapabilities("date", searchable=False, aggregatable=True),
        "words": FieldCapabilities("integer", searchable=True, aggregatable=True),
        "vector": FieldCapabilities("knn_vector", searchable=False, aggregatable=True),
        "blob": FieldCapabilities("binary", searchable=False, aggregatable=False),
        "tree": FieldCapabilities("flat_object", searchable=True, aggregatable=False),
    }


def test_objects_are_fields_as_long_as_there_is_something_in_them() -> None:
    mappings = {
        "properties": {
            "author": {"properties": {"name": {"type": "keyword"}}},
            "parts": {"type": "nested", "properties": {"n": {"type": "long"}}},
            "empty": {"type": "object"},
        }
    }
    found = capabilities(mappings)
    assert {name: one.type for name, one in found.items()} == {
        "author": "object",
        "author.name": "keyword",
        "parts": "nested",
        "parts.n": "long",
    }
    assert not found["author"].searchable
    assert not found["parts"].aggregatable


def test_a_mapping_without_fields_has_none() -> None:
    assert capabilities({}) == {}

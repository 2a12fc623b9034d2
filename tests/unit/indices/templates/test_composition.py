"""What several templates come down to. Expectations are recorded OpenSearch behaviour."""

from __future__ import annotations

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.indices.templates.composition import compose, merge_mappings
from ragstone.indices.templates.model import Template


def test_stronger_settings_and_aliases_replace_weaker_ones_and_an_alias_may_name_the_index() -> None:
    composed = compose(
        [
            Template({"index.refresh_interval": "9s", "index.codec": "default"}, None, {"k": {"filter": {}}, "m": {}}),
            Template({"index.refresh_interval": "7s"}, None, {"k": {"index_routing": "9"}, "{index}-al": {}}),
        ]
    )
    assert composed.settings == {"index.refresh_interval": "7s", "index.codec": "default"}
    assert composed.aliases_for("logs-1") == {"k": {"index_routing": "9"}, "m": {}, "logs-1-al": {}}


def test_objects_grow_together_and_a_field_is_as_its_last_definition_says() -> None:
    weaker = {"properties": {"a": {"type": "keyword", "ignore_above": 5}, "o": {"properties": {"x": {"type": "long"}}}}}
    stronger = {"properties": {"a": {"type": "keyword"}, "o.y": {"type": "ip"}, "o.x": {"type": "date"}}}
    assert merge_mappings(weaker, stronger) == {
        "properties": {
            "a": {"type": "keyword"},
            "o": {"properties": {"x": {"type": "date"}, "y": {"type": "ip"}}},
        }
    }


def test_dynamic_templates_keep_their_place_and_meta_is_merged() -> None:
    weaker = {
        "dynamic_templates": [{"one": {"match": "o*"}}, {"two": {"match": "t*"}}],
        "_meta": {"c": {"d": 1}, "a": 1},
    }
    stronger = {
        "dynamic_templates": [{"two": {"match": "x*"}}, {"three": {}}],
        "_meta": {"c": {"e": 1}},
        "dynamic": False,
    }
    assert merge_mappings(weaker, stronger) == {
        "dynamic_templates": [{"one": {"match": "o*"}}, {"two": {"match": "x*"}}, {"three": {}}],
        "_meta": {"c": {"d": 1, "e": 1}, "a": 1},
        "dynamic": False,
    }


def test_legacy_templates_are_defaults_for_what_is_not_said() -> None:
    composed = compose(
        [
            Template(mappings={"properties": {"a": {"type": "keyword", "doc_values": False}}}),
            Template(mappings={"properties": {"a": {"type": "keyword", "ignore_above": 5}}}),
        ],
        legacy=True,
    )
    assert composed.with_mappings({"properties": {"a": {"type": "keyword", "store": True}}}) == {
        "properties": {"a": {"type": "keyword", "doc_values": False, "ignore_above": 5, "store": True}}
    }


@pytest.mark.parametrize(
    ("weaker", "stronger", "reason"),
    [
        ({"type": "long"}, {"properties": {}}, "can't merge a non object mapping [f] with an object mapping"),
        ({"type": "nested"}, {"properties": {}}, "cannot change object mapping from nested to non-nested"),
        ({"properties": {}}, {"type": "nested"}, "cannot change object mapping from non-nested to nested"),
    ],
)
def test_an_object_and_a_field_cannot_be_one(weaker: object, stronger: object, reason: str) -> None:
    with pytest.raises(IllegalArgumentException) as refused:
        merge_mappings({"properties": {"f": weaker}}, {"properties": {"f": stronger}})
    assert refused.value.reason == reason

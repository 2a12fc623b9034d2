"""Which fields are shown, what masks make of values, and views that cannot be understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ragstone.dsl.queries  # noqa: F401  (registers them)
from ragstone.core import json
from ragstone.core.caller import IndexView
from ragstone.engine.visibility import FieldFilter, FieldMasks, visibility

DOCUMENT: dict[str, Any] = {
    "name": "Vera",
    "crew": {"name": "Ann", "age": 4, "boat": {"name": "Gull"}},
    "crews": [{"name": "Bo", "age": 5}, {"name": "Cy"}],
    "tags": ["a", "b"],
    "note": None,
}
SALT = "e1ukloTsQlOgPquJ"


@pytest.mark.parametrize(
    ("patterns", "shown"),
    [
        (["name"], {"name": "Vera"}),
        (["na*", "tags"], {"name": "Vera", "tags": ["a", "b"]}),
        (["n?me"], {"name": "Vera"}),
        (["/na.*|no.*/"], {"name": "Vera", "note": None}),
        (["crew"], {"crew": {}}),
        (["crew.*"], {"crew": DOCUMENT["crew"]}),
        (["crew.name"], {"crew": {"name": "Ann"}}),
        (["crew.boat.name"], {"crew": {"boat": {"name": "Gull"}}}),
        (["crews.name"], {"crews": [{"name": "Bo"}, {"name": "Cy"}]}),
        (["tags.x"], {}),
        (["*name"], {"name": "Vera"}),
        (["*"], DOCUMENT),
        (["~name", "~crew", "~crews"], {"tags": ["a", "b"], "note": None}),
        (["~*name", "~*s"], {"crew": {"age": 4, "boat": {}}, "note": None}),
        (["~crew.boat", "~crews", "~n*"], {"crew": {"name": "Ann", "age": 4}, "tags": ["a", "b"]}),
        (["!name", "!crew*", "!tags"], {"note": None}),
        (["name", "~note"], {key: value for key, value in DOCUMENT.items() if key != "note"}),
        (["~*"], {}),
    ],
)
def test_patterns_show_or_hide_fields(patterns: list[str], shown: Any) -> None:
    assert FieldFilter(tuple(patterns)).cut(DOCUMENT) == shown


@pytest.mark.parametrize(
    ("patterns", "hidden"),
    [(["~crew"], "crew.boat.name"), (["*name"], "crew.name"), (["crew"], "crew.name"), (["~c*.name"], "crew.name")],
)
def test_a_field_is_shown_only_inside_objects_that_are(patterns: list[str], hidden: str) -> None:
    assert not FieldFilter(tuple(patterns)).shows(hidden)


def test_keys_with_dots_are_paths() -> None:
    assert FieldFilter(("~crew",)).cut({"crew.name": "Ann", "x": 1}) == {"x": 1}
    assert FieldFilter(("crew.name",)).cut({"crew.name": "Ann", "crew.age": 1}) == {"crew.name": "Ann"}


@pytest.mark.parametrize("pattern", ["/(/", "/(a+)+/"])
def test_an_expression_that_cannot_be_used_hides_everything(pattern: str) -> None:
    assert FieldFilter((pattern,)).cut(DOCUMENT) == {}
    assert FieldFilter((f"~{pattern}",)).cut(DOCUMENT) == {}


@pytest.mark.parametrize(
    ("patterns", "sub_field", "shown"),
    [
        (["title"], "title.keyword", True),
        (["title.raw"], "title.raw", True),
        (["title.raw"], "title.keyword", False),
        (["~title"], "title.keyword", False),
        (["~title.raw"], "title.raw", False),
        (["~title.raw"], "title.keyword", True),
    ],
)
def test_a_multi_field_is_shown_with_its_parent_or_by_its_own_name(
    patterns: list[str], sub_field: str, shown: bool
) -> None:
    assert FieldFilter(tuple(patterns)).shows_sub_field(sub_field, "title") is shown


@pytest.mark.parametrize(
    ("patterns", "everything"),
    [
        (["o"], False), (["o.*"], True), (["o*"], True), (["*"], True), (["o.a"], False),
        (["~x"], True), (["~o.a"], False), (["~*a"], False), (["~o?a"], False), (["~/o.a/"], False), (["~o"], False),
    ],
)  # fmt: skip
def test_what_holds_the_values_of_many_fields_is_shown_only_with_all_of_them(
    patterns: list[str], everything: bool
) -> None:
    assert FieldFilter(tuple(patterns)).shows_all_in("o") is everything


@pytest.mark.parametrize(
    ("rule", "value", "masked"),
    [
        ("f", "red", "db83f5419bc9665e3ef71e1d5fdf481f25ff821f4e2a6e68f45dc115a737593b"),
        ("f", "blue", "2958e1f8015477de963aa9c72f0e14d549f216ce23465f9cb16911cd565e971d"),
        ("f::SHA-512", "bob", "0416a26ba554334286b1954918ecad7ba6c33575b49df915ff3367b5cef7ecd93b1f0b436636667b27b363011543971f1c81c3151d5ef72733501c1ff33c34af"),
        ("f::SHA-256", "bob", "81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9"),
        ("f::MD5", "bob", "9f9d51bc70ef21ca5c14f307980a29d8"),
        ("f::/e/::*", "blue", "blu*"),
        ("f::/^(.).*$/::$1.", "blue", "b."),
        ("f::/b/::B::/e/::E", "blue", "BluE"),
    ],
)  # fmt: skip
def test_masks_make_the_same_of_a_value_as_opensearch(rule: str, value: str, masked: str) -> None:
    assert FieldMasks((rule,), SALT).masked({"f": value}) == {"f": masked}


@pytest.mark.parametrize("rule", ["f::nonsense", "f::/(/::x", "f::/a/::$7", "f::a::b", "f::/(a+)+/::x", "f::a::b::c"])
def test_a_mask_that_cannot_be_understood_is_the_plain_one(rule: str) -> None:
    plain = FieldMasks(("f",), SALT).masked({"f": "red"})
    assert FieldMasks((rule,), SALT).masked({"f": "red"}) == plain


def test_masks_reach_into_lists_and_objects_and_hash_numbers_too() -> None:
    masks = FieldMasks(("tags", "crew.*", "n"), SALT)
    shown = masks.masked({"tags": ["a", "b"], "crew": {"name": "x"}, "n": 5, "free": "x", "none": None})
    assert shown["free"] == "x"
    values = [*shown["tags"], shown["crew"]["name"], shown["n"]]
    assert len(set(values)) == 4
    assert all(len(value) == 64 for value in values)


def test_the_salt_counts() -> None:
    one, other = FieldMasks(("f",), SALT), FieldMasks(("f",), "another salt 123")
    assert one.masked({"f": "red"}) != other.masked({"f": "red"})
    assert SALT not in repr(IndexView(masked=("f",), salt=SALT))


@pytest.mark.parametrize(
    "text",
    ["{nope", "5", '"x"', '{"what": {}}', '{"neural": {"v": {"query_text": "a", "model_id": "m", "k": 1}}}', "{}", ""],
)
def test_a_text_that_is_no_query_shows_nothing(text: str) -> None:
    assert visibility(IndexView(documents=(text,))).documents == ()


def test_a_view_without_restrictions_of_fields_leaves_a_source_as_it_is() -> None:
    source = b'{"a":  1}'
    assert visibility(IndexView(documents=())).cut(source) is source


def test_hidden_fields_are_cut_before_masked_ones_are_masked() -> None:
    view = visibility(IndexView(fields=("~secret",), masked=("name::/.+/::x",)))
    assert json.decode(view.cut(b'{"name":"Ann","secret":"s","n":1}')) == {"name": "x", "n": 1}


def test_the_same_view_is_compiled_once() -> None:
    assert visibility(IndexView(fields=("a",))) is visibility(IndexView(fields=("a",)))


_NAMES = st.sampled_from(["a", "b", "ab", "c"])
_DOCUMENTS = st.recursive(
    st.integers(0, 9) | st.lists(st.integers(0, 9), min_size=1, max_size=2),
    lambda inner: st.dictionaries(_NAMES, inner, min_size=1, max_size=3),
    max_leaves=8,
).map(lambda value: value if isinstance(value, dict) else {"a": value})
_PATTERNS = st.lists(
    st.builds(
        lambda hiding, parts: ("~" if hiding else "") + ".".join(parts),
        st.booleans(),
        st.lists(st.sampled_from(["a", "b", "ab", "*", "a*", "?", "*b"]), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=3,
)


def _leaves(tree: Any, path: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {path}
    return {leaf for key, value in tree.items() for leaf in _leaves(value, f"{path}.{key}" if path else key)}


@given(_DOCUMENTS, _PATTERNS)
def test_a_source_shows_those_fields_that_can_be_searched(document: Any, patterns: list[str]) -> None:
    fields = FieldFilter(tuple(patterns))
    shown = {leaf for leaf in _leaves(document) if fields.shows(leaf)}
    cut = fields.cut(document)
    assert {leaf for leaf in _leaves(cut) if leaf in _leaves(document)} == shown
    assert fields.cut(cut) == cut


@given(_DOCUMENTS, _PATTERNS)
def test_a_hiding_pattern_hides_whatever_else_shows(document: Any, patterns: list[str]) -> None:
    fields = FieldFilter((*patterns, "~a"))
    assert not any(fields.shows(leaf) for leaf in _leaves(document) if leaf == "a" or leaf.startswith("a."))


@given(_DOCUMENTS, _PATTERNS)
def test_what_shows_all_shows_every_leaf_in_it(document: Any, patterns: list[str]) -> None:
    fields = FieldFilter(tuple(patterns))
    for object in ("a", "b", "ab"):
        if fields.shows_all_in(object):
            assert all(fields.shows(leaf) for leaf in _leaves(document) if leaf.startswith(f"{object}."))

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstone.core.errors import IllegalArgumentException
from ragstone.security import patch
from ragstone.security.refusals import Refusal


def applied(document: Any, *operations: Any) -> Any:
    return patch.apply(patch.parse(list(operations)), document)


def why(*operations: Any, document: Any = None) -> str:
    with pytest.raises(Refusal) as refused:
        applied({"names": ["a"]} if document is None else document, *operations)
    assert refused.value.status == 400
    return str(refused.value.body["message"])


def test_operations_are_applied_one_after_the_other_to_a_copy() -> None:
    document = {"names": ["a"]}
    changed = applied(
        document,
        {"op": "add", "path": "/names/-", "value": "c"},
        {"op": "add", "path": "/names/1", "value": "b"},
        {"op": "replace", "path": "/names/0", "value": "z"},
        {"op": "add", "path": "/more", "value": {"x": 1}},
        {"op": "remove", "path": "/more/x"},
    )
    assert changed == {"names": ["z", "b", "c"], "more": {}}
    assert document == {"names": ["a"]}


def test_what_is_added_is_not_shared_with_the_request() -> None:
    value: dict[str, list[str]] = {"names": []}
    operations = patch.parse(
        [{"op": "add", "path": "/a", "value": value}, {"op": "add", "path": "/a/names/-", "value": 1}]
    )
    assert patch.apply(operations, {}) == patch.apply(operations, {}) == {"a": {"names": [1]}}
    assert value == {"names": []}


def test_an_empty_path_is_the_whole_document() -> None:
    assert applied({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}) == {"b": 2}
    assert why({"op": "remove", "path": ""}) == "Cannot remove document root"


def test_escaped_names_may_hold_slashes_and_tildes() -> None:
    assert applied({}, {"op": "add", "path": "/a~1b~0c", "value": 1}) == {"a/b~c": 1}
    assert applied({}, {"op": "add", "path": "/~01", "value": 1}) == {"~1": 1}


def test_removing_what_is_not_there_changes_nothing() -> None:
    assert applied({"a": 1}, {"op": "remove", "path": "/b"}) == {"a": 1}
    assert applied({"a": [1]}, {"op": "remove", "path": "/a/-"}) == {"a": [1]}


@pytest.mark.parametrize("content", [None, {}, [], [5], [{"path": "/a"}], "x"])
def test_what_is_no_list_of_operations_is_refused(content: Any) -> None:
    with pytest.raises(Refusal) as refused:
        patch.parse(content)
    assert refused.value.body == {"status": "BAD_REQUEST", "message": "Wrong request body"}


@pytest.mark.parametrize(("op", "named"), [("move", "move"), ("test", "test"), ("ADD", "ADD"), (5, "5")])
def test_other_operations_are_named_in_the_refusal(op: Any, named: str) -> None:
    message = why({"op": op, "path": "/a", "value": 1})
    assert message == f"Unsupported patch operation: {named}. Supported are: replace,add,remove"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ({"op": "add", "value": 1}, "Invalid JSON Patch payload (missing 'path' field)"),
        ({"op": "add", "path": 5, "value": 1}, "Invalid JSON Patch payload (non-text 'path' field)"),
        ({"op": "add", "path": "/a"}, "Invalid JSON Patch payload (missing 'value' field)"),
        ({"op": "replace", "path": "/a", "value": 1}, 'Missing field "a"'),
        ({"op": "add", "path": "/a/b", "value": 1}, 'Missing field "a"'),
        ({"op": "add", "path": "/names/7", "value": 1}, "Array index 7 out of bounds"),
        ({"op": "replace", "path": "/names/1", "value": 1}, "Array index 1 out of bounds"),
        ({"op": "remove", "path": "/names/9"}, "Array index 9 out of bounds"),
        ({"op": "add", "path": "/names/9/x", "value": 1}, "Array index 9 is out of bounds"),
        ({"op": "add", "path": "/names/x/y", "value": 1}, 'Can\'t reference field "x" on array'),
        ({"op": "add", "path": "/names/01", "value": 1}, 'Can\'t reference field "01" on array'),
        ({"op": "replace", "path": "/names/-", "value": 1}, 'Can\'t reference field "-" on array'),
        ({"op": "add", "path": "/names/0/x", "value": 1}, "Cannot reference past scalar value"),
        ({"op": "add", "path": "/names/0/x/y", "value": 1}, "Can't reference past scalar value"),
    ],
)
def test_what_has_no_place_in_the_document_is_refused(operation: Any, message: str) -> None:
    assert why(operation) == message


def test_a_path_without_a_slash_is_an_error_of_another_kind() -> None:
    with pytest.raises(IllegalArgumentException, match="Missing leading slash"):
        applied({}, {"op": "add", "path": "x", "value": 1})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab01"), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "01", ""]), max_size=3).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)
OPERATIONS = st.fixed_dictionaries({"op": st.sampled_from(["add", "replace", "remove"]), "path": PATHS, "value": JSON})


def outcome(operations: Any, document: Any) -> Any:
    try:
        return patch.apply(patch.parse(operations), document)
    except Refusal as refused:
        return refused.status, refused.body


@given(document=JSON, operations=st.lists(OPERATIONS, min_size=1, max_size=4))
def test_any_patch_of_anything_is_applied_or_refused_and_the_original_stays(document: Any, operations: Any) -> None:
    kept, sent = copy.deepcopy(document), copy.deepcopy(operations)
    first = outcome(operations, document)
    assert (document, operations) == (kept, sent)
    assert outcome(operations, document) == first

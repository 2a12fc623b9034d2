"""Members of ML request bodies."""

from __future__ import annotations

import pytest

from ragstone.core.errors import ActionRequestValidationException, IllegalArgumentException, ParsingException
from ragstone.ml.fields import Fields, check_custom_id, check_safe_texts


def test_scalars_read_as_texts_and_null_as_absent() -> None:
    fields = Fields({"a": 1, "b": None, "c": ["x", 2], "d": {"k": 1.5}})
    assert fields.text("a") == "1"
    assert fields.text("b") is None
    assert fields.texts("c") == ["x", "2"]
    assert fields.text_map("d") == {"k": "1.5"}


@pytest.mark.parametrize("read", ["text", "integer", "boolean"])
def test_an_object_is_no_scalar(read: str) -> None:
    with pytest.raises((ParsingException, IllegalArgumentException)):
        getattr(Fields({"a": {}}), read)("a")


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ParsingException, match="found \\[START_ARRAY\\]"):
        Fields([])


def test_unsafe_texts_are_listed_together() -> None:
    with pytest.raises(ActionRequestValidationException) as error:
        check_safe_texts([("Description", "50%")], [("Name", " "), ("Other", "a&b")])
    assert str(error.value).startswith("Validation Failed: 1: Description can only contain letters, numbers, spaces")
    assert "2: Name is required and cannot be null or blank;3: Other can only" in str(error.value)


def test_letters_of_any_script_are_safe() -> None:
    check_safe_texts([("D", "")], [("N", 'Ünïcode 日本 (v1), it\'s: "ok"? a@b-c_d/e!')])


@pytest.mark.parametrize(
    ("id", "reason"),
    [
        (" ", "connector id is invalid"),
        ("_x", "connector id must not start with '_'"),
        ("-x", "connector id must not start with '_'"),
        ("x" * 513, "connector id is too long, max length is 512"),
        ("a/b", "connector id can only contain"),
    ],
)
def test_a_chosen_id_has_rules(id: str, reason: str) -> None:
    check_custom_id("connector id", "fine-1_X")
    with pytest.raises(IllegalArgumentException) as error:
        check_custom_id("connector id", id)
    assert str(error.value).startswith(reason)

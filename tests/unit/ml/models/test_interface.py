"""A model's interface: what may go in and come out."""

from __future__ import annotations

from typing import Any

import pytest

from ragstone.core.errors import IllegalArgumentException, StatusException
from ragstone.ml.models.interface import check_input, check_output, parse_interface

SCHEMA = {
    "type": "object",
    "properties": {
        "parameters": {
            "type": "object",
            "properties": {"q": {"type": "string"}, "n": {"type": "integer"}},
            "required": ["q"],
        }
    },
}
INTERFACE = parse_interface({"input": SCHEMA, "output": {"required": ["inference_results"]}, "other": 1})


def test_schemas_are_stored_as_texts() -> None:
    assert INTERFACE.keys() == {"input", "output"}
    assert INTERFACE["output"] == '{"required":["inference_results"]}'
    assert parse_interface({"input": '{"type":"object"}'}) == {"input": '{"type":"object"}'}


@pytest.mark.parametrize("schema", ["{bad", {"type": "nonsense"}])
def test_what_is_no_schema_is_refused(schema: Any) -> None:
    with pytest.raises(IllegalArgumentException, match="Invalid JSON schema in interface"):
        parse_interface({"input": schema})


@pytest.mark.parametrize("parameters", [{"q": "x"}, {"q": "x", "n": "5"}, {"q": "5"}, {"q": "x", "other": "[1"}])
def test_texts_count_as_what_the_schema_wants(parameters: dict[str, Any]) -> None:
    check_input(INTERFACE, "REMOTE", parameters, "PREDICT")


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"n": 5}, "[$.parameters: required property 'q' not found]"),
        ({"q": "x", "n": "five"}, "[$.parameters.n: string found, integer expected]"),
    ],
)
def test_a_misfit_is_told_with_instance_and_schema(parameters: dict[str, Any], fault: str) -> None:
    with pytest.raises(StatusException) as error:
        check_input(INTERFACE, "REMOTE", parameters, "PREDICT")
    assert error.value.status == 400
    text = str(error.value)
    assert text.startswith("Error validating input schema, if you think this is expected, please update your 'input'")
    assert f'Validation failed: {fault} for instance: {{"algorithm":"REMOTE",' in text
    assert text.endswith(f" with schema: {INTERFACE['input']}")


def test_the_answer_is_checked_too() -> None:
    check_output(INTERFACE, {"inference_results": []})
    check_output(None, {})
    with pytest.raises(StatusException, match="Error validating output schema"):
        check_output(INTERFACE, {})

"""A model's `interface`: JSON Schemas (draft 2020-12) for what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, JavaException, StatusException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields
from ragstone.ml.values import text_of

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_SIDES = ("input", "output")


def parse_interface(body: Any) -> JsonObject:
    """Schemas as JSON texts, as they are stored. Raises IllegalArgumentException for what is no JSON Schema."""
    fields = Fields(body)
    parsed = {}
    for side in _SIDES:
        given = fields.body.get(side)
        if given is not None:
            parsed[side] = text_of(given)
            _validator(parsed[side])
    return parsed


def check_input(interface: JsonObject | None, algorithm: str, parameters: Mapping[str, Any], action_type: str) -> None:
    """Raises StatusException 400 when the input does not fit the schema."""
    schema = (interface or {}).get("input")
    if schema is None:
        return
    types = _parameter_types(schema)
    read = {name: value if types.get(name) == "string" else _read(value) for name, value in parameters.items()}
    _check("input", schema, {"algorithm": algorithm, "parameters": read, "action_type": action_type})


def check_output(interface: JsonObject | None, body: JsonObject) -> None:
    """Raises StatusException 400 when the answer does not fit the schema."""
    schema = (interface or {}).get("output")
    if schema is not None:
        _check("output", schema, body)


def _check(side: str, schema: str, instance: JsonObject) -> None:
    faults = [_fault(error) for error in _validator(schema).iter_errors(instance)]
    if faults:
        raise StatusException(
            400,
            f"Error validating {side} schema, if you think this is expected, please update your '{side}' field in the "
            f"'interface' field for this model: Validation failed: [{', '.join(faults)}] for instance: "
            f"{json.encode(instance).decode()} with schema: {schema}",
        )


@lru_cache(maxsize=128)
def _validator(schema: str) -> Draft202012Validator:
    # Few models have an interface, and every start would wait for the library.
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        decoded = json.decode(schema)
        Draft202012Validator.check_schema(decoded)
    except (JavaException, SchemaError) as error:
        reason = error.message if isinstance(error, SchemaError) else error.reason
        raise IllegalArgumentException(f"Invalid JSON schema in interface: {reason}") from None
    return Draft202012Validator(decoded)


def _parameter_types(schema: str) -> dict[str, Any]:
    """The type that the schema gives to each parameter."""
    node = json.decode(schema)
    for step in ("properties", "parameters", "properties"):
        node = node.get(step) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return {}
    return {name: member.get("type") for name, member in node.items() if isinstance(member, dict)}


def _read(value: Any) -> Any:
    """A text counts as the JSON it reads as, if any: parameters may come as texts."""
    if not isinstance(value, str):
        return value
    try:
        return json.decode(value)
    except JavaException:
        return value


def _fault(error: ValidationError) -> str:
    """One fault in the words of OpenSearch's validator, for the two that matter; else in our library's."""
    path = error.json_path
    instance: Any = error.instance
    wanted: Any = error.validator_value
    if error.validator == "required":
        missing = next((name for name in wanted if name not in instance), "")
        return f"{path}: required property '{missing}' not found"
    if error.validator == "type":
        return f"{path}: {_type(instance)} found, {_joined(wanted)} expected"
    return f"{path}: {error.message}"


def _joined(types: Any) -> str:
    return types if isinstance(types, str) else f"[{', '.join(types)}]"


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if value is None:
        return "null"
    names = {str: "string", int: "integer", float: "number", dict: "object", list: "array"}
    return names[type(value)]

"""Guardrails of a remote model: what must not be asked, and what must not be answered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from ragstone.core import json
from ragstone.core.errors import IllegalArgumentException, OpenSearchException, UnsupportedOperationException
from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields
from ragstone.ml.values import text_of

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Calls a guardrail model by id with parameters; answers what it put under `response`."""

Side = Literal["input", "output"]

_REJECTED: dict[Side, str] = {
    "input": "guardrails triggered for user input",
    "output": "guardrails triggered for LLM output",
}


def parse_guardrails(body: Any) -> JsonObject:
    """Guardrails as they are stored.

    Raises IllegalArgumentException (unknown type, a pattern that does not compile), UnsupportedOperationException
    (stop words), ParsingException.
    """
    fields = Fields(body)
    kind = fields.text("type") or "local_regex"
    if kind not in ("local_regex", "model"):
        raise IllegalArgumentException("The type of guardrails is required, can not be null.")
    parsed: JsonObject = {"type": kind}
    for side in ("input_guardrail", "output_guardrail"):
        given = fields.object(side)
        if given is not None:
            parsed[side] = _parse_regex(given) if kind == "local_regex" else _parse_model(given)
    return parsed


def _parse_regex(body: JsonObject) -> JsonObject:
    fields = Fields(body)
    if fields.array("stop_words"):
        raise UnsupportedOperationException("Guardrails with stop_words are not supported yet; use regex or a model")
    patterns = fields.texts("regex")
    for pattern in patterns or ():
        _compiled(pattern)
    return {"regex": patterns} if patterns is not None else {}


def _parse_model(body: JsonObject) -> JsonObject:
    fields = Fields(body)
    parsed: JsonObject = {}
    for name in ("model_id", "response_filter", "response_validation_regex"):
        text = fields.text(name)
        if text is not None:
            parsed[name] = text
    if "model_id" not in parsed:
        raise IllegalArgumentException("guardrail model id is null")
    if "response_validation_regex" in parsed:
        _compiled(parsed["response_validation_regex"])
    return parsed


async def check(guardrails: JsonObject | None, side: Side, text: str, parameters: Mapping[str, Any], ask: Ask) -> None:
    """Raises IllegalArgumentException when `text` (the whole payload, or the whole answer) must not pass."""
    rules = (guardrails or {}).get(f"{side}_guardrail")
    if not guardrails or not rules:
        return
    if guardrails["type"] == "local_regex":
        passes = not any(_compiled(pattern).fullmatch(text) for pattern in rules.get("regex", ()))
    else:
        question = text_of(parameters.get("question", "")) if side == "input" else text
        passes = await _accepted(rules, question, ask)
    if not passes:
        raise IllegalArgumentException(_REJECTED[side])


async def _accepted(rules: JsonObject, question: str, ask: Ask) -> bool:
    """Whether the guardrail model's filtered answer, as JSON, is the accepted one. Its failure rejects."""
    if not question:
        return True
    given = {"question": question}
    if "response_filter" in rules:
        given["response_filter"] = rules["response_filter"]
    try:
        answer = await ask(rules["model_id"], given)
    except OpenSearchException:
        return False
    pattern = rules.get("response_validation_regex", "")
    return _compiled(pattern).fullmatch(json.encode(answer).decode()) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:
        raise IllegalArgumentException(f"Invalid regex pattern: {pattern}") from None

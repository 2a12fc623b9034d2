"""JSON patches (RFC 6902) as the security API takes them: `add`, `replace` and `remove`. Pure.

`Differs:` from the RFC, as OpenSearch does: to remove what is not there is no error.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ragstone.core.errors import IllegalArgumentException
from ragstone.security.refusals import refused

Op = Literal["add", "replace", "remove"]

_OPS: Final[tuple[Op, ...]] = ("replace", "add", "remove")
_END: Final = "-"


@dataclass(frozen=True)
class Operation:
    """`path` is split at its slashes; `()` means the whole document."""

    op: Op
    path: tuple[str, ...]
    value: Any = None


def parse(content: Any) -> tuple[Operation, ...]:
    """Raises Refusal; IllegalArgumentException for a path that does not begin with a slash."""
    if not isinstance(content, list) or not content:
        raise refused(400, "Wrong request body")
    if not all(isinstance(each, dict) and isinstance(each.get("op"), str) for each in content):
        raise refused(400, "Wrong request body")
    for each in content:
        if each["op"] not in _OPS:
            raise refused(400, f"Unsupported patch operation: {each['op']}. Supported are: {','.join(_OPS)}")
    return tuple(map(_operation, content))


def apply(operations: Sequence[Operation], document: Any) -> Any:
    """The document after all operations, one after the other. The given one is left alone.

    Raises Refusal for what the document has no place for.
    """
    changed = copy.deepcopy(document)
    for operation in operations:
        changed = _applied(operation, changed)
    return changed


def _operation(content: dict[str, Any]) -> Operation:
    path = content.get("path")
    if "path" not in content:
        raise refused(400, "Invalid JSON Patch payload (missing 'path' field)")
    if not isinstance(path, str):
        raise refused(400, "Invalid JSON Patch payload (non-text 'path' field)")
    if content["op"] != "remove" and "value" not in content:
        raise refused(400, "Invalid JSON Patch payload (missing 'value' field)")
    return Operation(content["op"], _split(path), copy.deepcopy(content.get("value")))


def _split(path: str) -> tuple[str, ...]:
    if not path:
        return ()
    if not path.startswith("/"):
        raise IllegalArgumentException("Missing leading slash")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in path[1:].split("/"))


def _applied(operation: Operation, document: Any) -> Any:
    value = copy.deepcopy(operation.value)
    if not operation.path:
        if operation.op == "remove":
            raise refused(400, "Cannot remove document root")
        return value
    *way, last = operation.path
    parent = document
    for token in way:
        parent = _step(parent, token)
    if isinstance(parent, dict):
        if operation.op == "remove":
            parent.pop(last, None)
        elif operation.op == "replace" and last not in parent:
            raise refused(400, f'Missing field "{last}"')
        else:
            parent[last] = value
    elif isinstance(parent, list):
        _change_list(parent, last, operation.op, value)
    else:
        raise refused(400, "Cannot reference past scalar value")
    return document


def _change_list(items: list[Any], token: str, op: Op, value: Any) -> None:
    if op == "add" and token == _END:
        items.append(value)
        return
    at = _index(token, len(items) if op == "add" else len(items) - 1)
    if op == "add":
        items.insert(at, value)
    elif op == "replace":
        items[at] = value
    else:
        del items[at]


def _step(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        if token not in container:
            raise refused(400, f'Missing field "{token}"')
        return container[token]
    if isinstance(container, list):
        if not _is_index(token):
            raise refused(400, f'Can\'t reference field "{token}" on array')
        if int(token) >= len(container):
            raise refused(400, f"Array index {token} is out of bounds")
        return container[int(token)]
    raise refused(400, "Can't reference past scalar value")


def _index(token: str, most: int) -> int:
    if not _is_index(token):
        raise refused(400, f'Can\'t reference field "{token}" on array')
    if int(token) > most:
        raise refused(400, f"Array index {token} out of bounds")
    return int(token)


def _is_index(token: str) -> bool:
    return token == "0" or (token.isascii() and token.isdecimal() and len(token) < 10 and token[0] != "0")

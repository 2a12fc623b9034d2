"""What a request's content for an entity must look like, in OpenSearch's order of asking. Pure.

`Differs:` what is wrong inside `index_permissions` and the like, a hash, a document query or a pattern that is none are
400 here; OpenSearch answers the first with a 500 and takes the others. An empty hash is as good as none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ragstone.core import json
from ragstone.core.caller import IndexView
from ragstone.core.errors import OpenSearchException
from ragstone.core.regex import java_pattern, java_replacement, may_explode
from ragstone.core.xcontent import JsonObject, java_text
from ragstone.dsl.query import parse_query
from ragstone.engine.visibility import visibility
from ragstone.security.entities import Kind
from ragstone.security.passwords import is_hash
from ragstone.security.patterns import fill_json, pattern_fault
from ragstone.security.refusals import invalid, no_content, refused

Shape = Literal["Array", "Object", "String"]

_TYPES: Final[Mapping[Shape, type]] = {"Array": list, "Object": dict, "String": str}


@dataclass(frozen=True)
class Rules:
    """The keys that content may have, each with its shape; those it must have; those of which it must have one."""

    allowed: Mapping[str, Shape]
    mandatory: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


RULES: Final[Mapping[Kind, Rules]] = {
    Kind.USERS: Rules(
        {
            "backend_roles": "Array",
            "attributes": "Object",
            "description": "String",
            "opendistro_security_roles": "Array",
            "hash": "String",
            "password": "String",
        }
    ),
    Kind.ROLES: Rules(
        {
            "cluster_permissions": "Array",
            "tenant_permissions": "Array",
            "index_permissions": "Array",
            "description": "String",
        }
    ),
    Kind.MAPPINGS: Rules(
        {
            "backend_roles": "Array",
            "and_backend_roles": "Array",
            "hosts": "Array",
            "users": "Array",
            "description": "String",
        },
        # In the order that OpenSearch lists them.
        one_of=("backend_roles", "hosts", "and_backend_roles", "users"),
    ),
    Kind.ACTION_GROUPS: Rules(
        {"allowed_actions": "Array", "description": "String", "type": "String"}, mandatory=("allowed_actions",)
    ),
    Kind.TENANTS: Rules({"description": "String"}),
}
ACCOUNT: Final = Rules(
    {"hash": "String", "password": "String", "current_password": "String"}, mandatory=("current_password",)
)

_INDEX_PERMISSION: Final[Mapping[str, Shape]] = {
    "index_patterns": "Array",
    "dls": "String",
    "fls": "Array",
    "masked_fields": "Array",
    "allowed_actions": "Array",
}
_ALGORITHMS: Final = frozenset(
    {
        "MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512", "SHA-512/224", "SHA-512/256",
        "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512",
    }
)  # fmt: skip
"""By which masked fields may be hashed, as Java names them."""
_TENANT_PERMISSION: Final[Mapping[str, Shape]] = {"tenant_patterns": "Array", "allowed_actions": "Array"}


def parse(body: bytes) -> Any:
    """A request's body as JSON. Raises Refusal when there is none, or what there is cannot be read."""
    if not body.strip():
        raise no_content()
    try:
        return json.decode_strict(body)
    except OpenSearchException:
        raise invalid("Could not parse content of request.") from None


def checked(content: Any, rules: Rules) -> JsonObject:
    """Content of the right shape, at its top. Raises Refusal."""
    if not isinstance(content, (dict, list)) or not content:
        raise no_content()
    if not isinstance(content, dict):
        raise invalid("Could not parse content of request.")
    _check_keys(content, rules)
    wrong = {key: f"{shape} expected" for key, shape in rules.allowed.items() if _is_other(content, key, _TYPES[shape])}
    if wrong:
        raise invalid("Wrong datatype", wrong)
    if _has_blank_item(content):
        raise invalid("`null` or blank values are not allowed as json array elements")
    return content


def checked_entity(kind: Kind, content: Any) -> JsonObject:
    """As `checked`, and what is inside lists and objects, too. Passwords' strength is not looked at. Raises Refusal."""
    entity = checked(content, RULES[kind])
    for key, shape in RULES[kind].allowed.items():
        if shape == "Array" and key not in ("index_permissions", "tenant_permissions"):
            _require_texts(key, entity.get(key, []))
    if kind is Kind.USERS:
        _check_user(entity)
    if kind is Kind.MAPPINGS:
        for key in RULES[kind].one_of:
            _check_patterns(key, entity.get(key, []))
    if kind is Kind.ROLES:
        for permission in entity.get("index_permissions", []):
            _check_nested("index_permissions", permission, _INDEX_PERMISSION)
        for permission in entity.get("tenant_permissions", []):
            _check_nested("tenant_permissions", permission, _TENANT_PERMISSION)
        _check_restrictions(entity.get("index_permissions", []))
        for permission in entity.get("index_permissions", []):
            _check_patterns("index_permissions.index_patterns", permission.get("index_patterns") or [])
    return entity


def check_hash(content: Mapping[str, Any]) -> None:
    """Raises Refusal when there is a `hash` that nobody could log in with."""
    given = content.get("hash")
    if given and not is_hash(given):
        raise invalid("Invalid configuration", {"hash": "A bcrypt, argon2 or PBKDF2 hash expected"})


def query_fault(text: str) -> str | None:
    """Why a role's document query can be no query, whoever asks; None is fine."""
    filled = fill_json(text, lambda name: '"x"' if "roles" in name.lower() else "x") or ""
    try:
        query = parse_query(json.decode(filled.encode()))
    except OpenSearchException as error:
        return error.reason or error.type_name()
    if not visibility(IndexView(documents=(filled,))).documents:
        return f"a query [{query.wire_name}] cannot say which documents are shown"
    return None


def masked_field_fault(text: str) -> str | None:
    """Why `name`, `name::algorithm` or `name::/regex/::replacement` is none of them; None is fine."""
    _, *rest = text.split("::")
    if len(rest) == 1 and rest[0].upper() not in _ALGORITHMS:
        return f"Invalid algorithm {rest[0]}"
    if len(rest) > 1 and len(rest) % 2:
        return (
            "A field masking expression must have the form 'field_name', 'field_name::algorithm', "
            "'field_name::regex::replacement' or 'field_name::(regex::replacement)+'"
        )
    for expression, replacement in zip(rest[::2], rest[1::2], strict=False):
        if (fault := _replacement_fault(expression, replacement)) is not None:
            return fault
    return None


def _replacement_fault(expression: str, replacement: str) -> str | None:
    if len(expression) < 2 or not (expression.startswith("/") and expression.endswith("/")):
        return "A regular expression needs to be wrapped in /.../"
    if may_explode(expression[1:-1]):
        return f"Regex pattern may take exponential time: {expression[1:-1]}"
    try:
        java_pattern(expression[1:-1]).sub(java_replacement(replacement), "")
    except (re.error, IndexError) as error:
        return str(error)
    return None


def _check_keys(content: JsonObject, rules: Rules) -> None:
    faults: JsonObject = {}
    unknown = [key for key in content if key not in rules.allowed]
    if unknown:
        faults["invalid_keys"] = {"keys": ",".join(unknown)}
    missing = [key for key in rules.mandatory if key not in content]
    if missing:
        faults["missing_mandatory_keys"] = {"keys": ",".join(missing)}
    if rules.one_of and not any(key in content for key in rules.one_of):
        faults["specify_one_of"] = {"keys": ",".join(rules.one_of)}
    if faults:
        raise invalid("Invalid configuration", faults)


def _is_other(content: Mapping[str, Any], key: str, wanted: type) -> bool:
    return key in content and not isinstance(content[key], wanted)


def _has_blank_item(value: Any) -> bool:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            if any(item is None or (isinstance(item, str) and not item.strip()) for item in current):
                return True
            pending += current
        elif isinstance(current, dict):
            pending += current.values()
    return False


def _check_user(user: JsonObject) -> None:
    for name, value in user.get("attributes", {}).items():
        if value is None or isinstance(value, (dict, list)):
            raise invalid("Invalid configuration", {f"attributes.{name}": "String expected"})
    check_hash(user)


def _check_nested(within: str, permission: Any, allowed: Mapping[str, Shape]) -> None:
    if not isinstance(permission, dict):
        raise invalid("Invalid configuration", {within: "Array of objects expected"})
    unknown = [key for key in permission if key not in allowed]
    if unknown:
        raise invalid("Invalid configuration", {"invalid_keys": {"keys": ",".join(unknown)}})
    wrong = {
        f"{within}.{key}": f"{shape} expected"
        for key, shape in allowed.items()
        if permission.get(key) is not None and _is_other(permission, key, _TYPES[shape])
    }
    if wrong:
        raise invalid("Invalid configuration", wrong)
    for key, shape in allowed.items():
        if shape == "Array":
            _require_texts(f"{within}.{key}", permission.get(key) or [])


def _require_texts(key: str, items: list[Any]) -> None:
    if any(isinstance(item, (dict, list)) for item in items):
        raise invalid("Invalid configuration", {key: "Array of strings expected"})


def _check_patterns(key: str, patterns: Iterable[Any]) -> None:
    for pattern in map(java_text, patterns):
        if (fault := pattern_fault(pattern)) is not None:
            raise invalid("Invalid configuration", {key: fault})


def _check_restrictions(permissions: list[JsonObject]) -> None:
    for permission in permissions:
        for field in map(java_text, permission.get("masked_fields") or []):
            if (fault := masked_field_fault(field)) is not None:
                raise invalid("Wrong datatype", {f"Masked field not valid: {field}": fault})
    for permission in permissions:
        query = permission.get("dls")
        if query and (fault := query_fault(query)) is not None:
            raise invalid("Invalid configuration", {"dls": fault})


def check_user_name(name: str) -> None:
    """An internal user's name may not hold what separates it from the password. Raises Refusal."""
    if ":" in name:
        raise refused(400, "A restricted character(s) was detected in the account name. Please remove: ':'")

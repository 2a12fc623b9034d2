"""IAM policy documents: read into frozen statements, and evaluated. Pure.

Deny wins over allow, and what nothing allows is denied. A document with a part that is not understood is refused when
it is read: to pass over a condition would allow what it forbids.

Rules: "Policy evaluation logic" and "IAM JSON policy elements reference" in AWS's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ragstone.providers.api import Verdict

Context = Mapping[str, str]
"""Keys of conditions, in lower case (`sts:externalid`)."""

_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+", re.ASCII)
_PRINCIPALS = ("AWS", "Service")


class MalformedPolicy(Exception):
    """A document that is no policy, or one that needs more than is here. The message says what."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key: any of `values` will do."""

    operator: str
    key: str
    values: tuple[str, ...]
    if_exists: bool

    def holds(self, context: Context) -> bool:
        value = context.get(self.key)
        if self.operator == "null":
            return (value is None) == (self.values[0] == "true")
        test, negated = _OPERATORS[self.operator]
        if value is None:
            # A negated operator holds for a key that is not there, as on AWS.
            return self.if_exists or negated
        return any(test(value, wanted) for wanted in self.values) is not negated


@dataclass(frozen=True)
class Statement:
    allow: bool
    actions: tuple[str, ...]
    not_actions: bool
    """`actions` came as NotAction; likewise `not_resources`."""
    resources: tuple[str, ...]
    not_resources: bool
    principals: tuple[tuple[str, str], ...]
    """(`AWS` or `Service`, name); of trust policies only."""
    conditions: tuple[Condition, ...]

    def covers(self, action: str, resources: Iterable[str], context: Context) -> bool:
        """Whether it speaks of this, whoever asks."""
        named = any(_matches(wanted.lower(), action.lower()) for wanted in self.actions)
        if named is self.not_actions:
            return False
        found = any(_matches(wanted, resource) for wanted in self.resources for resource in resources)
        return found is not self.not_resources and all(condition.holds(context) for condition in self.conditions)


@dataclass(frozen=True)
class Policy:
    statements: tuple[Statement, ...]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def permissions(document: Any) -> Policy:
    """What an identity may. Raises MalformedPolicy."""
    return Policy(tuple(_statement(entry, trust=False) for entry in _entries(document)))


def trust(document: Any) -> Policy:
    """Who may assume a role. Raises MalformedPolicy."""
    return Policy(tuple(_statement(entry, trust=True) for entry in _entries(document)))


def _entries(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        raise MalformedPolicy("a policy document must be a JSON object")
    unknown = document.keys() - {"Version", "Id", "Statement"}
    if unknown:
        raise MalformedPolicy(f"a policy document has no element [{min(unknown)}]")
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        raise MalformedPolicy(f"Version must be one of {', '.join(_VERSIONS)}, not [{document['Version']}]")
    statements = document.get("Statement")
    entries = statements if isinstance(statements, list) else [statements]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise MalformedPolicy("Statement must be an object or a list of objects")
    return entries


def _statement(entry: dict[str, Any], *, trust: bool) -> Statement:
    unknown = entry.keys() - _ELEMENTS
    if unknown:
        raise MalformedPolicy(f"the element [{min(unknown)}] of a statement is not known here")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Effect must be Allow or Deny")
    if trust and ({"Resource", "NotResource"} & entry.keys() or "Principal" not in entry):
        raise MalformedPolicy("a statement of a trust policy must have a Principal and no Resource")
    if not trust and "Principal" in entry:
        raise MalformedPolicy("a statement of a permission policy must not have a Principal")
    actions, not_actions = _either(entry, "Action", "NotAction")
    for action in actions:
        if _ACTION.fullmatch(action) is None:
            raise MalformedPolicy(f"[{action}] is no action")
    resources, not_resources = (("*",), False) if trust else _either(entry, "Resource", "NotResource")
    return Statement(
        entry["Effect"] == "Allow",
        actions,
        not_actions,
        resources,
        not_resources,
        tuple(_principals(entry["Principal"])) if trust else (),
        tuple(_conditions(entry.get("Condition", {}))),
    )


def _either(entry: dict[str, Any], plain: str, negated: str) -> tuple[tuple[str, ...], bool]:
    if (plain in entry) is (negated in entry):
        raise MalformedPolicy(f"a statement must have either {plain} or {negated}")
    name = plain if plain in entry else negated
    return _texts(entry[name], name), name == negated


def _principals(value: Any) -> Iterable[tuple[str, str]]:
    if value == "*":
        yield "AWS", "*"
        return
    if not isinstance(value, dict) or not value or not value.keys() <= set(_PRINCIPALS):
        raise MalformedPolicy(f"Principal must be an object of {' and '.join(_PRINCIPALS)}")
    for kind, names in value.items():
        for name in _texts(names, "Principal"):
            if "*" in name and name != "*":
                raise MalformedPolicy(f"a principal is a whole ARN or *, not [{name}]")
            yield kind, name


def _conditions(value: Any) -> Iterable[Condition]:
    if not isinstance(value, dict):
        raise MalformedPolicy("Condition must be an object")
    for name, keys in value.items():
        operator = name.lower()
        if_exists = operator.endswith("ifexists")
        operator = operator.removesuffix("ifexists")
        if operator not in _OPERATORS and (operator != "null" or if_exists):
            raise MalformedPolicy(f"the condition operator [{name}] is not known here")
        if not isinstance(keys, dict):
            raise MalformedPolicy(f"the condition [{name}] must be an object")
        for key, wanted in keys.items():
            values = _texts(_as_text(wanted), name)
            if operator == "null" and values not in (("true",), ("false",)):
                raise MalformedPolicy("the condition Null takes true or false")
            yield Condition(operator, key.lower(), values, if_exists)


def _as_text(value: Any) -> Any:
    """`true` may stand for `"true"`."""
    return str(value).lower() if isinstance(value, bool) else value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(text, str) and text for text in values):
        raise MalformedPolicy(f"{name} must be a text or a list of texts")
    for text in values:
        if "${" in text:
            raise MalformedPolicy(f"policy variables are not known here: [{text}]")
    return tuple(values)


# ── evaluating ───────────────────────────────────────────────────────────────────────────────────────────────────────


def decide(policies: Iterable[Policy], action: str, resources: Sequence[str], context: Context) -> Verdict:
    """`resources` are names of one and the same thing: a statement that matches one of them matches it."""
    found = [
        statement.allow
        for policy in policies
        for statement in policy.statements
        if statement.covers(action, resources, context)
    ]
    return Verdict(bool(found) and all(found), explicit=not all(found))


def decide_trust(policy: Policy, names: Mapping[str, Iterable[str]], action: str, context: Context) -> Verdict:
    """Whether a trust policy lets in somebody who goes by `names` (of each kind of principal)."""
    known = {(kind, name) for kind, listed in names.items() for name in listed}
    # A star means everybody of AWS's kind, but no service.
    everybody = {("AWS", "*")} if "AWS" in names else set()
    found = [
        statement.allow
        for statement in policy.statements
        if (known | everybody) & set(statement.principals) and statement.covers(action, ("*",), context)
    ]
    return Verdict(bool(found) and all(found), explicit=not all(found))


def _matches(pattern: str, text: str) -> bool:
    return pattern in ("*", text) or _pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    # Runs of stars are one star: otherwise some of them would take for ever to not match.
    parts = re.split(r"(\*+|\?)", text)
    regex = (".*" if part.startswith("*") else "." if part == "?" else re.escape(part) for part in parts)
    return re.compile("".join(regex), re.DOTALL)


def _same(value: str, wanted: str) -> bool:
    return value == wanted


def _same_in_any_case(value: str, wanted: str) -> bool:
    return value.casefold() == wanted.casefold()


def _like(value: str, wanted: str) -> bool:
    return _matches(wanted, value)


_OPERATORS: Mapping[str, tuple[Callable[[str, str], bool], bool]] = {
    "stringequals": (_same, False),
    "stringnotequals": (_same, True),
    "stringequalsignorecase": (_same_in_any_case, False),
    "stringnotequalsignorecase": (_same_in_any_case, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_like, False),
    "arnlike": (_like, False),
    "arnnotequals": (_like, True),
    "arnnotlike": (_like, True),
    "bool": (_same_in_any_case, False),
}
"""By name: the test, and whether it is negated."""
CONDITION_OPERATORS = (*_OPERATORS, "null")

"""From a YAML file to a Scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ragstone.core import json
from ragstone.testing.conformance.matchers import (
    Absent,
    Anything,
    Approximately,
    Exactly,
    Id,
    Number,
    Pattern,
    Unordered,
)
from ragstone.testing.conformance.scenario import KINDS, TARGETS, Difference, Expectation, Scenario, Step

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")


class MalformedScenario(Exception):
    """Says which file, and what is wrong in it."""


def read(path: Path) -> Scenario:
    """Raises MalformedScenario."""
    try:
        return _scenario(path.stem, _load(path), path.parent)
    except (yaml.YAMLError, MalformedScenario) as error:
        raise MalformedScenario(f"{path}: {error}") from error


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


class _Loader(yaml.SafeLoader):
    """YAML whose plain values mean what they mean in JSON: no dates, `yes` is a text; a key comes once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for number, key in enumerate(keys) if key in keys[:number]), None)
        if twice is not None:
            raise MalformedScenario(f"[{twice}] is there twice, the second time{node.start_mark}")
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp", ":float", ":int"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9]\d*)$"), list("-0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$"), list("-0123456789")
)


def _tag(name: str, build: Any) -> None:
    def construct(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return build(loader.construct_scalar(node))
        if isinstance(node, yaml.SequenceNode):
            return build(loader.construct_sequence(node, deep=True))
        assert isinstance(node, yaml.MappingNode), node
        return build(loader.construct_mapping(node, deep=True))

    _Loader.add_constructor(f"!{name}", construct)


_tag("any", lambda _: Anything())
_tag("absent", lambda _: Absent())
_tag("id", lambda _: Id())
_tag("number", lambda _: Number())
_tag("approx", lambda text: Approximately(float(text)))
_tag("regex", Pattern)
_tag("exact", Exactly)
_tag("unordered", lambda members: Unordered(tuple(members)))


def _scenario(name: str, loaded: Any, folder: Path) -> Scenario:
    members = _members(loaded, "the file", "about", "given", "names", "chat", "lacks", "steps", "finally")
    given = [_given(one, folder) for one in _listed(members.get("given", []))]
    names = {name: kind for part in (*given, members) for name, kind in part.get("names", {}).items()}
    strange = set(names.values()) - set(KINDS)
    if strange:
        raise MalformedScenario(f"names may be of the kinds {list(KINDS)}, not {sorted(strange)}")
    if not members.get("about") or not members.get("steps"):
        raise MalformedScenario("[about] and [steps] are needed")
    steps = [step for part in (*given, members) for step in part.get("steps", [])]
    last = [step for part in (members, *reversed(given)) for step in part.get("finally", [])]
    return Scenario(
        name=name,
        about=members["about"],
        names=names,
        chat=members.get("chat", []),
        lacks=_by_target(members.get("lacks", {}), "lacks"),
        steps=[_step(step, number) for number, step in enumerate(steps, 1)],
        at_the_end=[_step({"do": step} if isinstance(step, str) else step, 0) for step in last],
    )


def _given(name: str, folder: Path) -> Mapping[str, Any]:
    """What several scenarios begin with: `given/<name>.yaml`."""
    path = folder / "given" / f"{name}.yaml"
    if not path.is_file():
        raise MalformedScenario(f"there is no {path}")
    return _members(_load(path), str(path), "names", "steps", "finally")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _step(loaded: Any, number: int) -> Step:
    where = f"step {number}"
    members = _members(
        loaded, where, "do", "body", "lines", "text", "status", "reply", "headers", "keep", "until", "asked", "differs"
    )  # fmt: skip
    method, _, target = str(members.get("do", "")).partition(" ")
    if method not in _METHODS or not target.startswith("/"):
        raise MalformedScenario(f"[do] of {where} must be like GET /_search, not [{members.get('do')}]")
    content, content_type = _content(members, where)
    return Step(
        method=method,
        target=target,
        content=content,
        content_type=content_type,
        expected=_expectation(members),
        keep=members.get("keep", {}),
        until=members.get("until"),
        asked=members.get("asked"),
        differs={
            on: _difference(other, where)
            for on, other in _by_target(members.get("differs", {}), f"differs of {where}").items()
        },
    )


def _content(members: Mapping[str, Any], where: str) -> tuple[str | None, str]:
    """`body` is one JSON value, `lines` a list of them (NDJSON), `text` goes as it is."""
    given = [key for key in ("body", "lines", "text") if key in members]
    if len(given) > 1:
        raise MalformedScenario(f"{where} has {' and '.join(given)}; one is enough")
    if "body" in members:
        return json.encode(members["body"]).decode(), "application/json"
    if "lines" in members:
        return "".join(json.encode(line).decode() + "\n" for line in members["lines"]), "application/x-ndjson"
    return members.get("text"), "application/json"


def _expectation(members: Mapping[str, Any]) -> Expectation:
    return Expectation(members.get("status", 200), members.get("reply", Anything()), members.get("headers", {}))


def _difference(loaded: Any, where: str) -> Difference:
    members = _members(loaded, f"differs of {where}", "because", "status", "reply", "headers")
    if not members.get("because"):
        raise MalformedScenario(f"differs of {where} does not say [because]")
    return Difference(members["because"], _expectation(members))


def _by_target(loaded: Any, where: str) -> dict[str, Any]:
    return dict(_members(loaded, where, *TARGETS))


def _members(loaded: Any, where: str, *allowed: str) -> Mapping[str, Any]:
    if not isinstance(loaded, Mapping):
        raise MalformedScenario(f"{where} must be a mapping")
    strange = set(loaded) - set(allowed)
    if strange:
        raise MalformedScenario(f"{where} has {sorted(strange)}; known are {list(allowed)}")
    return loaded

"""From what a handler answers to the bytes that go out."""

from __future__ import annotations

from typing import Any

from ragstone.core import json
from ragstone.core.units import parse_bool
from ragstone.rest import filter_path
from ragstone.rest.request import Request
from ragstone.rest.response import JSON, YAML, Response


def render(response: Response, request: Request) -> tuple[bytes, str]:
    """The body and its content type.

    `filter_path` comes last of all, after everything else about the answer is decided, and spares errors.
    """
    body = response.body
    if body is None:
        return b"", response.content_type
    if isinstance(body, bytes):
        return body, response.content_type
    if isinstance(body, str):
        return body.encode(), response.content_type
    filters = request.query.get("filter_path")
    as_yaml = ("format" in request.query or "accept" in request.headers) and request.media == "yaml"
    pretty = response.pretty if "pretty" not in request.query else parse_bool(request.query["pretty"])
    if filters and response.filterable:
        body = filter_path.apply(json.decode(json.encode(body)), filters)
        if body == []:  # as recorded: nothing left of an object is an object, of a list it is nothing at all
            return b"", response.content_type
    if as_yaml:
        return yaml_form(json.decode(json.encode(body))), YAML
    return json.encode(body, pretty=pretty), JSON if response.content_type is JSON else response.content_type


def yaml_form(value: Any) -> bytes:
    """YAML as OpenSearch (Jackson) writes it: texts in double quotes, names plain, lists not indented."""
    import yaml  # costs every start time, and hardly anybody asks for it

    class Dumper(yaml.SafeDumper):
        def represent_pair(self, name: str, child: Any) -> tuple[Any, Any]:
            return yaml.ScalarNode("tag:yaml.org,2002:str", name), self.represent_data(child)

    def mapping(dumper: Dumper, data: dict[str, Any]) -> yaml.MappingNode:
        pairs = [dumper.represent_pair(name, child) for name, child in data.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)

    def text(dumper: Dumper, data: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style='"')

    Dumper.add_representer(dict, mapping)
    Dumper.add_representer(str, text)
    dumped = yaml.dump(
        value, Dumper=Dumper, explicit_start=True, default_flow_style=False, allow_unicode=True, width=2**31
    )
    return str(dumped).encode()

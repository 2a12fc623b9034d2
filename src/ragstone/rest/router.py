"""Paths to handlers: a trie over path segments, with OpenSearch's rules for what is not there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ragstone.core.errors import IllegalArgumentException
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.services import Services

Handler = Callable[[Services, Request], Awaitable[Response]]

COMMON_PARAMETERS = frozenset(
    {"pretty", "human", "error_trace", "filter_path", "format", "source", "source_content_type"}
)


@dataclass(frozen=True)
class Route:
    """One method on one path. `parameters` are the query parameters it knows; others are refused with a 400."""

    method: str
    path: str
    handler: Handler
    parameters: frozenset[str]


class Routes:
    """A module's routes: `@routes.add("GET /{index}/_search", "POST /{index}/_search", parameters=[...])`."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(self, *targets: str, parameters: Iterable[str] = ()) -> Callable[[Handler], Handler]:
        known = frozenset(parameters)

        def register(handler: Handler) -> Handler:
            for target in targets:
                method, _, path = target.partition(" ")
                self._routes.append(Route(method, path, handler, known))
            return handler

        return register

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    wildcard: _Node | None = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


class Router:
    """Literal segments beat `{name}` segments, at every depth, with a step back when that leads nowhere."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self.routes: list[Route] = []
        for route in routes:
            self._insert(route)

    def _insert(self, route: Route) -> None:
        node, names = self._root, []
        for segment in _segments(route.path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                if node.wildcard is None:
                    node.wildcard = _Node()
                node = node.wildcard
            else:
                node = node.children.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.path} is routed twice")
        node.routes[route.method] = (route, tuple(names))
        self.routes.append(route)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters. HEAD is served by GET's route where HEAD has none of its own."""
        for node, values in self._candidates(self._root, _segments(path), ()):
            found = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
            if found is not None:
                route, names = found
                return route, dict(zip(names, values, strict=True))
        return None

    def allowed(self, path: str) -> list[str]:
        """Methods that some route has on this path; [] when the path is unknown."""
        methods: list[str] = []
        for node, _ in self._candidates(self._root, _segments(path), ()):
            methods += [m for m in node.routes if m not in methods]
        return methods

    def _candidates(
        self, node: _Node, segments: list[str], values: tuple[str, ...]
    ) -> Iterator[tuple[_Node, tuple[str, ...]]]:
        if not segments:
            if node.routes:
                yield node, values
            return
        head, rest = segments[0], segments[1:]
        child = node.children.get(head)
        if child is not None:
            yield from self._candidates(child, rest, values)
        if node.wildcard is not None:
            yield from self._candidates(node.wildcard, rest, (*values, head))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def check_parameters(route: Route, request: Request) -> None:
    """Raises IllegalArgumentException naming query parameters the route does not know."""
    unknown = sorted(set(request.query) - route.parameters - COMMON_PARAMETERS)
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        listed = ", ".join(f"[{name}]" for name in unknown)
        raise IllegalArgumentException(f"request [{request.path}] contains unrecognized parameter{plural}: {listed}")

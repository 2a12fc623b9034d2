"""Paths to handlers: a trie over path segments, with OpenSearch's rules for what is not there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from ragstone.core.did_you_mean import hint, similar
from ragstone.core.errors import IllegalArgumentException
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.services import Services

Handler = Callable[[Services, Request], Awaitable[Response]]

COMMON_PARAMETERS = frozenset(
    {"pretty", "human", "error_trace", "filter_path", "format", "source", "source_content_type"}
)

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")


@dataclass(frozen=True)
class Route:
    """One method on one path. `parameters` are the query parameters it knows; others are refused with a 400."""

    method: str
    path: str
    handler: Handler
    parameters: frozenset[str]
    suggested: frozenset[str]
    """Those that the refusal may offer as what was meant."""
    body_first: bool = False
    """The handler calls `request.check_parameters` once it has read the body: a malformed body is told first."""
    outlives_client: bool = False
    """The work goes on when the client hangs up; otherwise it is cancelled."""
    head: bool = True
    """Whether a GET answers HEAD too, where HEAD has no route of its own."""
    any_parameter: bool = False
    """Query parameters are somebody else's to judge."""
    any_content: bool = False
    """The handler takes the body as it came, and looks at its content type itself."""
    anonymous: bool = False
    """Nobody is asked who they are, where security is on."""


class Routes:
    """A module's routes: `@routes.add("GET /{index}/_search", "POST /{index}/_search", parameters=[...])`."""

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def add(
        self,
        *targets: str,
        parameters: Iterable[str] = (),
        suggested: Iterable[str] | None = None,
        body_first: bool = False,
        outlives_client: bool = False,
        head: bool = True,
        any_parameter: bool = False,
        any_content: bool = False,
        anonymous: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register a handler; see `Route` for the options. `suggested` is by default all parameters."""
        known = frozenset(parameters)
        offered = known if suggested is None else frozenset(suggested)

        def register(handler: Handler) -> Handler:
            for target in targets:
                method, _, path = target.partition(" ")
                self._routes.append(
                    Route(
                        method,
                        path,
                        handler,
                        known,
                        offered,
                        body_first,
                        outlives_client,
                        head,
                        any_parameter,
                        any_content,
                        anonymous,
                    )
                )
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
    """Literal segments beat `{name}` segments, at every depth, with a step back when that leads to no route at all.

    The best match of a path decides alone which methods it has: `PUT /x/_create` is not taken for `PUT /x/{id}` where
    `/x/_create` knows only POST.

    Paths are given as they were sent: literal segments are compared so, the values of `{name}` segments are
    percent-decoded, which lets a document id contain a slash. Empty segments are passed over (`Differs:` OpenSearch
    ignores a trailing slash only).
    """

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
        """The route and its path parameters. HEAD is served by GET's route where HEAD has none of its own.

        Raises IllegalArgumentException when a parameter is not properly percent-encoded.
        """
        node, values = self._best(path)
        found = node.routes.get(method)
        if found is None and method == "HEAD" and "GET" in node.routes and node.routes["GET"][0].head:
            found = node.routes["GET"]
        if found is None:
            return None
        route, names = found
        return route, {name: decode(value) for name, value in zip(names, values, strict=True)}

    def allowed(self, path: str) -> list[str]:
        """Methods that this path has; [] when the path is unknown."""
        return list(self._best(path)[0].routes)

    def _best(self, path: str) -> tuple[_Node, tuple[str, ...]]:
        return next(_candidates(self._root, _segments(path), 0, ()), (_Node(), ()))


def _candidates(
    node: _Node, segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if at == len(segments):
        if node.routes:
            yield node, values
        return
    child = node.children.get(segments[at])
    if child is not None:
        yield from _candidates(child, segments, at + 1, values)
    if node.wildcard is not None:
        yield from _candidates(node.wildcard, segments, at + 1, (*values, segments[at]))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def decode(text: str) -> str:
    """A percent-encoded part of a path or query. Raises IllegalArgumentException."""
    if "%" not in text:
        return text
    bad = _BAD_ESCAPE.search(text)
    if bad is not None:
        raise IllegalArgumentException(f"invalid hex byte '{bad[0][1:]}' at index {bad.start() + 1} of '{text}'")
    return unquote(text)


def parameter_fault(route: Route, request: Request) -> IllegalArgumentException | None:
    """The error that names query parameters the route does not know, and near ones that it does; None is fine."""
    unknown = request.query.keys() - route.parameters - COMMON_PARAMETERS
    if not unknown or route.any_parameter:
        return None
    return unrecognized(request.path, "parameter", unknown, route.suggested | request.path_params.keys())


def unrecognized(path: str, what: str, names: Iterable[str], known: Iterable[str]) -> IllegalArgumentException:
    """The error for words of a request that mean nothing: `what` is parameter, metric or the like."""
    candidates, listed = list(known), []
    for name in sorted(names):
        near = similar(name, candidates)
        listed.append(f"[{name}] ->{hint(near)}" if near else f"[{name}]")
    plural = "s" if len(listed) > 1 else ""
    return IllegalArgumentException(f"request [{path}] contains unrecognized {what}{plural}: {', '.join(listed)}")

"""Write docs/rights.md, or see that it is true: `python tools/rights.py [--check]`.

Every route is served once, to somebody who may do everything and whose rights are written down as they are asked for.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ragstone.core import caller, json
from ragstone.core.caller import NamedIndex
from ragstone.core.errors import OpenSearchException
from ragstone.core.settings import Settings
from ragstone.dsl.bulk import BulkItem
from ragstone.engine.values import IndexMetadata
from ragstone.indices.resolver import IndicesOptions
from ragstone.node import Node
from ragstone.rest.app import parse_query
from ragstone.rest.request import Request
from ragstone.rest.router import Route, Router
from ragstone.rest.routes import all_routes
from ragstone.security.model import IndexPermission, Role, SecurityConfiguration, User
from ragstone.security.permissions import Permissions, UserSubject
from ragstone.testing.requests import INDEX, body_of, request_line

PAGE = Path(__file__).parent.parent / "docs" / "rights.md"
_OPEN = "-"
_ALL = IndicesOptions(expand_closed=True, expand_hidden=True, forbid_closed=False, allow_aliases=False)


class Recorder(UserSubject):
    """May do everything. `cluster` and `index` are the actions asked for, in the order in which they were."""

    def __init__(self) -> None:
        role = Role(("*",), (IndexPermission(("*",), ("*",)),))
        configuration = SecurityConfiguration({}, {"all": role}, {}, {}, {}, generation=1)
        subject = Permissions(configuration).subject(User("recorder", security_roles=("all",)))
        super().__init__(subject.user, subject.roles, subject.grants, None)
        self.cluster: dict[str, None] = {}
        self.index: dict[str, None] = {}

    def require(self, *actions: str) -> None:
        self.cluster.update(dict.fromkeys(actions))

    def require_on(self, actions: Sequence[str], indices: Iterable[NamedIndex]) -> None:
        self.index.update(dict.fromkeys(actions))


class Rights:
    """Serves requests on a node of its own, before each of which there is one index with one document."""

    def __init__(self, node: Node, router: Router) -> None:
        self._services = node.services
        self._router = router
        self._index: IndexMetadata | None = None

    async def asked(self, route: Route) -> Recorder:
        """What one request on a route asks for, until it is served or fails for another reason."""
        await self._prepare()
        request = self._request(route)
        recorder = Recorder()
        token = caller.subject.set(recorder)
        # What it needs to be told that something is not there, it has asked for.
        with suppress(OpenSearchException):
            await route.handler(self._services, request)
        caller.subject.reset(token)
        return recorder

    async def _prepare(self) -> None:
        indices = await self._services.indices.get(None, _ALL)
        if indices != [self._index]:
            await self._services.indices.delete("*", _ALL)
        await self._services.bulk.one(BulkItem("index", INDEX, "1", source=b'{"a":1}'), "true")
        [self._index] = await self._services.indices.get(None, _ALL)

    def _request(self, route: Route) -> Request:
        method, _, uri = request_line(route).partition(" ")
        path, _, query = uri.partition("?")
        found = self._router.find(method, path)
        if found is None:
            raise LookupError(f"{uri} leads nowhere")
        body = body_of(route)
        request = Request(method, path, uri, parse_query(query), {"content-type": "application/json"}, found[1])
        request.body = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
        return request


async def page() -> str:
    lines = [
        "# Rights",
        "",
        "What requests ask for, under OpenSearch's names: for the indices that they mean, which belongs into a role's "
        "`index_permissions`, and besides. Made from the code by `make rights`; do not edit.",
        "",
        "Beside these: a neural query, a pipeline that calls a model and a generated answer ask for "
        "`cluster:admin/opensearch/ml/predict`; an answer with a `memory_id` for "
        "`cluster:admin/opensearch/ml/memory/interaction/list` and `.../interaction/create`; a write that makes its "
        "index for `indices:admin/create`; an item of `_bulk` for the right of its kind. The security API "
        "(`/_plugins/_security/api`) asks for a role that `security.restapi_roles` names. `-`: for nothing.",
        "",
        "| request | `index_permissions` | `cluster_permissions` |",
        "|---|---|---|",
    ]
    routes = list(all_routes(security=False))
    router = Router(routes)
    rows: dict[tuple[str, str, str], list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with Node(Settings(port=0, data=Path(folder))) as node:
            rights = Rights(node, router)
            for route in routes:
                recorder = await rights.asked(route)
                rows.setdefault((route.path, _listed(recorder.index), _listed(recorder.cluster)), []).append(
                    route.method
                )
    lines += [
        f"| {' '.join(sorted(methods))} `{path}` | {index} | {cluster} |"
        for (path, index, cluster), methods in sorted(rows.items())
    ]
    return "\n".join(lines) + "\n"


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions) or _OPEN


def main() -> int:
    made = asyncio.run(page())
    if "--check" not in sys.argv:
        PAGE.write_text(made)
    elif PAGE.read_text() != made:
        print("docs/rights.md is not what the code says: make rights", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

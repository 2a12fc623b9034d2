"""Write COMPATIBILITY.md from the registries, or see that it is true: `python tools/compatibility.py [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ragstone import node as _node
from ragstone.cluster.model import OPENSEARCH_VERSION
from ragstone.core import cluster_settings
from ragstone.core.registry import Registry
from ragstone.dsl import unsupported
from ragstone.dsl.aggregation import aggregations
from ragstone.dsl.ext import ext_sections
from ragstone.dsl.query import queries
from ragstone.engine.embedded.analysis import parts
from ragstone.engine.embedded.mapper.field_type import field_types
from ragstone.engine.embedded.mapper.settings_catalogue import SETTINGS
from ragstone.ml.connectors.post_process import post_process_functions
from ragstone.ml.connectors.pre_process import pre_process_functions
from ragstone.ml.tools.tool import tools
from ragstone.pipelines import processor
from ragstone.providers.identity.iam_policy import CONDITION_OPERATORS
from ragstone.providers.sigv4 import Rules
from ragstone.rest.gateway import OUR_PATHS, gateway_router
from ragstone.rest.routes import all_routes
from ragstone.rest.routes.aws import STS_ACTIONS
from ragstone.rest.routes.search import WITHOUT_EFFECT
from ragstone.rest.secrets_manager import OPERATIONS

PAGE = Path(__file__).parent.parent / "COMPATIBILITY.md"


def names(registry: Registry[Any]) -> str:
    return ", ".join(f"`{name}`" for name in registry.names())


def page() -> str:
    lines = [
        "# Compatibility",
        "",
        f"What of OpenSearch {OPENSEARCH_VERSION} is here. Made from the code by `make compat`; do not edit.",
        "",
        "## Requests",
        "",
        "HEAD is answered wherever GET is. `/_plugins/_security` and `/_opendistro/_security` are there where security "
        "is on.",
        "",
        "| path | methods |",
        "|---|---|",
    ]
    paths: dict[str, list[str]] = {}
    for route in all_routes(api_tokens=True):
        paths.setdefault(route.path, []).append(route.method)
    lines += [f"| `{path}` | {', '.join(sorted(methods))} |" for path, methods in sorted(paths.items())]
    lines += [
        "",
        "`_explain` takes BM25, `bool`, `dis_max` and `multi_match` apart as Lucene does; of other queries it tells "
        "the score and the query. By-query requests and `_reindex` take no scripts, no `slice`, no remote cluster; "
        "`slices` does not split the work. `_termvectors` is for stored documents, without `filter`.",
        "",
        "## In front of a cluster",
        "",
        "Everything goes to the cluster as it came, but for these.",
        "",
        f"Always here: {', '.join(_gateway_paths(always=True))}.",
        "",
        "Here when the request needs a model, a pipeline or a setting of ours: "
        f"{', '.join(_gateway_paths(always=False))}.",
        "",
    ]
    lines += ["## AWS's protocols", "", "On `POST /`, signed with an access key of `ragstone iam`.", ""]
    lines += [f"- Secrets Manager: {listed(OPERATIONS)}", f"- Security Token Service: {listed(STS_ACTIONS)}", ""]
    lines += [
        f"Signatures are AWS4-HMAC-SHA256, in the header or presigned, for {listed(Rules().services)}; not SigV4a, not "
        "streaming payloads. Policies: Allow, Deny, Principal, (Not)Action, (Not)Resource, wildcards; conditions "
        f"{listed(CONDITION_OPERATORS)} (any case, and IfExists); policy variables and anything else are refused.",
        "A request without a signature is served to anybody, or where security is on to whoever logs in another way.",
    ]
    for title, registry in (
        ("Queries", queries),
        ("Aggregations", aggregations),
        ("Field types", field_types),
        ("Ingest processors", processor.ingest_processors),
        ("Search request processors", processor.request_processors),
        ("Search phase results processors", processor.phase_results_processors),
        ("Search response processors", processor.response_processors),
        ("Sections of `ext`", ext_sections),
        ("Pre-process functions of connectors", pre_process_functions),
        ("Post-process functions of connectors", post_process_functions),
        ("Tools of agents", tools),
    ):
        lines += ["", f"## {title}", "", names(registry) or "none yet"]
    lines += ["", "## Analysis", "", "Stop words are `_english_`, `_none_` or a list.", ""]
    for what, found in (
        ("char filters", parts.CHAR_FILTERS),
        ("tokenizers", parts.TOKENIZERS),
        ("token filters", parts.FILTERS),
        ("analyzers", parts.ANALYZERS),
    ):
        lines.append(f"- {what}: {listed(found)}")
    lines += ["", "## Known to OpenSearch, refused here for now", ""]
    lines += ["Each answers 400 with an error that says so.", ""]
    lines += [f"- queries: {listed(unsupported.QUERIES)}", f"- search body: {listed(unsupported.SEARCH_KEYS)}"]
    lines += [f"- aggregations: {listed(unsupported.AGGREGATIONS)}"]
    lines += ["", "## Accepted, and without effect", ""]
    lines += ["What tunes many machines, or how Lucene stores things. Settings are kept and returned all the same.", ""]
    lines += [
        f"- search parameters: {listed(WITHOUT_EFFECT)}; every shard is here, so `routing` leaves nothing out",
        "- write parameters: `timeout`; `wait_for_active_shards`, as one copy is all there is",
        "- search body: `stats`",
        "- mappings: `store`, `term_vector`, `index_prefixes`, `index_phrases`, `eager_global_ordinals`",
        f"- index settings: {listed(unread_index_settings())}",
        "",
        "`index.number_of_shards` is recorded, counted in answers and applied to `k` of k-NN; all is in one place.",
        "A name that comes twice in one object is refused in requests, and in documents the last one counts.",
    ]
    lines += ["", "## Cluster settings", "", "A setting without effect is accepted, kept and returned.", ""]
    lines += ["| setting | default | effect |", "|---|---|---|"]
    for key, setting in sorted(cluster_settings.declared.items()):
        shown = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
        effect = setting.effect or "none"
        lines.append(f"| `{key}` | {cell(shown)} | {effect if setting.dynamic else effect + ' (not dynamic)'} |")
    return "\n".join(lines) + "\n"


def _gateway_paths(*, always: bool) -> list[str]:
    found = {route.path for route in gateway_router().routes if (route.path.startswith(OUR_PATHS)) is always}
    return [f"`{path}`" for path in sorted(found)]


def unread_index_settings() -> Iterable[str]:
    """Settings whose full key is named by no code but the catalogue itself."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (PAGE.parent / "src").rglob("*.py")
        if path.name != "settings_catalogue.py"
    )
    return (key for key in SETTINGS if key not in code)


def cell(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else ""


def listed(items: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(items))


def main(arguments: list[str]) -> int:
    assert _node  # importing it registers everything
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("COMPATIBILITY.md is stale: run `make compat`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

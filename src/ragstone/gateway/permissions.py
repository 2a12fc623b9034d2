"""Which actions of OpenSearch a request to a cluster is, and where it says what indices it is about.

One row per path, in words of OpenSearch's routes. Paths without a row are for those only who may do everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote


class Shows(Enum):
    """What an answer has in it that may be hidden from its reader."""

    NOTHING = ""
    FIELDS = "fields"
    """Names and types."""
    DOCUMENTS = "documents"


class Step(NamedTuple):
    """One question: all these actions, on the indices of the request or in the cluster."""

    on_indices: bool
    actions: tuple[str, ...]


@dataclass(frozen=True)
class Demand:
    """What a request asks for, as far as its first line says it."""

    steps: tuple[Step, ...]
    """In the order in which OpenSearch asks."""
    shows: Shows = Shows.NOTHING
    here: bool = False
    """Done by services of the gateway, which ask item by item, for everybody whose rights have bounds."""
    everywhere: bool = False
    """The rights must be on all indices, those to come too."""
    lists: bool = False
    """The body names indices, one by one."""
    items: bool = False
    """The body holds data, or requests that are checked one by one."""
    also_closed: bool = False
    """Wildcards mean closed indices, too."""
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Those of the path, decoded."""


_TABLE: Final = """
GET         /                                                cluster:monitor/main

GET POST    /[{index}/]_search                               @indices:data/read/search documents
GET POST    /[{index}/]_count                                @indices:data/read/search documents
GET POST    /[{index}/]_msearch                              indices:data/read/msearch documents lists items
GET POST    /[{index}/]_search/template                      @indices:data/read/search/template documents here
GET POST    /[{index}/]_msearch/template                     indices:data/read/msearch/template documents here
GET POST    /_render/template                                indices:data/read/search/template/render
GET POST    /_render/template/{id}                           indices:data/read/search/template/render
GET POST    /[{index}/]_search_shards                        @indices:admin/shards/search_shards
GET POST    /[{index}/]_validate/query                       @indices:admin/validate/query documents
GET POST    /{index}/_explain/{id}                           @indices:data/read/explain documents
GET POST    /[{index}/]_field_caps                           @indices:data/read/field_caps documents
GET POST    /{index}/_termvectors                            @indices:data/read/tv documents lists
GET POST    /{index}/_termvectors/{id}                       @indices:data/read/tv documents lists
GET POST    /_search/scroll                                  indices:data/read/scroll documents here items lists
GET POST    /_search/scroll/{scroll_id}                      indices:data/read/scroll documents here items lists
DELETE      /_search/scroll                                  here items lists
DELETE      /_search/scroll/{scroll_id}                      here items lists
POST        /{index}/_search/point_in_time                   @indices:data/read/point_in_time/create documents here
DELETE      /_search/point_in_time                           here items lists
GET DELETE  /_search/point_in_time/_all                      here items lists

GET         /{index}/_doc/{id}                               @indices:data/read/get documents
GET         /{index}/_source/{id}                            @indices:data/read/get documents
GET POST    /[{index}/]_mget                                 indices:data/read/mget documents here lists items
PUT POST    /{index}/_doc/{id}                               @indices:data/write/index here items
POST        /{index}/_doc                                    @indices:data/write/index here items
PUT POST    /{index}/_create/{id}                            @indices:data/write/index here items
POST        /{index}/_update/{id}                            @indices:data/write/update here items
DELETE      /{index}/_doc/{id}                               @indices:data/write/delete here
PUT POST    /[{index}/]_bulk                                 indices:data/write/bulk here lists items
POST        /{index}/_delete_by_query                        @indices:data/write/delete/byquery here
POST        /{index}/_update_by_query                        @indices:data/write/update/byquery here
POST        /_reindex                                        indices:data/write/reindex here lists items
POST        /_reindex/{task_id}/_rethrottle                  cluster:admin/reindex/rethrottle
POST        /_update_by_query/{task_id}/_rethrottle          cluster:admin/reindex/rethrottle
POST        /_delete_by_query/{task_id}/_rethrottle          cluster:admin/reindex/rethrottle

PUT         /{index}                                         @indices:admin/create
DELETE      /{index}                                         @indices:admin/delete closed
GET         /{index}                                         @indices:admin/get fields closed
GET         /[{index}/]_settings                             @indices:monitor/settings/get closed
GET         /[{index}/]_settings/{name}                      @indices:monitor/settings/get closed
GET         /{index}/_setting/{name}                         @indices:monitor/settings/get closed
PUT         /[{index}/]_settings                             @indices:admin/settings/update closed
GET         /[{index}/]_mapping                              @indices:admin/mappings/get fields closed
GET         /[{index}/]_mappings                             @indices:admin/mappings/get fields closed
GET         /[{index}/]_mapping/field/{fields}               @indices:admin/mappings/fields/get fields closed
PUT POST    /{index}/_mapping                                @indices:admin/mapping/put closed
PUT POST    /{index}/_mappings                               @indices:admin/mapping/put closed
GET POST    /[{index}/]_refresh                              @indices:admin/refresh
GET POST    /[{index}/]_flush                                @indices:admin/flush
POST        /[{index}/]_forcemerge                           @indices:admin/forcemerge
POST        /[{index}/]_cache/clear                          @indices:admin/cache/clear
POST        /{index}/_open                                   @indices:admin/open closed
POST        /{index}/_close                                  @indices:admin/close closed
PUT         /{index}/_block/{block}                          @indices:admin/block/add closed
GET POST    /_analyze                                         @indices:admin/analyze everywhere
GET POST    /{index}/_analyze                                 @indices:admin/analyze
GET         /[{index}/]_stats                                @indices:monitor/stats
GET         /[{index}/]_stats/{metric}                       @indices:monitor/stats
GET         /[{index}/]_segments                             @indices:monitor/segments
GET         /[{index}/]_recovery                             @indices:monitor/recovery
GET         /[{index}/]_shard_stores                         @indices:monitor/shard_stores
GET         /_resolve/index/{index}                          @indices:admin/resolve/index closed

POST        /_aliases                                        here lists
PUT POST    /{index}/_alias/{name}                           @indices:admin/aliases closed here lists
PUT POST    /{index}/_aliases/{name}                         @indices:admin/aliases closed here lists
DELETE      /{index}/_alias/{name}                           @indices:admin/aliases closed
DELETE      /{index}/_aliases/{name}                         @indices:admin/aliases closed
GET         /{index}/_alias                                  @indices:admin/aliases/get closed
GET         /{index}/_alias/{name}                           @indices:admin/aliases/get closed
GET         /_alias                                          @indices:admin/aliases/get everywhere
GET         /_aliases                                        @indices:admin/aliases/get everywhere
GET         /_alias/{name}                                   @indices:admin/aliases/get everywhere

PUT POST    /_index_template/{name}                          indices:admin/index_template/put
GET         /_index_template                                 indices:admin/index_template/get
GET         /_index_template/{name}                          indices:admin/index_template/get
DELETE      /_index_template/{name}                          indices:admin/index_template/delete
POST        /_index_template/_simulate                       indices:admin/index_template/simulate
POST        /_index_template/_simulate/{name}                indices:admin/index_template/simulate
POST        /_index_template/_simulate_index/{name}          indices:admin/index_template/simulate_index
PUT POST    /_component_template/{name}                      cluster:admin/component_template/put
GET         /_component_template                             cluster:admin/component_template/get
GET         /_component_template/{name}                      cluster:admin/component_template/get
DELETE      /_component_template/{name}                      cluster:admin/component_template/delete
PUT POST    /_template/{name}                                indices:admin/template/put
GET         /_template                                       indices:admin/template/get
GET         /_template/{name}                                indices:admin/template/get
DELETE      /_template/{name}                                indices:admin/template/delete

GET         /_cat                                            -
GET         /_cat/health                                     cluster:monitor/health
GET         /_cat/indices[/{index}]                          @indices:monitor/settings/get cluster:monitor/state
            cluster:monitor/health @indices:monitor/stats closed
GET         /_cat/shards[/{index}]                           cluster:monitor/shards @indices:monitor/stats
GET         /_cat/segments[/{index}]                         cluster:monitor/state @indices:monitor/segments
GET         /_cat/recovery[/{index}]                         @indices:monitor/recovery
GET         /_cat/count[/{index}]                            @indices:data/read/search documents
GET         /_cat/aliases[/{alias}]                          @indices:admin/aliases/get everywhere
GET         /_cat/templates[/{name}]                         cluster:monitor/state
GET         /_cat/nodes                                      cluster:monitor/state cluster:monitor/nodes/info
            cluster:monitor/nodes/stats
GET         /_cat/plugins                                    cluster:monitor/state cluster:monitor/nodes/info
GET         /_cat/thread_pool[/{pool}]                       cluster:monitor/state cluster:monitor/nodes/info
            cluster:monitor/nodes/stats
GET         /_cat/allocation[/{node}]                        cluster:monitor/state cluster:monitor/nodes/stats
GET         /_cat/fielddata[/{fields}]                       cluster:monitor/nodes/stats
GET         /_cat/cluster_manager                            cluster:monitor/state
GET         /_cat/master                                     cluster:monitor/state
GET         /_cat/nodeattrs                                  cluster:monitor/state cluster:monitor/nodes/info
GET         /_cat/pending_tasks                              cluster:monitor/task
GET         /_cat/tasks                                      cluster:monitor/tasks/lists
GET         /_cat/repositories                               cluster:admin/repository/get
GET         /_cat/snapshots[/{repository}]                   cluster:admin/snapshot/get

GET         /_cluster/health[/{index}]                       cluster:monitor/health
GET         /_cluster/state                                  cluster:monitor/state
GET         /_cluster/state/{metric}[/{index}]               cluster:monitor/state
GET         /_cluster/settings                               cluster:monitor/state
PUT         /_cluster/settings                               cluster:admin/settings/update
GET         /_cluster/stats                                  cluster:monitor/stats
GET         /_cluster/stats/nodes/{node_id}                  cluster:monitor/stats
GET         /_cluster/pending_tasks                          cluster:monitor/task
GET POST    /_cluster/allocation/explain                     cluster:monitor/allocation/explain
POST        /_cluster/reroute                                cluster:admin/reroute
GET         /_nodes                                          cluster:monitor/nodes/info
GET         /_nodes/stats                                    cluster:monitor/nodes/stats
GET         /_nodes/stats/{metric}[/{index_metric}]          cluster:monitor/nodes/stats
GET         /_nodes/{node_id}                                cluster:monitor/nodes/info
GET         /_nodes/{node_id}/stats                          cluster:monitor/nodes/stats
GET         /_nodes/{node_id}/stats/{metric}[/{index_metric}] cluster:monitor/nodes/stats
GET         /_nodes/{node_id}/{metric}                       cluster:monitor/nodes/info
GET         /_nodes/{node_id}/info/{metric}                  cluster:monitor/nodes/info
GET         /_nodes/usage                                    cluster:monitor/nodes/usage
GET         /_nodes/hot_threads                              cluster:monitor/nodes/hot_threads
GET         /_nodes/{node_id}/hot_threads                    cluster:monitor/nodes/hot_threads
GET         /_remote/info                                    cluster:monitor/remote/info
GET         /_tasks                                          cluster:monitor/tasks/lists
GET         /_tasks/{task_id}                                cluster:monitor/task/get
POST        /_tasks/_cancel                                  cluster:admin/tasks/cancel
POST        /_tasks/{task_id}/_cancel                        cluster:admin/tasks/cancel

PUT POST    /_ingest/pipeline/{id}                           cluster:admin/ingest/pipeline/put
GET         /_ingest/pipeline[/{id}]                         cluster:admin/ingest/pipeline/get
DELETE      /_ingest/pipeline/{id}                           cluster:admin/ingest/pipeline/delete
GET POST    /_ingest/pipeline/_simulate                      cluster:admin/ingest/pipeline/simulate items
GET POST    /_ingest/pipeline/{id}/_simulate                 cluster:admin/ingest/pipeline/simulate items
GET         /_ingest/processor/grok                          cluster:admin/ingest/processor/grok/get
PUT         /_search/pipeline/{id}                           cluster:admin/search/pipeline/put
GET         /_search/pipeline[/{id}]                         cluster:admin/search/pipeline/get
DELETE      /_search/pipeline/{id}                           cluster:admin/search/pipeline/delete
PUT POST    /_scripts/{id}[/{context}]                       cluster:admin/script/put
GET         /_scripts/{id}                                   cluster:admin/script/get
DELETE      /_scripts/{id}                                   cluster:admin/script/delete
GET         /_script_context                                 cluster:admin/script_context/get
GET         /_script_language                                cluster:admin/script_language/get

GET         /_snapshot[/{repository}]                        cluster:admin/repository/get
PUT POST    /_snapshot/{repository}                          cluster:admin/repository/put
DELETE      /_snapshot/{repository}                          cluster:admin/repository/delete
POST        /_snapshot/{repository}/_verify                  cluster:admin/repository/verify
GET         /_snapshot/{repository}/{snapshot}               cluster:admin/snapshot/get
PUT POST    /_snapshot/{repository}/{snapshot}               cluster:admin/snapshot/create
DELETE      /_snapshot/{repository}/{snapshot}               cluster:admin/snapshot/delete
GET         /_snapshot[/{repository}]/_status                cluster:admin/snapshot/status
GET         /_snapshot/{repository}/{snapshot}/_status       cluster:admin/snapshot/status

GET         /_plugins/_knn[/{node}]/stats[/{stat}]           cluster:admin/knn_stats_action
GET         /_plugins/_knn/warmup/{index}                    cluster:admin/knn_warmup_action
POST        /_plugins/_knn/clear_cache/{index}               cluster:admin/clear_cache_action
GET         /_plugins/_knn/models/{id}                       cluster:admin/knn_get_model_action
DELETE      /_plugins/_knn/models/{id}                       cluster:admin/knn_delete_model_action
GET POST    /_plugins/_knn/models/_search                    cluster:admin/knn_search_model_action
POST        /_plugins/_knn/models[/{id}]/_train              cluster:admin/knn_training_model_action
"""
"""Methods, a path (parts in `[]` may be missing), and what is asked for; a line that is indented goes on with the one
before. `@` is in front of actions on indices, those of one run of them are one question. Other words are those of
`Demand`, `closed` is `also_closed`; `-` asks for nothing."""


_NAMED: Final = ("index", "context", "snapshot")
"""Parameters that no name with an underscore before it can be meant by: such a path is another API (`/_dangling`,
`/_scripts/painless/_execute`)."""
_SPECIAL: Final = ("_all", "_current")


def demand_of(method: str, path: str) -> Demand | None:
    """What a request asks for; None where nobody knows. `path` is as it came, without the query string.

    Parts that are empty or mean another place (`//`, `..`) are nobody's: what the cluster makes of them is not known.
    """
    parts = path.removeprefix("/").removesuffix("/").split("/") if path != "/" else []
    if not path.startswith("/") or any(unquote(part) in ("", ".", "..") for part in parts):
        return None
    wanted = "GET" if method == "HEAD" else method
    for row in _ROWS.get((wanted, len(parts)), ()):
        found = row.match(parts)
        if found is not None:
            return found
    return None


def methods_of(path: str) -> list[str]:
    """The methods with which a path is known; HEAD is GET's."""
    methods = dict.fromkeys(method for method, _ in _ROWS)
    return [method for method in methods if demand_of(method, path) is not None]


class _Row(NamedTuple):
    parts: tuple[str, ...]
    demand: Demand

    def match(self, parts: list[str]) -> Demand | None:
        given: dict[str, str] = {}
        for pattern, part in zip(self.parts, parts, strict=True):
            if pattern.startswith("{"):
                name, value = pattern[1:-1], unquote(part)
                if name in _NAMED and value.startswith("_") and not value.startswith(_SPECIAL):
                    return None
                given[name] = value
            elif pattern != part:
                return None
        demand = self.demand
        return replace(demand, parameters=given) if given else demand


def _read(table: str) -> Mapping[tuple[str, int], list[_Row]]:
    """The rows by method and number of parts; of those that fit a path, the one with a word where the other has a
    parameter comes first."""
    rows: dict[tuple[str, int], list[_Row]] = {}
    for line in filter(None, re.sub(r"\n +", " ", table).splitlines()):
        words = line.split()
        at = next(number for number, word in enumerate(words) if word.startswith("/"))
        demand = _demand(words[at + 1 :])
        for path in _paths(words[at]):
            parts = tuple(filter(None, path.split("/")))
            for method in words[:at]:
                rows.setdefault((method, len(parts)), []).append(_Row(parts, demand))
    for found in rows.values():
        found.sort(key=lambda row: [part.startswith("{") for part in row.parts])
    return rows


def _paths(text: str) -> Iterator[str]:
    before, bracket, rest = text.partition("[")
    if not bracket:
        yield text
        return
    optional, _, after = rest.partition("]")
    for shown in (optional, ""):
        yield from _paths(before + shown + after)


def _demand(words: list[str]) -> Demand:
    steps: list[Step] = []
    for action in (word for word in words if ":" in word):
        step = Step(action.startswith("@"), (action.removeprefix("@"),))
        if steps and steps[-1].on_indices and step.on_indices:
            step = Step(True, (*steps.pop().actions, *step.actions))
        steps.append(step)
    shows = next((kind for kind in Shows if kind.value and kind.value in words), Shows.NOTHING)
    return Demand(
        tuple(steps),
        shows,
        here="here" in words,
        everywhere="everywhere" in words,
        lists="lists" in words,
        items="items" in words,
        also_closed="closed" in words,
    )


_ROWS: Final = _read(_TABLE)

__all__ = ["Demand", "Shows", "Step", "demand_of", "methods_of"]

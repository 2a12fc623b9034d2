"""What goes in and out of an engine. Frozen values, no behaviour.

Those made for every document of a request are named tuples: a frozen dataclass takes four times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ragstone.core.errors import OpenSearchException, ShardFailure
from ragstone.dsl.aggregation import Aggregation
from ragstone.dsl.field_format import FieldFormat
from ragstone.dsl.highlight import Highlight
from ragstone.dsl.query import Query
from ragstone.dsl.sort import SortField
from ragstone.engine.visibility import Views

JsonObject = dict[str, Any]
Refresh = Literal["false", "true", "wait_for"]
OpType = Literal["index", "create", "delete"]
VersionType = Literal["internal", "external", "external_gte"]
INDEX_VERSION_CREATED = "137257827"
"""`index.version.created` of indices made by OpenSearch 3.4.0, and so of ours."""


# ── metadata ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class IndexMetadata:
    """One index as every service sees it.

    `settings` is flat with full keys and text (or list of text) values, e.g. `{"index.knn": "true",
    "index.number_of_shards": "1", "index.uuid": ...}`. `mappings` is the mapping's JSON, `{}` when empty. `aliases`
    maps a name to its body (`{}` or filter, index_routing, search_routing, is_write_index, is_hidden).
    """

    name: str
    uuid: str
    settings: Mapping[str, Any]
    mappings: JsonObject
    aliases: Mapping[str, JsonObject]
    creation_date: int
    """Epoch milliseconds."""
    open: bool = True
    version: int = 1
    """Grows with every change of settings, mappings or aliases."""

    @property
    def hidden(self) -> bool:
        return self.settings.get("index.hidden") == "true"

    @property
    def number_of_shards(self) -> int:
        return int(self.settings.get("index.number_of_shards", "1"))

    @property
    def number_of_replicas(self) -> int:
        return int(self.settings.get("index.number_of_replicas", "1"))

    def setting(self, key: str, default: str | None = None) -> str | None:
        """One setting's text, by full key (`index.default_pipeline`)."""
        value = self.settings.get(key, default)
        return value if value is None or isinstance(value, str) else ",".join(value)


@dataclass(frozen=True)
class Metadata:
    """A consistent picture of all indices at one moment."""

    cluster_uuid: str
    indices: Mapping[str, IndexMetadata]


@dataclass(frozen=True)
class Record:
    """Named, versioned state that is no document: a pipeline, a template, the persistent settings.

    `version` starts at 1 and grows by one with every write of this name; it is never used again after a delete.
    """

    kind: str
    name: str
    value: JsonObject
    version: int


# ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


class WriteOperation(NamedTuple):
    """One document operation against one concrete index. `source` is the document's JSON bytes, None for a delete.

    At most one of (`if_seq_no`, `if_primary_term`) and (`version`, `version_type`) is given.
    """

    op: OpType
    id: str
    source: bytes | None = None
    routing: str | None = None
    if_seq_no: int | None = None
    if_primary_term: int | None = None
    version: int | None = None
    version_type: VersionType = "internal"
    pipeline: str | None = None
    """An ingest pipeline that the engine itself keeps; `_none` keeps the index's own from running."""


class StoredDocument(NamedTuple):
    """One live document as a scan hands it out."""

    id: str
    source: bytes
    version: int
    seq_no: int
    primary_term: int
    routing: str | None


class WriteResult(NamedTuple):
    """An acknowledged operation: it is durable. `result` is created, updated, deleted or not_found."""

    id: str
    result: Literal["created", "updated", "deleted", "not_found"]
    version: int
    seq_no: int
    primary_term: int
    forced_refresh: bool = False


@dataclass(frozen=True, slots=True)
class GetResult:
    """The newest version of one document (real time), or `found=False`."""

    id: str
    found: bool
    source: bytes | None = None
    version: int = -1
    seq_no: int = -2
    primary_term: int = 0
    routing: str | None = None


# ── vectors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class KnnRequests:
    """How many shards were asked by `knn` queries, each counted once, and how many of those with a filter."""

    k: int = 0
    k_filtered: int = 0
    min_score: int = 0
    min_score_filtered: int = 0
    max_distance: int = 0
    max_distance_filtered: int = 0
    graphs: int = 0
    """Graphs that lay before those queries. The rest of the vectors is compared one by one."""


@dataclass(frozen=True)
class IndexVectors:
    """The vector graphs of an index: how many there are, and their bytes in memory or mapped into it."""

    graphs: int
    size: int
    built: int
    """How many were built since the index was opened, replaced ones included."""


@dataclass(frozen=True)
class VectorUsage:
    """`requests` since the start. `indices` has those that can be searched and have vector fields."""

    requests: KnnRequests
    indices: Mapping[str, IndexVectors]


# ── analysis ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class AnalyzedToken(NamedTuple):
    """A term, and where it came from: offsets in UTF-16 code units over all texts, positions likewise."""

    term: str
    start: int
    end: int
    type: str
    position: int
    keyword: bool | None = None
    """Whether stemmers were to leave it alone; None where nothing in the chain asks."""
    length: int = 1
    """How many positions it stands for."""


@dataclass(frozen=True)
class AnalyzedStep:
    """What a tokenizer or a token filter made of all texts."""

    name: str
    tokens: Sequence[AnalyzedToken]


@dataclass(frozen=True)
class Analysis:
    """What became of the texts of an `_analyze` request, step by step.

    A whole analyzer is one step of its name. Parts are a tokenizer's step and one for every token filter behind it, and
    `char_filters` has (name, every text after it) of those in front. Without `explain` there is only the last step.
    """

    steps: Sequence[AnalyzedStep]
    char_filters: Sequence[tuple[str, Sequence[str]]] = ()
    in_parts: bool = False


# ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, eq=False)
class Reader:
    """One moment of some indices, held open: everything that names it sees that moment. The engine's own."""

    indices: tuple[str, ...]
    shards: int
    """How many shards that are, as the indices' settings count them."""
    handle: Any


@dataclass(frozen=True)
class QueryRequest:
    """The query phase of one search. `queries` has one entry, or one per sub-query of a hybrid query.

    `size` is how many hits each ranked list must hold (the caller has already added `from`). `track_total_hits`:
    True counts all, False counts nothing, N counts up to N.
    """

    indices: Sequence[str]
    """Concrete names. Empty answers nothing."""
    queries: Sequence[Query]
    """Several only by score, and without `min_score`."""
    size: int = 10
    sort: Sequence[SortField] = ()
    """Empty means by `_score`, descending; ties by index, then by insertion order."""
    search_after: Sequence[Any] | None = None
    min_score: float | None = None
    post_filter: Query | None = None
    track_total_hits: bool | int = 10_000
    track_scores: bool = False
    terminate_after: int = 0
    aggregations: Mapping[str, Aggregation] = field(default_factory=dict)
    """By name. They see all matches of all queries, before `post_filter` and `min_score`."""
    filters: Mapping[str, Query] = field(default_factory=dict)
    """Per index: a filter every hit must pass (a filtered alias)."""
    views: Views = field(default_factory=dict)
    """Per index: all that there is for whoever asks. What a view hides is nowhere in the answer: not in hits and their
    order, totals, aggregations, or sources. Hidden fields are searched like fields without any value; scores are those
    that everybody gets. An engine that cannot do this for a view refuses."""
    reader: Reader | None = None
    """Ask the moment of this reader, whose indices `indices` names, all of them. Only with a reader may `sort` have
    `_shard_doc`, a number that tells the documents of one index apart, and stays theirs."""
    behind: RankedHit | None = None
    """Only hits that come after this one, the last of an earlier page: of the same request to the same reader, but for
    `size`, aggregations and totals. Totals count all matches as ever."""


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A hit before fetch. `ref` is the engine's own handle of the document version, valid inside its `snapshot`.

    It tells documents of one index apart, and of two with equal scores the lower one comes first.
    """

    index: str
    ref: int
    score: float | None
    sort: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Total:
    value: int
    relation: Literal["eq", "gte"] = "eq"


@dataclass(frozen=True)
class RankedList:
    """What one query found, best first."""

    hits: Sequence[RankedHit]
    total: Total | None
    max_score: float | None
    failures: Sequence[ShardFailure] = ()
    """Of the indices that failed while others answered."""
    terminated_early: bool = False
    """`terminate_after` cut the search short."""


@dataclass
class QueryPhaseResult:
    """One ranked list per query, and the snapshot that fetch must read from. Close it when the search is over."""

    lists: list[RankedList]
    snapshot: Any
    shards: int
    """How many shards were asked, as the indices' settings count them."""
    aggregations: JsonObject = field(default_factory=dict)
    """By name, as the response shows them."""
    union: Total | None = None
    """How many documents match at least one of several queries; None for one query, and when nobody asked."""
    combined: bool = False
    """The lists of sub-queries have been made one."""


@dataclass(frozen=True)
class FetchOptions:
    """What fetch must bring besides `_source`."""

    source: bool = True
    version: bool = False
    seq_no_primary_term: bool = False
    explain: Query | None = None
    doc_values: Sequence[FieldFormat] = ()
    """Fields whose values are shown under `fields`."""
    highlight: Highlight | None = None
    """What of the texts is shown under `highlight`; every field of it has a query."""
    hidden: Sequence[str] = ()
    """Paths, and all below them, of which neither `doc_values` nor `highlight` shows anything."""
    named: Sequence[Query] = ()
    """Queries with a `_name`, to be tested against each hit for `matched_queries`."""


@dataclass(frozen=True)
class Explanation:
    """How one document comes by its score. `details` say what `value` is made of; they may be fewer than Lucene's."""

    value: float
    description: str
    details: tuple[Explanation, ...] = ()
    matched: bool = True


@dataclass
class Hit:
    """One hit on its way through response processors to the client.

    `source` is the stored document, whole and unparsed; filtering happens when the response is rendered.
    """

    index: str
    id: str
    score: float | None
    source: bytes | None
    sort: list[Any] | None = None
    version: int | None = None
    seq_no: int | None = None
    primary_term: int | None = None
    routing: str | None = None
    matched_queries: list[str] = field(default_factory=list)
    explanation: Explanation | None = None
    extra: JsonObject = field(default_factory=dict)
    """Further keys written beside `_source` (`fields`, ...)."""


@dataclass(frozen=True)
class Explained:
    """A document as it was searched, and what a query makes of it."""

    document: GetResult
    explanation: Explanation


@dataclass(frozen=True)
class VectorTerm:
    """One term of one field of a document. `document_frequency` and `total_frequency` where they were asked for."""

    term: str
    tokens: Sequence[AnalyzedToken]
    """Where it stands, in order; as many as it is frequent."""
    document_frequency: int | None = None
    total_frequency: int | None = None


@dataclass(frozen=True)
class FieldStatistics:
    """Counts over all documents: how many have the field, in how many each term is, added up, and how many terms there
    are."""

    documents: int
    document_frequencies: int
    total_frequencies: int


@dataclass(frozen=True)
class TermVector:
    """The terms of one field, in order. Without statistics where nobody asked, or somebody may not know them."""

    terms: Sequence[VectorTerm]
    statistics: FieldStatistics | None


@dataclass(frozen=True)
class TermVectors:
    """What a document consists of. `version` 0 when it is not there."""

    version: int
    fields: Mapping[str, TermVector]


@dataclass(frozen=True)
class IndexStats:
    """Numbers that `_cat/indices`, `_stats` and health show. Sizes in bytes."""

    documents: int
    deleted: int
    size: int
    max_seq_no: int


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do itself; services make up for the rest."""

    name: str
    node: str = ""
    """The id of the node that searches, as shard failures name it."""
    own_pipelines: bool = False
    """It keeps ingest and search pipelines of its own: a name that is not ours may be one of its."""


@dataclass(frozen=True)
class ScanPage:
    """Some documents of a scan, and where the next page begins: hand `resume` to `scan` to go on, after a restart
    too."""

    documents: Sequence[StoredDocument]
    resume: str


@dataclass(frozen=True)
class ClusterAnswer:
    """What a cluster said, whole. `body` is decompressed; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


WriteOutcome = WriteResult | OpenSearchException
"""A bulk answers per operation; a failed one does not stop the others."""

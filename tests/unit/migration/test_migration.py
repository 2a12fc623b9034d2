"""From one embedded engine to another, by way of the contract alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ragstone.core import json
from ragstone.core.clock import SystemClock
from ragstone.core.errors import (
    IllegalArgumentException,
    IllegalStateException,
    NoNodeAvailableException,
    OpenSearchException,
    OpenSearchRejectedExecutionException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.threadpool import ThreadPools
from ragstone.engine.embedded.engine import EmbeddedEngine
from ragstone.engine.values import Refresh, WriteOperation, WriteOutcome
from ragstone.migration.rehearsal import on_scratch
from ragstone.migration.report import IndexReport, Refused, Report
from ragstone.migration.service import Migration
from ragstone.migration.sides import Side, Silent
from ragstone.migration.state import STATE_FILE, MigrationState
from ragstone.migration.writing import Limits
from ragstone.ml.connectors.vault import Vault
from ragstone.ml.system_indices import CONNECTOR, MODEL
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.security.entities import Kind
from ragstone.security.model import InternalUser, Role
from ragstone.security.store import SecurityStore

BOOKS: dict[str, Any] = {
    "settings": {"index.knn": True, "index.max_result_window": 500, "index.blocks.write": True},
    "mappings": {
        "properties": {
            "title": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
            "vector": {"type": "knn_vector", "dimension": 4, "space_type": "l2"},
            "year": {"type": "integer"},
        }
    },
    "aliases": {"library": {}, "old": {"filter": {"range": {"year": {"lt": 1950}}}, "routing": "a"}},
}
WORDS = ["amber", "basalt", "copper", "diorite", "emerald", "feldspar", "granite", "hematite", "ironstone", "jasper"]


class Busy(EmbeddedEngine):
    """Refuses, as a busy or dying cluster does, what `refuse` says: the error of a bulk call or of its items."""

    refuse: Sequence[OpenSearchException | None] = ()
    whole = True
    stop_after: int | None = None

    async def bulk(
        self, index: str, operations: Sequence[WriteOperation], *, refresh: Refresh = "false"
    ) -> list[WriteOutcome]:
        if self.stop_after is not None:
            if self.stop_after == 0:
                raise NoNodeAvailableException("the cluster does not answer: no connection")
            self.stop_after -= 1
        error = self.refuse[0] if self.refuse else None
        self.refuse = self.refuse[1:]
        if error is not None and self.whole:
            raise error
        if error is not None:
            return [error, *await super().bulk(index, operations[1:])]
        return await super().bulk(index, operations, refresh=refresh)


class Ends:
    """Two engines on folders of their own, each with a master key, and migrations between them."""

    def __init__(self, folder: Path, open: AsyncExitStack) -> None:
        self._folder = folder
        self._open = open
        self.pools = ThreadPools()
        self.waits: list[float] = []
        self.said: list[str] = []
        self.source: Side
        self.target: Side
        self.busy: Busy

    async def start(self) -> None:
        self._open.callback(self.pools.close)
        self.source = await self._side("source")
        self.target = await self._side("target")
        assert isinstance(self.target.engine, Busy)
        self.busy = self.target.engine

    async def _side(self, name: str) -> Side:
        engine = Busy(self._folder / name, pools=self.pools, clock=SystemClock(), ids=IdGenerator())
        await engine.start()
        self._open.push_async_callback(engine.close)
        return Side(name, engine, Vault(MasterKeyEncryptor(self._folder / name / "keys"), self.pools))

    @property
    def state_file(self) -> Path:
        return self._folder / "source" / STATE_FILE

    def migration(self, **limits: int) -> Migration:
        state = MigrationState.open(self.state_file, "to", "peer", "target")
        ends = self

        class Heard(Silent):
            def say(self, text: str) -> None:
                ends.said.append(text)

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        return Migration(
            self.source, self.target, state, self.pools, SystemClock(), progress=Heard(), sleep=sleep,
            limits=Limits(**limits),
        )  # fmt: skip

    async def run(self, **limits: int) -> Report:
        return await self.migration(**limits).run()


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    async with AsyncExitStack() as open:
        ends = Ends(tmp_path, open)
        await ends.start()
        yield ends


def document(n: int) -> dict[str, Any]:
    title = f"{WORDS[n % 10]} and {WORDS[n // 10 % 10]}"
    return {"title": title, "vector": [n, n % 7, n % 3 + 0.1, 1], "year": 1900 + n % 100}


async def shelve(ends: Ends, count: int = 60) -> None:
    """An index with `count` documents of several versions, a deleted and a routed one, closed for writes."""
    settings = {key: value for key, value in BOOKS["settings"].items() if "blocks" not in key}
    engine = ends.source.engine
    await engine.create_index("books", settings, BOOKS["mappings"], BOOKS["aliases"])
    operations = [WriteOperation("index", f"b{n}", json.encode(document(n))) for n in range(count)]
    operations += [WriteOperation("index", f"b{n}", json.encode(document(n + 1))) for n in range(0, count, 10)]
    operations += [WriteOperation("delete", "b3")]
    operations += [WriteOperation("index", "routed", b'{ "title" : "by itself" }', routing="x")]
    operations += [WriteOperation("index", "late", b"{}", version=77, version_type="external")]
    outcomes = await engine.bulk("books", operations, refresh="true")
    assert not [outcome for outcome in outcomes if isinstance(outcome, OpenSearchException)]
    await engine.put_settings("books", {"index.blocks.write": True})


def arrived(report: Report, name: str = "books") -> IndexReport:
    found = next(index for index in report.indices if not isinstance(index, Refused) and index.name == name)
    assert isinstance(found, IndexReport)
    return found


def refused(report: Report) -> dict[str, str]:
    return {index.name: index.reason for index in report.indices if isinstance(index, Refused)}


# ── what comes over ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_index_comes_over_with_everything_it_has(ends: Ends) -> None:
    await shelve(ends)
    report = await ends.run()
    assert report.problems == []
    one, other = await ends.source.index("books"), await ends.target.index("books")
    assert one is not None
    assert other is not None
    own = {"index.uuid", "index.creation_date"}
    assert {k: v for k, v in other.settings.items() if k not in own} == {
        k: v for k, v in one.settings.items() if k not in own
    }
    assert (other.mappings, other.aliases) == (one.mappings, one.aliases)
    for id in ("b0", "b1", "routed", "late"):
        before, after = await ends.source.engine.get("books", id), await ends.target.engine.get("books", id)
        assert (after.source, after.version, after.routing) == (before.source, before.version, before.routing)
    assert (await ends.target.engine.get("books", "late")).version == 77
    assert not (await ends.target.engine.get("books", "b3")).found


async def test_what_arrived_is_counted_and_compared(ends: Ends) -> None:
    await shelve(ends)
    found = arrived(await ends.run())
    assert found.source == found.target
    assert found.target.documents == 61
    assert found.match.queries > 0
    assert (found.match.overlap, found.match.score_delta) == (1.0, 0.0)
    assert found.knn.queries > 0
    assert (found.knn.overlap, found.knn.failed) == (1.0, [])


async def test_the_source_stays_as_it_was(ends: Ends) -> None:
    await shelve(ends)
    before = await ends.source.engine.metadata(), await ends.source.engine.stats("books")
    await ends.run()
    assert (await ends.source.engine.metadata(), await ends.source.engine.stats("books")) == before


async def test_pipelines_and_settings_come_over_and_stay_where_there_are_others(ends: Ends) -> None:
    for kind, name, value in (
        ("ingest_pipeline", "both", {"processors": []}),
        ("ingest_pipeline", "ours", {"processors": [{"set": {"field": "a", "value": 1}}]}),
        ("search_pipeline", "differs", {"response_processors": []}),
        ("cluster_settings", "persistent", {"a": "1", "b": "2"}),
    ):
        await ends.source.engine.put_record(kind, name, value)
    await ends.target.engine.put_record("ingest_pipeline", "both", {"processors": []})
    await ends.target.engine.put_record("search_pipeline", "differs", {"description": "theirs"})
    await ends.target.engine.put_record("cluster_settings", "persistent", {"b": "3", "c": "4"})
    report = await ends.run()
    assert {(record.name, record.outcome) for record in report.records} == {
        ("both", "same"),
        ("ours", "moved"),
        ("differs", "refused"),
        ("persistent", "moved"),
    }
    settings = await ends.target.engine.get_record("cluster_settings", "persistent")
    assert settings is not None
    assert settings.value == {"a": "1", "b": "3", "c": "4"}
    assert report.problems == [
        "search_pipeline [differs]: the target has another one of this name",
        "cluster_settings [persistent]: the target keeps its own values of [b]",
    ]
    again = await ends.run()
    assert [record.outcome for record in again.records] == ["same", "same", "refused", "refused"]


async def test_templates_come_over_behind_the_indices_and_stay_where_there_are_others(ends: Ends) -> None:
    await ends.source.engine.create_index("books", {}, {}, {})
    template = {"index_patterns": ["*"], "template": {"settings": {"index.codec": "default"}}, "composed_of": ["c"]}
    for kind, name, value in (
        ("component_template", "c", {"template": {}}),
        ("index_template", "ours", template),
        ("legacy_template", "differs", {"order": 0, "index_patterns": ["a"]}),
    ):
        await ends.source.engine.put_record(kind, name, value)
    await ends.target.engine.put_record("legacy_template", "differs", {"order": 1, "index_patterns": ["a"]})
    report = await ends.run()
    told = [(record.kind, record.name, record.outcome) for record in report.records]
    assert told == [
        ("component_template", "c", "moved"),
        ("index_template", "ours", "moved"),
        ("legacy_template", "differs", "refused"),
    ]
    stored = await ends.target.engine.get_record("index_template", "ours")
    assert stored is not None
    assert stored.value == template
    assert "index.codec" not in (await ends.target.engine.metadata()).indices["books"].settings
    assert [record.outcome for record in (await ends.run()).records] == ["same", "same", "refused"]


async def test_users_come_over_with_their_passwords_and_no_report_holds_them(ends: Ends) -> None:
    here, there = SecurityStore(ends.source.engine), SecurityStore(ends.target.engine)
    await here.start("hash-of-one-admin")
    await here.change(Kind.USERS, lambda users: {**users, "u": InternalUser("hash-of-u", ("a",))})
    await here.change(Kind.ROLES, lambda roles: {**roles, "r": Role(("cluster_monitor",))})
    await there.start("hash-of-another-admin")
    report = await ends.run()
    outcomes = {record.name: record.outcome for record in report.records}
    assert (outcomes["internalusers"], outcomes["roles"], outcomes["rolesmapping"]) == ("moved", "moved", "same")
    assert report.problems == ["security [internalusers]: the target keeps its own values of [admin]"]
    assert "hash-of" not in str(report.to_json())
    await there.refresh()
    assert there.current.internal_users["u"] == here.current.internal_users["u"]
    assert there.current.internal_users["admin"].hash == "hash-of-another-admin"
    assert there.current.roles == here.current.roles


async def test_credentials_are_sealed_for_the_target(ends: Ends) -> None:
    async def stored(side: Side, index: str, id: str) -> Any:
        return json.decode((await side.engine.get(index, id)).source or b"")

    vault = ends.source.vault
    engine = ends.source.engine
    await engine.create_index(CONNECTOR.name, CONNECTOR.settings, CONNECTOR.mappings, {})
    await engine.create_index(MODEL.name, MODEL.settings, MODEL.mappings, {})
    connector = {"name": "chat", "credential": await vault.seal("c", {"key": "hunter2"})}
    inline = {"name": "m", "connector": {"credential": await vault.seal("m", {"key": "hunter3"})}}
    await engine.bulk(CONNECTOR.name, [WriteOperation("index", "c", json.encode(connector))])
    await engine.bulk(MODEL.name, [WriteOperation("index", "m", json.encode(inline))])
    report = await ends.run()
    assert report.problems == []
    sealed = (await stored(ends.target, CONNECTOR.name, "c"))["credential"]
    assert sealed != connector["credential"]
    assert ends.target.vault.open("c", sealed) == {"key": "hunter2"}
    sealed = (await stored(ends.target, MODEL.name, "m"))["connector"]["credential"]
    assert ends.target.vault.open("m", sealed) == {"key": "hunter3"}
    assert "hunter" not in json.encode(report.to_json()).decode() + "".join(ends.said)


async def test_a_credential_that_cannot_be_opened_is_told_and_its_connector_comes_all_the_same(ends: Ends) -> None:
    engine = ends.source.engine
    await engine.create_index(CONNECTOR.name, CONNECTOR.settings, CONNECTOR.mappings, {})
    foreign = {"name": "chat", "credential": {"key": "AQICAHh"}}
    await engine.bulk(CONNECTOR.name, [WriteOperation("index", "c", json.encode(foreign))])
    report = await ends.run()
    [problem] = report.problems
    assert "credential of [.plugins-ml-connector/c] cannot be opened" in problem
    assert (await ends.target.engine.get(CONNECTOR.name, "c")).found


# ── bad days ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_index_that_exists_at_the_target_is_refused_and_stops_no_other(ends: Ends) -> None:
    await shelve(ends)
    await ends.source.engine.create_index("films", {}, {}, {})
    await ends.target.engine.create_index("books", {}, {}, {})
    report = await ends.run()
    assert refused(report) == {
        "books": "index [books] exists at the target, and was not begun by this migration",
    }
    assert arrived(report, "films").target.documents == 0
    assert (await ends.target.engine.stats("books")).documents == 0


async def test_a_document_that_the_target_refuses_stops_its_index_with_its_own_error(ends: Ends) -> None:
    await shelve(ends)
    await ends.source.engine.create_index("films", {}, {}, {})
    ends.busy.refuse, ends.busy.whole = [IllegalArgumentException("no such value")], False
    report = await ends.run()
    [reason] = refused(report).values()
    assert reason.endswith("no such value")
    assert reason.startswith("document [")
    assert arrived(report, "films").problems == []


@pytest.mark.parametrize("whole", [True, False])
async def test_a_busy_target_is_asked_again_after_longer_and_longer_waits(ends: Ends, whole: bool) -> None:
    await shelve(ends)
    ends.busy.refuse = [OpenSearchRejectedExecutionException("rejected execution") for _ in range(3)]
    ends.busy.whole = whole
    report = await ends.run(in_flight=1)
    assert report.problems == []
    assert ends.waits == [0.1, 0.2, 0.4]


async def test_a_target_that_stays_busy_ends_the_index(ends: Ends) -> None:
    await shelve(ends)
    ends.busy.refuse = [OpenSearchRejectedExecutionException("rejected execution") for _ in range(9)]
    assert refused(await ends.run(tries=3, in_flight=1)) == {"books": "rejected execution"}
    assert len(ends.waits) == 2


async def test_a_migration_goes_on_behind_what_was_acknowledged(ends: Ends) -> None:
    await shelve(ends)
    ends.busy.stop_after = 3
    with pytest.raises(NoNodeAvailableException):
        await ends.run(in_flight=1, tries=1, page_documents=10)
    ends.busy.stop_after = None
    ends.said.clear()
    report = await ends.run()
    assert report.resumed
    assert report.problems == []
    found = arrived(report)
    assert found.source == found.target
    assert 0 < report.moved.documents < found.target.documents == 61
    assert any("going on after" in line for line in ends.said)
    assert not ends.state_file.exists()


async def test_an_index_whose_source_changed_since_begins_anew(ends: Ends) -> None:
    await shelve(ends)
    ends.busy.stop_after = 3
    with pytest.raises(NoNodeAvailableException):
        await ends.run(in_flight=1, tries=1, page_documents=10)
    ends.busy.stop_after = None
    await ends.source.engine.bulk("books", [WriteOperation("delete", "b1")])
    report = await ends.run()
    assert report.problems == []
    assert not (await ends.target.engine.get("books", "b1")).found
    assert any("begins anew" in line for line in ends.said)


async def test_a_target_index_made_by_somebody_else_meanwhile_is_not_ours(ends: Ends) -> None:
    await shelve(ends)
    ends.busy.stop_after = 2
    with pytest.raises(NoNodeAvailableException):
        await ends.run(in_flight=1, tries=1, page_documents=10)
    ends.busy.stop_after = None
    await ends.target.engine.delete_index("books")
    await ends.target.engine.create_index("books", {}, {}, {})
    assert "books" in refused(await ends.run())
    await ends.target.engine.delete_index("books")
    assert (await ends.run()).problems == []


async def test_an_index_that_was_moved_is_not_moved_again_when_the_rest_is_retried(ends: Ends) -> None:
    await shelve(ends)
    await ends.source.engine.create_index("films", {}, {}, {})
    await ends.target.engine.create_index("films", {}, {}, {})
    assert list(refused(await ends.run())) == ["films"]
    await ends.target.engine.delete_index("films")
    report = await ends.run()
    assert report.problems == []
    assert report.moved.documents == 0
    assert arrived(report).target.documents == 61


async def test_documents_that_are_not_those_that_were_sent_are_found(ends: Ends) -> None:
    await shelve(ends)
    real = ends.busy.bulk

    async def falsified(index: str, operations: Sequence[WriteOperation], **options: Any) -> list[WriteOutcome]:
        changed = [op._replace(source=b'{"title":"other"}') if op.id == "b7" else op for op in operations]
        return await real(index, changed, **options)

    ends.busy.bulk = falsified  # type: ignore[method-assign]
    [problem] = (await ends.run()).problems
    assert problem.endswith("the digests differ")
    del ends.busy.bulk
    assert ends.state_file.exists()


async def test_a_closed_index_is_told(ends: Ends) -> None:
    await shelve(ends)
    await ends.source.engine.close_index("books")
    assert refused(await ends.run()) == {"books": "it is closed: open it at the source first"}


async def test_the_state_of_another_migration_is_respected(ends: Ends) -> None:
    await shelve(ends)
    MigrationState.open(ends.state_file, "to", "somewhere", "https://else").save()
    with pytest.raises(IllegalStateException, match=r"unfinished migration to \[https://else\]"):
        await ends.run()


# ── looking first ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_dry_run_tells_every_difference_and_writes_nothing(ends: Ends, tmp_path: Path) -> None:
    await shelve(ends)
    await ends.source.engine.put_record("ingest_pipeline", "p", {"processors": []})
    await ends.target.engine.create_index("music", {}, {}, {"library": {}})
    scratch = EmbeddedEngine(tmp_path / "scratch", pools=ends.pools, clock=SystemClock(), ids=IdGenerator())
    await scratch.start()
    try:
        fine = on_scratch(scratch)
        report = await ends.migration().plan(fine)

        async def strict(definition: Any) -> None:
            """Knows neither a setting, nor a type, nor a vector engine, one after another."""
            if "index.max_result_window" in definition.settings:
                raise IllegalArgumentException("unknown setting [index.max_result_window] please check")
            kinds = {name: field["type"] for name, field in definition.mappings["properties"].items()}
            if "integer" in kinds.values():
                raise IllegalArgumentException("No handler for type [integer] declared on field [year]")
            await fine(definition)

        differing = await ends.migration().plan(strict)
    finally:
        await scratch.close()
    assert report.problems == []
    assert report.plans is not None
    [plan] = report.plans
    assert (plan.name, plan.documents, plan.refused) == ("books", 61, [])
    assert plan.notes == [
        "vectors of [vector] are searched by [faiss] there, too",
        "alias [library] leads to [music] there already",
    ]
    assert differing.problems == ["index [books]: No handler for type [integer] declared on field [year]"]
    assert differing.plans is not None
    assert differing.plans[0].notes[0] == "setting [index.max_result_window] is not known there and would be left out"
    assert await ends.target.index("books") is None
    assert await ends.target.engine.list_records("ingest_pipeline") == []
    assert not ends.state_file.exists()


async def test_many_indices_are_moved_by_name(ends: Ends) -> None:
    names = [f"index-{n:02}" for n in range(12)]
    await asyncio.gather(*(ends.source.engine.create_index(name, {}, {}, {}) for name in names))
    report = await ends.run()
    assert [index.name for index in report.indices] == names


async def test_nobody_finds_an_unfinished_index_by_an_alias(ends: Ends) -> None:
    await shelve(ends)
    ends.busy.stop_after = 3
    with pytest.raises(NoNodeAvailableException):
        await ends.run(in_flight=1, tries=1, page_documents=10)
    unfinished = await ends.target.index("books")
    assert unfinished is not None
    assert (unfinished.aliases, unfinished.setting("index.blocks.write")) == ({}, None)
    ends.busy.stop_after = None
    await ends.run()
    finished = await ends.target.index("books")
    assert finished is not None
    assert set(finished.aliases) == {"library", "old"}
    assert finished.setting("index.blocks.write") == "true"

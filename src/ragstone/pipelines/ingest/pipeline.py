"""A compiled ingest pipeline: its steps, their conditions, and what happens when one fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ragstone.core.errors import OpenSearchException, ScriptException, error_body
from ragstone.core.xcontent import JsonObject, java_type
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.errors import at_processor, configuration_error
from ragstone.pipelines.ingest.condition import Condition
from ragstone.pipelines.ingest.config import IngestConfig
from ragstone.pipelines.ingest.document import IngestDocument
from ragstone.pipelines.processor import (
    ProcessorsElsewhere,
    ProcessorServices,
    RunsDocuments,
    ingest_processors,
)


class Failure(Exception):
    """A document that a processor failed on: the error, and which processor of which inner pipeline it was."""

    def __init__(self, error: OpenSearchException, type: str, tag: str | None, pipeline: str | None = None) -> None:
        super().__init__(error.reason)
        self.error = error
        self.type = type
        self.tag = tag
        self.pipeline = pipeline

    def metadata(self) -> JsonObject:
        """What `_ingest` holds of it for processors of `on_failure`."""
        root = self.error
        while root.cause is not None:
            root = root.cause
        return {
            "on_failure_message": root.reason,
            "on_failure_processor_type": self.type,
            "on_failure_processor_tag": self.tag,
            **({"on_failure_pipeline": self.pipeline} if self.pipeline is not None else {}),
        }


Failures = list[Failure | None]
"""One entry per document, in order; None is one that went well."""


@dataclass(frozen=True)
class Step:
    """One configured processor with the options that every processor has."""

    type: str
    processor: RunsDocuments
    tag: str | None = None
    description: str | None = None
    condition: Condition | None = None
    ignore_failure: bool = False
    on_failure: tuple[Step, ...] = ()

    async def run(self, documents: Sequence[IngestDocument]) -> Failures:
        """Run the documents whose condition holds. An ignored failure is none; `on_failure` rescues what it can."""
        failures: Failures = [None] * len(documents)
        chosen: list[int] = []
        for position, document in enumerate(documents):
            try:
                applies = self.condition is None or self.condition.holds(document.fields)
            except ScriptException as error:
                failures[position] = Failure(error, self.type, self.tag)
                continue
            if applies:
                chosen.append(position)
            else:
                self._trace(document, "skipped")
        if self.type == "pipeline":
            for position in chosen:
                self._trace(documents[position], "success")
        results = await self.processor.run([documents[position] for position in chosen]) if chosen else []
        for position, result in zip(chosen, results, strict=True):
            failures[position] = self._failure(result)
            if result is None and self.type != "pipeline":
                self._trace(documents[position], "dropped" if documents[position].dropped else "success")
        return await self._handle(documents, failures)

    def _failure(self, result: Exception | None) -> Failure | None:
        if result is None or isinstance(result, Failure):
            return result
        if not isinstance(result, OpenSearchException):
            raise result
        return Failure(result, self.type, self.tag)

    async def _handle(self, documents: Sequence[IngestDocument], failures: Failures) -> Failures:
        for document, failure in zip(documents, failures, strict=True):
            # A failure inside an inner pipeline has been traced there.
            if failure is not None and failure.pipeline is None:
                self._trace(document, "error_ignored" if self.ignore_failure else "error", failure.error)
        if self.ignore_failure:
            return [None] * len(documents)
        return await rescue(self.on_failure, documents, failures) if self.on_failure else failures

    def _trace(self, document: IngestDocument, status: str, error: OpenSearchException | None = None) -> None:
        if document.trace is None:
            return
        entry: JsonObject = {"processor_type": self.type, "status": status}
        if self.description is not None:
            entry["description"] = self.description
        if self.tag is not None:
            entry["tag"] = self.tag
        if self.condition is not None:
            entry["if"] = {"condition": self.condition.text, "result": status != "skipped"}
        if error is not None:
            shown = {"error": error_body(error)["error"]}
            entry.update({"ignored_error": shown} if status == "error_ignored" else shown)
        if status in ("success", "error_ignored") and self.type != "pipeline":
            entry["doc"] = document.to_json(verbose=True)
        document.trace.append(entry)


@dataclass(frozen=True)
class IngestPipeline:
    """A stored pipeline, ready to run."""

    id: str
    steps: tuple[Step, ...]
    on_failure: tuple[Step, ...] = ()

    async def run(self, documents: Sequence[IngestDocument]) -> Failures:
        """Run documents through all steps together; a dropped or failed one takes no further part."""
        for document in documents:
            document.trail.append(self.id)
        try:
            failures = await run_steps(self.steps, documents)
            return await rescue(self.on_failure, documents, failures) if self.on_failure else failures
        finally:
            for document in documents:
                document.trail.pop()


async def run_steps(steps: Sequence[Step], documents: Sequence[IngestDocument]) -> Failures:
    """Run documents through steps, each step with all documents that are still in."""
    failures: Failures = [None] * len(documents)
    for step in steps:
        live = [i for i, document in enumerate(documents) if failures[i] is None and not document.dropped]
        if not live:
            break
        for position, failure in zip(live, await step.run([documents[i] for i in live]), strict=True):
            failures[position] = failure
    return failures


async def rescue(steps: Sequence[Step], documents: Sequence[IngestDocument], failures: Failures) -> Failures:
    """Run the `on_failure` steps over the documents that failed. What is returned are the failures that remain."""
    hurt = [i for i, failure in enumerate(failures) if failure is not None]
    if not hurt:
        return failures
    for position in hurt:
        failure = failures[position]
        assert failure is not None
        documents[position].ingest.update(failure.metadata())
    outcomes = await run_steps(steps, [documents[position] for position in hurt])
    remaining: Failures = [None] * len(documents)
    for position, outcome in zip(hurt, outcomes, strict=True):
        remaining[position] = outcome
        for key in [key for key in documents[position].ingest if key.startswith("on_failure_")]:
            del documents[position].ingest[key]
    return remaining


class Compiler:
    """Turns definitions into pipelines. `find` looks up a stored pipeline when a `pipeline` processor runs."""

    def __init__(self, services: ProcessorServices, find: Callable[[str], Awaitable[IngestPipeline | None]]) -> None:
        self._services = services
        self.find = find

    def pipeline(self, id: str, body: JsonObject) -> IngestPipeline:
        """Raises ParseException, ScriptException or IllegalArgumentException for the definition's first fault."""
        config = ProcessorConfig(body)
        config.optional_string("description")
        config.optional_integer("version")
        steps = self.steps(config.required_list("processors"))
        definitions = config.optional_list("on_failure")
        on_failure = self.steps(definitions or [])
        if unknown := config.leftovers():
            raise configuration_error(
                f"pipeline [{id}] doesn't support one or more provided configuration parameters [{', '.join(unknown)}]"
            )
        if definitions is not None and not on_failure:
            raise configuration_error(f"pipeline [{id}] cannot have an empty on_failure option defined")
        return IngestPipeline(id, steps, on_failure)

    def steps(self, definitions: Sequence[Any]) -> tuple[Step, ...]:
        """Each definition is an object; every key of it is a processor."""
        steps: list[Step] = []
        for definition in definitions:
            if not isinstance(definition, dict):
                raise configuration_error(f"property isn't a map, but of type [{java_type(definition)}]")
            steps += [self.step(type, body) for type, body in definition.items()]
        return tuple(steps)

    def step(self, type: str, body: Any) -> Step:
        """One processor from its name and options."""
        if body is None:
            raise configuration_error(f"the config of processor [{type}] cannot be null", type=type)
        if not isinstance(body, dict):
            raise configuration_error(f"property isn't a map, but of type [{java_type(body)}]", type=type)
        processor = ingest_processors.get(type)
        elsewhere = self._services.elsewhere
        if processor is None and elsewhere is not None and elsewhere.knows(type):
            return Step(type, _Elsewhere({type: body}, elsewhere), body.get("tag"))
        if processor is None:
            raise configuration_error(f"No processor type exists with name [{type}]", type=type)
        common = ProcessorConfig(body)
        ignore_failure = common.boolean("ignore_failure")
        definitions = common.optional_list("on_failure")
        on_failure = self.steps(definitions or [])
        tag = common.optional_string("tag")
        description = common.optional_string("description")
        condition = common.optional("if")
        if definitions is not None and not on_failure:
            raise configuration_error("processors list cannot be empty", type=type, tag=tag, property="on_failure")
        options = {name: body[name] for name in common.leftovers()}
        config = IngestConfig(options, type=type, tag=tag, compiler=self)
        try:
            compiled = _condition(condition) if condition is not None else None
            made = processor.create(config, self._services)
            if unknown := config.leftovers():
                raise config.fault(
                    f"processor [{type}] doesn't support one or more provided configuration parameters "
                    f"[{', '.join(unknown)}]"
                )
        except OpenSearchException as error:
            raise at_processor(error, type=type, tag=tag) from None
        return Step(type, made, tag, description, compiled, ignore_failure, on_failure)


@dataclass(frozen=True)
class _Elsewhere:
    """A processor that only the engine has, run there with all its options."""

    definition: JsonObject
    engine: ProcessorsElsewhere

    async def run(self, documents: Sequence[IngestDocument]) -> list[Exception | None]:
        return await self.engine.run(self.definition, documents)


def _condition(definition: Any) -> Condition:
    """From the script's text, or from an object with `source`."""
    config = ProcessorConfig({"source": definition} if isinstance(definition, str) else _script(definition))
    source = config.string("source")
    config.optional_string("lang")
    config.optional_map("params")
    if unknown := config.leftovers():
        raise configuration_error(f"unknown field [{unknown[0]}]", property="if")
    return Condition.compile(source)


def _script(definition: Any) -> JsonObject:
    if not isinstance(definition, dict):
        raise configuration_error(f"property isn't a map, but of type [{java_type(definition)}]", property="if")
    return definition

"""A compiled search pipeline: its three lists of processors, and how they are run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from ragstone.core.clock import Clock
from ragstone.core.errors import IllegalArgumentException, OpenSearchException
from ragstone.core.log import get_logger
from ragstone.core.registry import Registry
from ragstone.core.xcontent import JsonObject, java_type
from ragstone.dsl.search_body import SearchBody
from ragstone.engine.values import QueryPhaseResult
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.errors import FeatureOffException, configuration_error
from ragstone.pipelines.processor import (
    PhaseResultsProcessor,
    PipelineContext,
    ProcessorsElsewhere,
    ProcessorServices,
    SearchRequestProcessor,
    SearchResponse,
    SearchResponseProcessor,
    phase_results_processors,
    request_processors,
    response_processors,
)
from ragstone.rag.parameters import ParameterException

P = TypeVar("P")
T = TypeVar("T")

log = get_logger("search_pipeline")


@runtime_checkable
class TellsIgnoredFailure(Protocol):
    """A response processor that leaves a note where its failure was ignored."""

    def failure_ignored(self, error: OpenSearchException, response: SearchResponse) -> None: ...


@dataclass(frozen=True)
class Stage(Generic[P]):
    """One configured processor."""

    type: str
    processor: P
    tag: str | None = None
    ignore_failure: bool = False


class Trace(Protocol):
    """Keeps what each processor was given and made of it, for `verbose_pipeline`."""

    def body(self, body: SearchBody) -> Any:
        """A search as the trace shows it."""
        ...

    def hits(self, response: SearchResponse) -> Any:
        """The hits of a response as the trace shows them."""
        ...

    def add(self, entry: JsonObject) -> None: ...


@dataclass(frozen=True)
class SearchPipeline:
    """One search's processors. With a trace failures are ignored, and shown in it, but for missing parameters."""

    id: str
    clock: Clock
    request: tuple[Stage[SearchRequestProcessor], ...] = ()
    phase_results: tuple[Stage[PhaseResultsProcessor], ...] = ()
    response: tuple[Stage[SearchResponseProcessor], ...] = ()
    elsewhere: JsonObject = field(default_factory=dict)
    """The definition of what the engine itself runs: after our request processors, before our response processors."""

    async def transform_request(
        self, body: SearchBody, context: PipelineContext, trace: Trace | None = None
    ) -> SearchBody:
        """The search as the request processors leave it. Raises the error of one whose failure counts."""
        for stage in self.request:
            before = body

            async def run(stage: Stage[SearchRequestProcessor] = stage, body: SearchBody = before) -> SearchBody:
                return await stage.processor.process_request(body, context)

            body, _ = await self._run(stage, run, before, trace, trace.body if trace else None)
        return body

    def transform_results(self, result: QueryPhaseResult, body: SearchBody, context: PipelineContext) -> None:
        """Let the phase-results processors work on the ranked lists, in place."""
        for stage in self.phase_results:
            stage.processor.process_results(result, body, context)

    async def transform_response(
        self, body: SearchBody, response: SearchResponse, context: PipelineContext, trace: Trace | None = None
    ) -> SearchResponse:
        """The response as the response processors leave it. Raises the error of one whose failure counts."""
        for stage in self.response:
            before = response
            # What a processor has done before it fails must not be seen when its failure is ignored.
            given = _copy(before) if stage.ignore_failure or trace is not None else before

            async def run(
                stage: Stage[SearchResponseProcessor] = stage, response: SearchResponse = given
            ) -> SearchResponse:
                return await stage.processor.process_response(body, response, context)

            response, error = await self._run(stage, run, before, trace, trace.hits if trace else None)
            if error is not None and isinstance(stage.processor, TellsIgnoredFailure):
                stage.processor.failure_ignored(error, response)
        return response

    async def _run(
        self,
        stage: Stage[Any],
        run: Callable[[], Awaitable[T]],
        before: T,
        trace: Trace | None,
        show: Callable[[T], Any] | None,
    ) -> tuple[T, OpenSearchException | None]:
        """What a processor made of `before`; after an ignored failure `before` itself, and the failure."""
        given = show(before) if show else None
        start = self.clock.monotonic()
        result, error = before, None
        try:
            result = await run()
        except FeatureOffException:
            raise
        except OpenSearchException as raised:
            if not stage.ignore_failure and (trace is None or isinstance(raised, ParameterException)):
                raise
            error = raised
            log.warning("processor failed", pipeline=self.id, processor=stage.type, reason=error.reason)
        if trace is not None and show is not None:
            entry: JsonObject = {"processor_name": stage.type}
            if stage.tag is not None:
                entry["tag"] = stage.tag
            entry["duration_millis"] = int((self.clock.monotonic() - start) * 1000)
            entry["status"] = "success" if error is None else "fail"
            if error is not None:
                entry["error"] = error.reason
            entry["input_data"] = given
            entry["output_data"] = show(result) if error is None else None
            trace.add(entry)
        return result, error


def _copy(response: SearchResponse) -> SearchResponse:
    return replace(response, hits=[replace(hit) for hit in response.hits], ext=dict(response.ext))


def compile_pipeline(id: str, body: JsonObject, services: ProcessorServices) -> SearchPipeline:
    """A definition's pipeline. Raises ParseException or IllegalArgumentException for its first fault."""
    config = ProcessorConfig(body)
    config.optional_string("description")
    config.optional_integer("version")
    given = {key: config.optional_list(key) or [] for key in _REGISTRIES}
    elsewhere: JsonObject = {}
    if services.elsewhere is not None:
        for key, registry in _REGISTRIES.items():
            given[key], theirs = _divided(key, given[key], registry, services.elsewhere)
            if theirs:
                elsewhere[key] = theirs
    pipeline = SearchPipeline(
        id=id,
        clock=services.clock,
        request=_stages(given["request_processors"], request_processors, services),
        response=_stages(given["response_processors"], response_processors, services),
        phase_results=_stages(given["phase_results_processors"], phase_results_processors, services),
        elsewhere=elsewhere,
    )
    if unknown := config.leftovers():
        raise configuration_error(
            f"pipeline [{id}] doesn't support one or more provided configuration parameters [{', '.join(unknown)}]"
        )
    return pipeline


_REGISTRIES: Mapping[str, Registry[Any]] = {
    "request_processors": request_processors,
    "response_processors": response_processors,
    "phase_results_processors": phase_results_processors,
}


def _divided(
    key: str, definitions: list[Any], registry: Registry[Any], elsewhere: ProcessorsElsewhere
) -> tuple[list[Any], list[Any]]:
    """Our processors of a list, and the engine's. Raises IllegalArgumentException when their order can't be kept."""
    single = [{type: options} for entry in definitions if isinstance(entry, dict) for type, options in entry.items()]
    malformed = [entry for entry in definitions if not isinstance(entry, dict)]
    # What nobody knows counts as ours: the error is the same.
    is_ours = [registry.get(type) is not None or not elsewhere.knows(type) for entry in single for type in entry]
    ours = [entry for entry, mine in zip(single, is_ours, strict=True) if mine]
    theirs = [entry for entry, mine in zip(single, is_ours, strict=True) if not mine]
    # Around the engine's search: ours come first on the way in, and last on the way out.
    wanted = sorted(is_ours, reverse=key == "request_processors")
    if is_ours != wanted or (key == "phase_results_processors" and ours and theirs):
        names = ", ".join(next(iter(entry)) for entry in theirs)
        where = "after" if key == "request_processors" else "before"
        raise IllegalArgumentException(
            f"processors [{names}] run in the cluster, {where} those of the gateway: [{key}] must have them in that "
            "order"
        )
    return malformed + ours, theirs


class _Creates(Protocol):
    """What the classes of all three registries have in common."""

    @classmethod
    def create(cls, config: ProcessorConfig, services: ProcessorServices) -> Any: ...


def _stages(definitions: Sequence[Any], registry: Registry[Any], services: ProcessorServices) -> tuple[Stage[Any], ...]:
    """Every key of every element is a processor, in order."""
    stages: list[Stage[Any]] = []
    for definition in definitions:
        if not isinstance(definition, dict):
            raise configuration_error(f"property isn't a map, but of type [{java_type(definition)}]")
        for type, options in definition.items():
            processor = registry.get(type)
            if processor is None:
                raise IllegalArgumentException(f"Invalid processor type {type}")
            if not isinstance(options, dict):
                raise configuration_error(f"property isn't a map, but of type [{java_type(options)}]", type=type)
            stages.append(_stage(type, processor, options, services))
    return tuple(stages)


def _stage(name: str, processor: type[_Creates], options: JsonObject, services: ProcessorServices) -> Stage[Any]:
    common = ProcessorConfig(options)
    tag = common.optional_string("tag")
    ignore_failure = common.boolean("ignore_failure")
    common.optional_string("description")
    config = ProcessorConfig({key: options[key] for key in common.leftovers()}, type=name, tag=tag)
    made = processor.create(config, services)
    if unknown := config.leftovers():
        named = name if tag is None else f"{name}:{tag}"
        raise configuration_error(
            f"processor [{named}] doesn't support one or more provided configuration parameters: [{', '.join(unknown)}]"
        )
    return Stage(name, made, tag, ignore_failure)

"""The options of an ingest processor: those of any processor, templates, and processors inside processors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ragstone.core.errors import ScriptException
from ragstone.core.xcontent import JsonObject
from ragstone.pipelines.config import ProcessorConfig
from ragstone.pipelines.errors import at_processor
from ragstone.pipelines.ingest.template import Template, ValueSource, value_source

if TYPE_CHECKING:
    from ragstone.pipelines.ingest.pipeline import Compiler, IngestPipeline, Step


class IngestConfig(ProcessorConfig):
    """What `IngestProcessor.create` reads its options from."""

    def __init__(self, body: JsonObject, *, type: str, tag: str | None, compiler: Compiler) -> None:
        super().__init__(body, type=type, tag=tag)
        self._compiler = compiler

    def template(self, name: str) -> Template:
        """A required text that may hold `{{ field }}`."""
        return self.compiled(self.string(name), name)

    def compiled(self, text: str, name: str) -> Template:
        """Raises ScriptException, naming the option, for what does not compile."""
        try:
            return Template.compile(text)
        except ScriptException as error:
            error.metadata["property_name"] = name
            raise at_processor(error, type=self.type or "", tag=self.tag) from None

    def template_value(self, name: str) -> ValueSource:
        """A required JSON value whose texts may hold `{{ field }}`."""
        return self.as_template(self.value(name))

    def as_template(self, value: Any) -> ValueSource:
        return value_source(value)

    def target(self, field: str) -> str:
        """`target_field`, which is `field` itself where it is not given."""
        return self.string("target_field", field)

    def inner(self, type: str, body: Any) -> Step:
        """A processor inside this one."""
        return self._compiler.step(type, body)

    @property
    def find_pipeline(self) -> Callable[[str], Awaitable[IngestPipeline | None]]:
        """Looks up a stored pipeline at run time, when it is needed."""
        return self._compiler.find

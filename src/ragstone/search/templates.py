"""Searches written as templates."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from ragstone.cluster.stored_scripts import StoredScripts, escape_of
from ragstone.core import caller, json, xcontent
from ragstone.core.errors import OpenSearchException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.mustache import compile_template
from ragstone.dsl.search_body import SearchBody, parse_search_body
from ragstone.dsl.search_template import SearchTemplate
from ragstone.dsl.unsupported import unsupported
from ragstone.engine.api import MetadataEngine
from ragstone.indices.access import permitted
from ragstone.indices.resolver import IndicesOptions
from ragstone.search.service import SearchService

_SEARCH, _RENDER = "indices:data/read/search/template", "indices:data/read/search/template/render"


class SearchTemplateService:
    def __init__(self, engine: MetadataEngine, scripts: StoredScripts, search: SearchService) -> None:
        self._engine = engine
        self._scripts = scripts
        self._search = search

    async def render(self, template: SearchTemplate) -> str:
        """What a template writes. Raises as `search`, before it searches."""
        template.check()
        caller.require(_RENDER)
        return await self._written(template)

    async def search(
        self,
        expression: str | None,
        template: SearchTemplate,
        *,
        options: IndicesOptions | None = None,
        pipeline: str | None = None,
        total_as_int: bool = False,
        scroll: float | None = None,
        parameters: Collection[str] = (),
        checked: Callable[[SearchBody], SearchBody] = lambda body: body,
    ) -> JsonObject:
        """As `SearchService.search`, with `status` behind all else. `checked` sees the search before it runs.

        Raises, besides, ActionRequestValidationException (no template), ResourceNotFoundException (none of that id),
        ScriptException and MustacheException (a template that is none, or fails), and parse errors of what it wrote.
        """
        template.check()
        permitted(await self._engine.metadata(), expression, options, _SEARCH)
        answer = await self._search.search(
            expression,
            checked(self._read(template, await self._written(template))),
            options=options,
            pipeline=pipeline or template.search_pipeline,
            total_as_int=total_as_int,
            scroll=scroll,
            parameters=parameters,
        )
        return {**answer, "status": 200}

    async def _written(self, template: SearchTemplate) -> str:
        if template.id is not None:
            compiled = (await self._scripts.find(template.id)).template()
        else:
            compiled = compile_template(template.source or "", escape_of("application/json"))
        return compiled.render(template.params)

    def _read(self, template: SearchTemplate, text: str) -> SearchBody:
        if template.profile:
            raise unsupported("profile")
        content = text.encode()
        decoded = json.decode_strict(content)
        try:
            body = parse_search_body(decoded)
        except OpenSearchException as error:
            xcontent.locate(error, content, decoded)
            raise
        # Recorded OpenSearch behaviour: what a template writes has no say in the pipeline.
        return replace(body, explain=body.explain or template.explain, search_pipeline=None)


__all__ = ["SearchTemplateService"]

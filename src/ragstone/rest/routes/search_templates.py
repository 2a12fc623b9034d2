"""`_search/template`, `_msearch/template` and `_render/template`."""

from __future__ import annotations

from dataclasses import replace

from ragstone.core import caller, json
from ragstone.core.errors import IllegalArgumentException, JavaException
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.msearch import SearchItem
from ragstone.dsl.search_body import SearchBody
from ragstone.dsl.search_template import SearchTemplate, parse_search_template
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.routes.indices import TARGETS, indices_options
from ragstone.rest.routes.msearch import MSEARCH, item_options, run_items
from ragstone.rest.routes.search import (
    WITHOUT_EFFECT,
    check_search_type,
    check_typed_keys,
    exact_total,
    refused_in_company,
)
from ragstone.rest.services import Services

routes = Routes()

_BODY = "request body or source parameter is required"


@routes.add(
    "GET /_search/template",
    "POST /_search/template",
    "GET /{index}/_search/template",
    "POST /{index}/_search/template",
    parameters=[
        *TARGETS, *WITHOUT_EFFECT, "explain", "rest_total_hits_as_int", "scroll", "search_pipeline", "search_type",
        "typed_keys",
    ],
)  # fmt: skip
async def search_template(services: Services, request: Request) -> Response:
    template = parse_search_template(request.json(_BODY))
    if request.flag("explain"):
        template = replace(template, explain=True)
    check_search_type(request.query.get("search_type"))
    answer = await services.search_templates.search(
        request.param("index"),
        template,
        options=indices_options(request),
        pipeline=request.query.get("search_pipeline"),
        total_as_int=request.flag("rest_total_hits_as_int"),
        scroll=request.seconds("scroll"),
        parameters=refused_in_company(request),
        checked=lambda body: _checked(request, body),
    )
    return Response(answer)


@routes.add(
    "GET /_msearch/template",
    "POST /_msearch/template",
    "GET /{index}/_msearch/template",
    "POST /{index}/_msearch/template",
    parameters=MSEARCH,
)
async def msearch_template(services: Services, request: Request) -> Response:
    def read(body: object) -> SearchTemplate:
        template = parse_search_template(body)
        if template.id is None and template.source is None:
            raise IllegalArgumentException("Malformed search template")
        return template

    async def answer(item: SearchItem[SearchTemplate]) -> JsonObject:
        check_search_type(item.search_type or request.query.get("search_type"))
        return await services.search_templates.search(
            item.index or request.param("index"),
            item.body,
            options=item_options(item),
            total_as_int=request.flag("rest_total_hits_as_int"),
            checked=lambda body: _checked(request, body),
        )

    def allowed(items: list[SearchItem[SearchTemplate]]) -> None:
        caller.require("indices:data/read/msearch/template")

    return await run_items(services, request, read, allowed, answer)


@routes.add(
    "GET /_render/template", "POST /_render/template", "GET /_render/template/{id}", "POST /_render/template/{id}"
)
async def render_template(services: Services, request: Request) -> Response:
    template = parse_search_template(request.json(_BODY))
    if "id" in request.path_params:
        template = replace(template, id=request.required("id"))
    text = await services.search_templates.render(template)
    return Response({"template_output": _shown(text)})


def _shown(text: str) -> object:
    """`Differs:` what is no JSON is shown as a text; OpenSearch puts it into the answer as it is."""
    try:
        json.decode_strict(text.encode())
    except JavaException:
        return text
    return json.Raw(text.encode())


def _checked(request: Request, body: SearchBody) -> SearchBody:
    check_typed_keys(request, body)
    return exact_total(body) if request.flag("rest_total_hits_as_int") else body

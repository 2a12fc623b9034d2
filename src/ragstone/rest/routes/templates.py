"""`_index_template`, `_component_template`, `_template`."""

from __future__ import annotations

from ragstone.indices.templates.model import ComponentTemplate, IndexTemplate, LegacyTemplate
from ragstone.indices.templates.service import TemplateService
from ragstone.rest.request import Request
from ragstone.rest.response import Response, acknowledged
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_MANAGER = ("cluster_manager_timeout", "master_timeout")
_PUT = (*_MANAGER, "create", "cause")
_GET = (*_MANAGER, "flat_settings", "local")
_DELETE = (*_MANAGER, "timeout")


def _templates(services: Services) -> TemplateService:
    assert services.templates is not None, "these routes exist on the embedded engine only"
    return services.templates


# ── composable templates ─────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("PUT /_index_template/{name}", "POST /_index_template/{name}", parameters=_PUT)
async def put_index_template(services: Services, request: Request) -> Response:
    template = IndexTemplate.parse(request.json())
    name, create = request.required("name"), request.flag("create")
    await _templates(services).put_index_template(name, template, create=create)
    return acknowledged()


@routes.add("GET /_index_template", "GET /_index_template/{name}", parameters=_GET)
async def get_index_templates(services: Services, request: Request) -> Response:
    asked, flat = request.path_params.get("name"), request.flag("flat_settings")
    found = await _templates(services).index_templates(asked)
    shown = [{"name": name, "index_template": template.to_json(flat=flat)} for name, template in found.items()]
    return Response({"index_templates": shown}, 200 if found or asked is None else 404)


@routes.add("DELETE /_index_template/{name}", parameters=_DELETE)
async def delete_index_template(services: Services, request: Request) -> Response:
    await _templates(services).delete_index_template(request.required("name"))
    return acknowledged()


@routes.add("POST /_index_template/_simulate_index/{name}", parameters=_PUT)
async def simulate_index(services: Services, request: Request) -> Response:
    found = await _templates(services).simulate_index(request.required("name"), _body(request))
    return Response({} if found is None else found.to_json())


@routes.add("POST /_index_template/_simulate", "POST /_index_template/_simulate/{name}", parameters=_PUT)
async def simulate_template(services: Services, request: Request) -> Response:
    found = await _templates(services).simulate_template(request.path_params.get("name"), _body(request))
    return Response(found.to_json())


def _body(request: Request) -> IndexTemplate | None:
    return IndexTemplate.parse(request.json()) if request.content().strip() else None


# ── component templates ──────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("PUT /_component_template/{name}", "POST /_component_template/{name}", parameters=[*_PUT, "timeout"])
async def put_component_template(services: Services, request: Request) -> Response:
    template = ComponentTemplate.parse(request.json())
    name, create = request.required("name"), request.flag("create")
    await _templates(services).put_component_template(name, template, create=create)
    return acknowledged()


@routes.add("GET /_component_template", "GET /_component_template/{name}", parameters=_GET)
async def get_component_templates(services: Services, request: Request) -> Response:
    asked, flat = request.path_params.get("name"), request.flag("flat_settings")
    found = await _templates(services).component_templates(asked)
    shown = [{"name": name, "component_template": template.to_json(flat=flat)} for name, template in found.items()]
    return Response({"component_templates": shown}, 200 if found or asked is None else 404)


@routes.add("DELETE /_component_template/{name}", parameters=_DELETE)
async def delete_component_template(services: Services, request: Request) -> Response:
    await _templates(services).delete_component_template(request.required("name"))
    return acknowledged()


# ── legacy templates ─────────────────────────────────────────────────────────────────────────────────────────────────


@routes.add("PUT /_template/{name}", "POST /_template/{name}", parameters=[*_PUT, "order", "timeout", "flat_settings"])
async def put_legacy_template(services: Services, request: Request) -> Response:
    template = LegacyTemplate.parse(request.object("request body is required"), request.integer("order") or 0)
    name, create = request.required("name"), request.flag("create")
    await _templates(services).put_legacy_template(name, template, create=create)
    return acknowledged()


@routes.add("GET /_template", "GET /_template/{name}", parameters=_GET)
async def get_legacy_templates(services: Services, request: Request) -> Response:
    flat = request.flag("flat_settings")
    found = await _templates(services).legacy_templates(request.names("name"))
    shown = {name: template.to_json(flat=flat) for name, template in found.items()}
    return Response(shown, 200 if found or "name" not in request.path_params else 404)


@routes.add("DELETE /_template/{name}", parameters=_DELETE)
async def delete_legacy_template(services: Services, request: Request) -> Response:
    await _templates(services).delete_legacy_template(request.required("name"))
    return acknowledged()

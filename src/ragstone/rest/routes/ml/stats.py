"""`/_plugins/_ml/stats` and `/_plugins/_ml/profile`."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.xcontent import JsonObject
from ragstone.ml.fields import Fields
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_ML = "/_plugins/_ml"


@routes.add(
    f"GET {_ML}/stats",
    f"GET {_ML}/stats/{{stat}}",
    f"GET {_ML}/{{node}}/stats",
    f"GET {_ML}/{{node}}/stats/{{stat}}",
)
async def stats(services: Services, request: Request) -> Response:
    return Response(await services.models.stats.stats(request.names("stat"), request.names("node")))


@routes.add(
    f"GET {_ML}/profile",
    f"GET {_ML}/profile/models",
    f"GET {_ML}/profile/models/{{model_id}}",
    f"GET {_ML}/profile/tasks",
    f"GET {_ML}/profile/tasks/{{task_id}}",
    parameters=["view"],
)
async def profile(services: Services, request: Request) -> Response:
    given = Fields(request.json_or({}))
    kind = request.path.strip("/").split("/")[3:4]
    models = _asked(given, "model", request.names("model_id"), everything=kind in ([], ["models"]))
    tasks = _asked(given, "task", request.names("task_id"), everything=kind in ([], ["tasks"]))
    found: JsonObject = await services.models.stats.profile(
        models=models,
        tasks=tasks,
        node_ids=given.texts("node_ids") or (),
        by_model=request.query.get("view", "node").lower() == "model",
    )
    return Response(found)


def _asked(given: Fields, kind: str, ids: Sequence[str], *, everything: bool) -> Sequence[str] | None:
    """Whom the path or the body asks for: some, all (an empty list), or none of this kind."""
    named = [*ids, *(given.texts(f"{kind}_ids") or ())]
    return named or ([] if everything or given.boolean(f"return_all_{kind}s") else None)

"""`POST /_plugins/_ragstone/reader/v1/chat/completions`: the local reader, for connectors that have no model.

Its errors have OpenAI's shape, like its answers: its clients are connectors written for such an API.
"""

from __future__ import annotations

from ragstone.core.errors import OpenSearchException
from ragstone.ml.rights import require
from ragstone.rag.reader import ReaderRequestError
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("POST /_plugins/_ragstone/reader/v1/chat/completions")
async def chat_completions(services: Services, request: Request) -> Response:
    require("predict")  # it is a model like any other
    try:
        return Response(await services.reader.complete(request.json()))
    except ReaderRequestError as error:
        return _refused(error.message, error.param)
    except OpenSearchException as error:
        if error.status != 400:
            raise
        return _refused(f"the request body is no JSON: {error.reason}", None)


def _refused(message: str, param: str | None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": "invalid_request_error"}
    return Response({"error": error}, status=400, filterable=False)

"""Predictions: `/_plugins/_ml/models/{id}/_predict` and `/_plugins/_ml/_predict/{algorithm}/{id}`."""

from __future__ import annotations

from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()


@routes.add("POST /_plugins/_ml/models/{model_id}/_predict")
async def predict(services: Services, request: Request) -> Response:
    answer = await services.models.predict(request.required("model_id"), request.json)
    return Response({"inference_results": answer.inference_results})


@routes.add("POST /_plugins/_ml/_predict/{algorithm}/{model_id}")
async def predict_as(services: Services, request: Request) -> Response:
    """The algorithm says how the body is read; the model still decides how it is answered."""
    answer = await services.models.predict(
        request.required("model_id"), request.json, algorithm=request.required("algorithm")
    )
    return Response({"inference_results": answer.inference_results})


@routes.add("POST /_plugins/_ml/models/{model_id}/_batch_predict")
async def batch_predict(services: Services, request: Request) -> Response:
    await services.models.refuse_batch(request.required("model_id"))

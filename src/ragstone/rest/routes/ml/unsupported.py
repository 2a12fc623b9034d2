"""Classic machine learning and jobs inside the cluster: known paths, refused in so many words."""

from __future__ import annotations

from ragstone.core.errors import UnsupportedOperationException
from ragstone.ml.rights import require
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_ACTIONS = {"_train": "train", "_train_predict": "trainAndPredict", "_execute": "execute"}


@routes.add(
    "POST /_plugins/_ml/_train/{algorithm}",
    "POST /_plugins/_ml/_train_predict/{algorithm}",
    "POST /_plugins/_ml/_execute/{algorithm}",
)
async def refuse(services: Services, request: Request) -> Response:
    require(_ACTIONS[request.path.split("/")[3]])
    raise UnsupportedOperationException(
        f"The algorithm [{request.required('algorithm')}] is not supported: Ragstone runs embedding models and asks "
        "remote models, and trains nothing"
    )

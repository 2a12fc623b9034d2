"""`/_plugins/_ml/memory`: conversations and their messages."""

from __future__ import annotations

from ragstone.core.errors import JavaException, NumberFormatException, ParseException, ParsingException
from ragstone.core.xcontent import JsonObject, token
from ragstone.ml.memory.model import MemoryChange, MessageChange, NewMemory, NewMessage, Page
from ragstone.rest.request import Request
from ragstone.rest.response import Response
from ragstone.rest.router import Routes
from ragstone.rest.services import Services

routes = Routes()

_MEMORIES = "/_plugins/_ml/memory"
_ONE = f"{_MEMORIES}/{{memory_id}}"
_MESSAGE = f"{_MEMORIES}/message/{{message_id}}"
_PAGE = ("max_results", "next_token")


def _body(request: Request, missing: str) -> JsonObject:
    """The object that was sent. Raises ParseException(`missing`), ParsingException for what is no object."""
    try:
        body = request.json(missing)
    except JavaException as error:
        raise ParseException(error.reason) from None
    if not isinstance(body, dict):
        raise ParsingException(
            f"Failed to parse object: expecting token of type [START_OBJECT] but found [{token(body)}]"
        )
    return body


def _page(request: Request) -> Page:
    return Page(_number(request, "max_results", 10), _number(request, "next_token", 0))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise NumberFormatException.of(text) from None


@routes.add(f"POST {_MEMORIES}")
async def create(services: Services, request: Request) -> Response:
    body = _body(request, "") if request.content().strip() else {}
    return Response({"memory_id": await services.memory.create(NewMemory.parse(body))})


@routes.add(f"GET {_MEMORIES}", parameters=_PAGE)
async def list_memories(services: Services, request: Request) -> Response:
    page = _page(request)
    found = await services.memory.memories(page)
    return Response({"memories": [memory.to_json() for memory in found], **page.next_token(found)})


@routes.add(f"GET {_ONE}")
async def get(services: Services, request: Request) -> Response:
    return Response((await services.memory.get(request.required("memory_id"))).to_json())


@routes.add(f"PUT {_ONE}")
async def update(services: Services, request: Request) -> Response:
    change = MemoryChange.parse(_body(request, "Failed to update conversation: Request body is empty"))
    return Response(await services.memory.update(request.required("memory_id"), change))


@routes.add(f"DELETE {_ONE}")
async def delete(services: Services, request: Request) -> Response:
    await services.memory.delete(request.required("memory_id"))
    return Response({"success": True})


@routes.add(f"GET {_MEMORIES}/_search", f"POST {_MEMORIES}/_search")
async def search(services: Services, request: Request) -> Response:
    return Response(await services.memory.search(request.content()))


@routes.add(f"POST {_ONE}/messages")
async def add_message(services: Services, request: Request) -> Response:
    message = NewMessage.parse(_body(request, "request body is required"))
    return Response({"message_id": await services.memory.add_message(request.required("memory_id"), message)})


@routes.add(f"GET {_ONE}/messages", parameters=_PAGE)
async def list_messages(services: Services, request: Request) -> Response:
    page = _page(request)
    found = await services.memory.messages(request.required("memory_id"), page)
    return Response({"messages": [message.to_json() for message in found], **page.next_token(found)})


@routes.add(f"GET {_ONE}/_search", f"POST {_ONE}/_search")
async def search_messages(services: Services, request: Request) -> Response:
    return Response(await services.memory.search_messages(request.required("memory_id"), request.content()))


@routes.add(f"GET {_MESSAGE}")
async def get_message(services: Services, request: Request) -> Response:
    return Response((await services.memory.message(request.required("message_id"))).to_json())


@routes.add(f"PUT {_MESSAGE}")
async def update_message(services: Services, request: Request) -> Response:
    change = MessageChange.parse(_body(request, "Failed to update interaction: Request body is empty"))
    return Response(await services.memory.update_message(request.required("message_id"), change))


@routes.add(f"GET {_MESSAGE}/traces", parameters=_PAGE)
async def list_traces(services: Services, request: Request) -> Response:
    page = _page(request)
    found = await services.memory.traces(request.required("message_id"), page)
    return Response({"traces": [trace.to_json() for trace in found], **page.next_token(found)})

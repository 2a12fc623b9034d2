"""Conversation memory: what clients and generative answers can do with it."""

from __future__ import annotations

from ragstone.core import caller, json
from ragstone.core.clock import Clock, iso_instant
from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    IndexNotFoundException,
    OpenSearchException,
    ResourceNotFoundException,
    StatusException,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.log import get_logger
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.query import parse_query
from ragstone.dsl.sort import SortField
from ragstone.engine.api import Engine
from ragstone.engine.values import FetchOptions, QueryRequest
from ragstone.ml.memory.model import (
    MEMORY_MESSAGE,
    MEMORY_META,
    Memory,
    MemoryChange,
    Message,
    MessageChange,
    NewMemory,
    NewMessage,
    Page,
)
from ragstone.ml.ports import SearchPort
from ragstone.ml.rights import require
from ragstone.ml.settings import MEMORY_FEATURE
from ragstone.ml.system_indices import StoredDocument, SystemDocuments, SystemIndex

_OLDEST_FIRST = SortField("create_time.exact", "asc", unmapped_type="keyword")
_NEWEST_FIRST = SortField("create_time.exact", "desc", unmapped_type="keyword")
_LATEST_CHANGE_FIRST = SortField("updated_time.exact", "desc", unmapped_type="keyword")
_BY_NUMBER = SortField("trace_number", "asc", unmapped_type="long")
_ALL = 10_000
"""Messages of one memory that are deleted per round."""

log = get_logger("memory")


class MemoryService:
    """Conversations and messages. Every call fails while the feature is switched off.

    With security on a conversation belongs to whoever has begun it: nobody else may read it or add to it, whatever
    their roles; that is a StatusException 401. One that was begun without security belongs to nobody.
    """

    def __init__(
        self, engine: Engine, settings: ClusterSettings, search: SearchPort, clock: Clock, ids: IdGenerator
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._search = search
        self._clock = clock
        self._ids = ids
        self._memories = SystemDocuments(engine, MEMORY_META)
        self._messages = SystemDocuments(engine, MEMORY_MESSAGE)

    # ── conversations ────────────────────────────────────────────────────────────────────────────────────────────

    async def create(self, memory: NewMemory) -> str:
        """Store a new conversation and tell its id."""
        require("memory/conversation/create")
        self._enabled()
        id = self._ids.auto_id()
        who = caller.subject.get()
        owner = {} if who is None else {"user": who.name}
        await self._memories.put(id, {**memory.to_document(self._now()), **owner}, create=True)
        return id

    async def get(self, id: str) -> Memory:
        """Raises ResourceNotFoundException; IndexNotFoundException while there never was a memory."""
        require("memory/conversation/get")
        return await self._own(id)

    async def _own(self, id: str, asked: str | None = None) -> Memory:
        """A conversation of the caller's, who has `asked` for it or something in it. Raises as `get`."""
        self._enabled()
        document = await self._memories.get(id)
        if document is None:
            raise _no_memory(id)
        who = caller.subject.get()
        if who is not None and document.get("user") != who.name:
            raise StatusException(401, f"User [{who.name}] does not have access to {asked or f'memory {id}'}")
        return Memory(id, document)

    async def check(self, memory_id: str) -> None:
        """The caller may read a conversation and add to it. Raises ResourceNotFoundException when there is none.

        `Differs:` also while there never was one, and when nothing may be added to it; OpenSearch notices only after
        the model has been paid for.
        """
        require("memory/interaction/list")
        require("memory/interaction/create")
        await self._check(memory_id)

    async def _check(self, memory_id: str) -> None:
        try:
            await self._own(memory_id)
        except IndexNotFoundException:
            raise _no_memory(memory_id) from None

    async def update(self, id: str, change: MemoryChange) -> JsonObject:
        """The document update's response. Raises ResourceNotFoundException, IndexNotFoundException."""
        require("memory/conversation/update")
        await self._own(id)
        changed = await self._memories.change(id, lambda document: change.apply(document, self._now()))
        if changed is None:
            raise _no_memory(id)
        return self._memories.write_response(changed[1])

    async def delete(self, id: str) -> None:
        """Remove a conversation with its messages and their traces (`Differs:` OpenSearch forgets the traces).

        Raises ResourceNotFoundException, but not while there never was a memory.
        """
        require("memory/conversation/delete")
        try:
            await self._own(id)
        except IndexNotFoundException:
            return
        except StatusException:
            raise StatusException(404, f"Resources not found. Failed to delete the memory for {id}") from None
        while found := await self._find(MEMORY_MESSAGE, {"term": {"memory_id": id}}, Page(_ALL)):
            for message in found:
                await self._messages.delete(message.id)
        await self._memories.delete(id)

    async def memories(self, page: Page) -> list[Memory]:
        """The conversations changed last come first."""
        require("memory/conversation/list")
        self._enabled()
        if page.size <= 0:
            raise ActionRequestValidationException.of(["Can't list 0 or negative conversations"])
        if page.start < 0:
            raise IllegalArgumentException(f"[from] parameter cannot be negative, found [{page.start}]")
        found = await self._find(MEMORY_META, _own_ones() or {"match_all": {}}, page, _LATEST_CHANGE_FIRST)
        return [Memory(document.id, document.source) for document in found]

    async def search(self, body: bytes) -> JsonObject:
        """The response of an ordinary search over the conversations."""
        require("memory/conversation/search")
        self._enabled()
        own = _own_ones()
        only = parse_query(own) if own is not None else None
        return await self._search.search_index(MEMORY_META.name, body, source_excludes=(), only=only)

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def add_message(self, memory_id: str, message: NewMessage) -> str:
        """Store a message and tell its id; its conversation counts as changed. Raises ResourceNotFoundException."""
        require("memory/interaction/create")
        await self._check(memory_id)
        now = self._now()
        id = self._ids.auto_id()
        await self._messages.put(id, message.to_document(memory_id, now), create=True)
        try:
            await self._memories.change(memory_id, lambda document: {**document, "updated_time": now})
        except OpenSearchException as error:
            # The message is there; only the order of the conversations' list is off.
            log.warning("memory not touched", memory=memory_id, reason=error.reason)
        return id

    async def message(self, id: str) -> Message:
        """Raises ResourceNotFoundException."""
        require("memory/interaction/get")
        return await self._message(id)

    async def _message(self, id: str, called: str = "Message") -> Message:
        """A message of a conversation of the caller's; an error calls it so."""
        self._enabled()
        try:
            document = await self._messages.get(id)
        except IndexNotFoundException:
            document = None
        if document is None:
            raise ResourceNotFoundException(f"{called} [{id}] not found")
        if caller.subject.get() is not None:
            await self._own(document["memory_id"], f"message {id}")
        return Message(id, document)

    async def update_message(self, id: str, change: MessageChange) -> JsonObject:
        """The document update's response. Raises ResourceNotFoundException, IndexNotFoundException."""
        require("memory/interaction/update")
        self._enabled()
        if caller.subject.get() is not None:
            await self._message(id, "message")
        changed = await self._messages.change(id, lambda document: change.apply(document, self._now()))
        if changed is None:
            raise ResourceNotFoundException(f"message [{id}] not found")
        return self._messages.write_response(changed[1])

    async def messages(self, memory_id: str, page: Page) -> list[Message]:
        """Messages of a conversation, the oldest first, without traces. Raises ResourceNotFoundException."""
        require("memory/interaction/list")
        self._enabled()
        _check_page(page, "interactions")
        try:
            await self._own(memory_id)
        except IndexNotFoundException:
            return []
        return await self._listed(_turns_of(memory_id), page, _OLDEST_FIRST)

    async def latest_turns(self, memory_id: str, size: int) -> list[Message]:
        """The latest `size` messages that hold both a question and an answer, the oldest of them first.

        Of a conversation that `check` has found to be the caller's.
        """
        require("memory/interaction/list")
        self._enabled()
        whole = [{"exists": {"field": "input"}}, {"exists": {"field": "response"}}]
        found = await self._listed(_turns_of(memory_id, *whole), Page(size), _NEWEST_FIRST)
        return found[::-1]

    async def traces(self, message_id: str, page: Page) -> list[Message]:
        """The steps on the way to a message, by number. Raises ResourceNotFoundException."""
        require("memory/trace/get")
        self._enabled()
        _check_page(page, "traces")
        await self._message(message_id)
        query = {
            "bool": {"filter": [{"term": {"parent_message_id": message_id}}, {"exists": {"field": "trace_number"}}]}
        }
        return await self._listed(query, page, _BY_NUMBER)

    async def search_messages(self, memory_id: str, body: bytes) -> JsonObject:
        """The response of an ordinary search over the messages of one conversation, traces too.

        Raises ResourceNotFoundException.
        """
        require("memory/interaction/search")
        await self._check(memory_id)
        only = parse_query({"term": {"memory_id": memory_id}})
        return await self._search.search_index(MEMORY_MESSAGE.name, body, source_excludes=(), only=only)

    # ── inside ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _enabled(self) -> None:
        if not self._settings.get(MEMORY_FEATURE):
            raise OpenSearchException(
                "The Conversation Memory feature is not enabled. To enable, please update the setting "
                f"{MEMORY_FEATURE.key}"
            )

    def _now(self) -> str:
        return iso_instant(self._clock.now(), digits=9)

    async def _listed(self, query: JsonObject, page: Page, order: SortField) -> list[Message]:
        return [Message(found.id, found.source) for found in await self._find(MEMORY_MESSAGE, query, page, order)]

    async def _find(
        self, index: SystemIndex, query: JsonObject, page: Page, order: SortField | None = None
    ) -> list[StoredDocument]:
        if index.name not in (await self._engine.metadata()).indices:
            return []
        request = QueryRequest(
            indices=[index.name],
            queries=[parse_query(query)],
            size=page.start + page.size,
            sort=[order] if order is not None else [],
            track_total_hits=False,
        )
        result = await self._engine.query(request)
        try:
            hits = await self._engine.fetch(result, result.lists[0].hits[page.start :], FetchOptions())
        finally:
            await self._engine.release(result)
        return [StoredDocument(hit.id, json.decode(hit.source)) for hit in hits if hit.source is not None]


def _own_ones() -> JsonObject | None:
    """The query for the caller's conversations; None: all of them are."""
    who = caller.subject.get()
    return None if who is None else {"term": {"user": who.name}}


def _turns_of(memory_id: str, *more: JsonObject) -> JsonObject:
    return {
        "bool": {
            "filter": [{"term": {"memory_id": memory_id}}, *more],
            "must_not": [{"exists": {"field": "trace_number"}}],
        }
    }


def _check_page(page: Page, what: str) -> None:
    faults = []
    if page.size <= 0:
        faults.append(f"The number of {what} to retrieve must be positive")
    if page.start < 0:
        faults.append("The starting position must be nonnegative")
    if faults:
        raise ActionRequestValidationException.of(faults)


def _no_memory(id: str) -> ResourceNotFoundException:
    return ResourceNotFoundException(f"Memory [{id}] not found")

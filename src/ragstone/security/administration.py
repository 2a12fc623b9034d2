"""What one can do to the configuration of security by its API: read, put, delete and patch entities.

Everything that is wrong with a request is found before anything is changed, and a request changes all that it means to
or nothing. Who may call these methods is the caller's to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ragstone.core.threadpool import ThreadPools
from ragstone.core.xcontent import JsonObject
from ragstone.security import content as contents
from ragstone.security import patch as patches
from ragstone.security.entities import Entities, Entity, Kind, read, shown, sparse
from ragstone.security.model import ActionGroup, InternalUser, RoleMapping
from ragstone.security.passwords import hash_password, strength_fault, verify_password
from ragstone.security.refusals import invalid, not_found, refused
from ragstone.security.store import SecurityStore

_TYPES = ("cluster", "index")
"""Of action groups that users make."""

Hashes = Mapping[str, str]
"""By password."""


@dataclass(frozen=True)
class Done:
    """What was done, in words; whether something new was made."""

    message: str
    created: bool = False


class Administration:
    """Over what a store keeps. Raises Refusal for whatever the API says no to."""

    def __init__(self, store: SecurityStore, pools: ThreadPools) -> None:
        self._store = store
        self._pools = pools

    def shown(self, kind: Kind, name: str | None = None) -> JsonObject:
        """What GET answers: all of a kind, or one, by name."""
        entities = self._store.entities(kind)
        if name is None:
            return {name: shown(entity) for name, entity in entities.items() if not entity.guard.hidden}
        return {name: shown(_existing(kind, name, entities))}

    async def put(self, kind: Kind, name: str, content: Any) -> Done:
        """Make an entity, or another in its place. A user keeps the password when none is given."""
        given = contents.checked_entity(kind, content)
        await self._check_strength([(name, given)])
        self._check_change(kind, name, self._store.entities(kind))
        hashes = await self._hashes([given])
        created = False

        def edit(entities: Entities) -> Entities:
            nonlocal created
            created = name not in entities
            self._check_change(kind, name, entities)
            return {**entities, name: self._made(kind, name, given, entities.get(name), hashes)}

        await self._store.change(kind, edit)
        return Done(f"'{name}' created.", created=True) if created else _updated(name)

    async def delete(self, kind: Kind, name: str) -> Done:
        def edit(entities: Entities) -> Entities:
            _existing(kind, name, entities)
            self._check_change(kind, name, entities)
            return {other: entity for other, entity in entities.items() if other != name}

        await self._store.change(kind, edit)
        return Done(f"'{name}' deleted.")

    async def patch(self, kind: Kind, name: str, content: Any) -> Done:
        """Change one entity by a JSON patch of its sparse form."""
        operations = patches.parse(content)

        def patched(entities: Entities) -> JsonObject | None:
            before = _existing(kind, name, entities)
            self._check_change(kind, name, entities)
            document = sparse(before)
            after = patches.apply(operations, document)
            return None if after == document else contents.checked_entity(kind, _complete(kind, after))

        first = patched(self._store.entities(kind))
        if first is None:
            return Done("No updates required")
        await self._check_strength([(name, first)])
        hashes = await self._hashes([first])

        def edit(entities: Entities) -> Entities:
            given = patched(entities)
            if given is None:
                return entities
            return {**entities, name: self._made(kind, name, given, entities[name], hashes)}

        await self._store.change(kind, edit)
        return _updated(name)

    async def patch_all(self, kind: Kind, content: Any) -> Done:
        """Change, make and remove entities of a kind by one JSON patch of all of them."""
        operations = patches.parse(content)

        def patched(entities: Entities) -> dict[str, JsonObject | None]:
            """New contents of what has changed; None for what is to go."""
            document = {name: sparse(entity) for name, entity in entities.items() if not entity.guard.hidden}
            after = patches.apply(operations, document)
            if not isinstance(after, dict):
                raise refused(400, "Wrong request body")
            changed: dict[str, JsonObject | None] = {}
            for name in {**document, **after}:
                if name in document and name in after and document[name] == after[name]:
                    continue
                self._check_change(kind, name, entities)
                if name not in after:
                    changed[name] = None
                else:
                    given = _complete(kind, after[name]) if name in document else after[name]
                    changed[name] = contents.checked_entity(kind, given)
            return changed

        first = patched(self._store.entities(kind))
        if not first:
            return Done("No updates required")
        given = [(name, each) for name, each in first.items() if each is not None]
        await self._check_strength(given)
        hashes = await self._hashes(each for _, each in given)

        def edit(entities: Entities) -> Entities:
            after = dict(entities)
            for name, each in patched(entities).items():
                if each is None:
                    after.pop(name, None)
                else:
                    after[name] = self._made(kind, name, each, entities.get(name), hashes, password_needed=False)
            return after

        await self._store.change(kind, edit)
        return Done("Resource updated.")

    async def change_own_password(self, name: str, content: Any) -> Done:
        """What the user of that name asks for: `current_password`, and `password` or `hash`."""
        given = contents.checked(content, contents.ACCOUNT)
        contents.check_hash(given)
        await self._check_strength([(name, given)])
        entities = self._store.entities(Kind.USERS)
        before = _existing(Kind.USERS, name, entities)
        self._check_change(Kind.USERS, name, entities)
        assert isinstance(before, InternalUser)
        if not await self._pools.run("login", verify_password, before.hash, given["current_password"]):
            raise refused(400, "Could not validate your current password.")
        hashes = await self._hashes([given])
        hash = hashes[given["password"]] if "password" in given else given.get("hash")
        if not hash:
            raise refused(400, "Both provided password and hash cannot be null/empty.")

        def edit(entities: Entities) -> Entities:
            user = _existing(Kind.USERS, name, entities)
            self._check_change(Kind.USERS, name, entities)
            if not isinstance(user, InternalUser) or user.hash != before.hash:
                raise refused(400, "Could not validate your current password.")  # it was changed meanwhile
            return {**entities, name: replace(user, hash=hash)}

        await self._store.change(Kind.USERS, edit)
        return _updated(name)

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _check_change(self, kind: Kind, name: str, entities: Entities) -> None:
        """What is part of the product is not to be changed."""
        entity = entities.get(name)
        if entity is None:
            return
        if entity.guard.static:
            raise refused(403, f"Resource '{name}' is static.")
        if entity.guard.hidden:
            raise _unavailable(name)
        if entity.guard.reserved:
            raise refused(403, f"Resource '{name}' is reserved.")

    def _made(
        self,
        kind: Kind,
        name: str,
        given: JsonObject,
        before: Entity | None,
        hashes: Hashes,
        *,
        password_needed: bool = True,
    ) -> Entity:
        """The entity that checked content describes, if it makes sense beside all others."""
        made = read(kind, given)
        roles = self._store.entities(Kind.ROLES)
        match made:
            case InternalUser():
                for role in made.security_roles:
                    _existing(Kind.ROLES, role, roles)
                contents.check_user_name(name)
                if given.get("password"):
                    made = replace(made, hash=hashes[given["password"]])
                elif not made.hash and isinstance(before, InternalUser):
                    made = replace(made, hash=before.hash)
                if not made.hash and password_needed:
                    raise _password_missing(name, before)
            case RoleMapping():
                _existing(Kind.ROLES, name, roles)
            case ActionGroup():
                if made.type is not None and made.type not in _TYPES:
                    supported = ", ".join(_TYPES)
                    raise refused(400, f"Invalid action group type: {made.type}. Supported types are: {supported}.")
                if name in roles:
                    raise refused(
                        400,
                        f"{name} is an existing role. A action group cannot be named with an existing role name.",
                    )
                if name in made.allowed_actions:
                    raise refused(400, f"{name} cannot be an allowed_action of itself")
        return made

    async def _check_strength(self, given: Iterable[tuple[str, JsonObject]]) -> None:
        """Raises Refusal when a new password is not what it should be."""
        for name, content in given:
            password = content.get("password")
            if password is not None:
                fault = await self._pools.run("login", strength_fault, name, password)
                if fault is not None:
                    raise invalid(fault)

    async def _hashes(self, given: Iterable[JsonObject]) -> Hashes:
        passwords = {content["password"] for content in given if content.get("password")}
        return {password: await self._pools.run("login", hash_password, password) for password in passwords}


def _complete(kind: Kind, content: Any) -> Any:
    """A patched document with the lists that it has not: they were empty, or have become so.

    `Differs:` to OpenSearch an entity whose last list was emptied has no content, and it answers 400.
    """
    if not isinstance(content, dict):
        return content
    lists = (key for key, shape in contents.RULES[kind].allowed.items() if shape == "Array")
    return {**{key: [] for key in lists}, **content}


def _existing(kind: Kind, name: str, entities: Entities) -> Entity:
    entity = entities.get(name)
    if entity is None:
        raise not_found(kind.singular, name)
    if entity.guard.hidden:
        raise _unavailable(name)
    return entity


def _unavailable(name: str) -> Exception:
    return refused(404, f"Resource '{name}' is not available.")


def _password_missing(name: str, before: Entity | None) -> Exception:
    if before is None:
        return refused(400, "Please specify either 'hash' or 'password' when creating a new internal user.")
    return refused(400, f"Existing user {name} has no password, and no new password or hash was specified.")


def _updated(name: str) -> Done:
    return Done(f"'{name}' updated.")

"""Keeping templates, and saying what they make of a new index."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from ragstone.core import caller
from ragstone.core.errors import (
    ActionRequestValidationException,
    IllegalArgumentException,
    InvalidAliasNameException,
    OpenSearchException,
    ResourceNotFoundException,
    SettingsException,
    ValidationException,
    validation_text,
)
from ragstone.core.ids import IdGenerator
from ragstone.core.names import matches, name_fault
from ragstone.core.xcontent import JsonObject
from ragstone.dsl.index_settings import nest
from ragstone.engine.api import IndexRehearsal, MetadataEngine
from ragstone.indices.access import require_joining
from ragstone.indices.aliases import alias_body
from ragstone.indices.templates.composition import Composed, compose
from ragstone.indices.templates.model import HIDDEN, ComponentTemplate, IndexTemplate, LegacyTemplate, Template
from ragstone.indices.templates.patterns import overlap, pattern_faults, template_name_faults

INDEX, COMPONENT, LEGACY = "index_template", "component_template", "legacy_template"
"""Kinds of records. Their values are the templates as `to_json(flat=True)` shows them."""
T = TypeVar("T", IndexTemplate, ComponentTemplate, LegacyTemplate)


class IndexTemplateMissingException(OpenSearchException):
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"index_template [{name}] missing")


class InvalidIndexTemplateException(OpenSearchException):
    status = 400

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"index_template [{name}] invalid, cause [{why}]")


@dataclass(frozen=True)
class Simulation:
    """What an index would get, and which other templates are for such indices too."""

    settings: JsonObject
    """Nested."""
    mappings: JsonObject
    aliases: Mapping[str, JsonObject]
    overlapping: Mapping[str, Sequence[str]]

    def to_json(self) -> JsonObject:
        template: JsonObject = {"settings": self.settings, "aliases": dict(self.aliases)}
        if self.mappings:
            template["mappings"] = self.mappings
        listed = [{"name": name, "index_patterns": list(patterns)} for name, patterns in self.overlapping.items()]
        return {"template": template, "overlapping": listed}


@dataclass(frozen=True)
class _Kept:
    """All templates of one moment, by name."""

    index: Mapping[str, IndexTemplate]
    components: Mapping[str, ComponentTemplate]
    legacy: Mapping[str, LegacyTemplate]

    def compose(self, template: IndexTemplate) -> Composed:
        parts = [self.components[name].template for name in template.composed_of]
        return compose([*parts, template.template or Template()])


class TemplateService:
    """For an engine that has no templates of its own. `Differs:` data streams are refused."""

    def __init__(self, records: MetadataEngine, engine: IndexRehearsal, ids: IdGenerator) -> None:
        self._records = records
        self._engine = engine
        self._ids = ids
        self._changing = asyncio.Lock()

    # ── of a new index ───────────────────────────────────────────────────────────────────────────────────────────────

    async def for_index(self, name: str, *, hidden: bool = False) -> Composed:
        """What an index of that name gets: from the composable template of the highest priority, or, where none
        matches, from all legacy ones. `hidden`: the request says so."""
        kept = await self._kept()
        matching = [template for template in kept.index.values() if template.applies(name, hidden=hidden)]
        if matching:
            return kept.compose(max(matching, key=lambda template: template.order))
        legacy = [template for template in kept.legacy.values() if template.applies(name, hidden=hidden)]
        return compose([one.template for one in sorted(legacy, key=lambda one: one.order)], legacy=True)

    # ── composable templates ─────────────────────────────────────────────────────────────────────────────────────────

    async def _checked_aliases(self, given: Mapping[str, JsonObject] | None) -> dict[str, JsonObject] | None:
        """Aliases that new indices are to get; those that are in use by then are their owners' to have allowed."""
        aliases = _checked_aliases(given)
        require_joining(await self._records.metadata(), aliases or ())
        return aliases

    async def put_index_template(self, name: str, template: IndexTemplate, *, create: bool = False) -> None:
        """Raises IllegalArgumentException (there already, same priority, what it makes is no index),
        InvalidIndexTemplateException, SettingsException, InvalidAliasNameException."""
        caller.require("indices:admin/index_template/put")
        async with self._changing:
            kept = await self._kept()
            if create and name in kept.index:
                raise IllegalArgumentException(f"index template [{name}] already exists")
            checked = await self._checked(name, template, kept)
            await self._records.put_record(INDEX, name, checked.to_json(flat=True))

    async def index_templates(self, pattern: str | None) -> dict[str, IndexTemplate]:
        """By name. Raises ResourceNotFoundException for a name (not a pattern) that is not there."""
        caller.require("indices:admin/index_template/get")
        return _found("index", pattern, (await self._kept()).index)

    async def delete_index_template(self, pattern: str) -> None:
        """Raises IndexTemplateMissingException."""
        caller.require("indices:admin/index_template/delete")
        async with self._changing:
            await self._delete(INDEX, pattern, (await self._kept()).index)

    async def simulate_index(self, name: str, template: IndexTemplate | None) -> Simulation | None:
        """What an index of that name would get, by `template` if it is given; None when no template is for it."""
        caller.require("indices:admin/index_template/simulate_index")
        kept = await self._kept()
        if template is not None:
            own = f"simulate_index_template_{self._ids.auto_id().lower()}"
            kept = replace(kept, index={**kept.index, own: await self._checked(own, template, kept)})
        matching = {key: one for key, one in kept.index.items() if one.applies(name, hidden=False)}
        if not matching:
            return None
        winner = max(matching, key=lambda key: matching[key].order)
        return await self._simulated(winner, name, kept)

    async def simulate_template(self, name: str | None, template: IndexTemplate | None) -> Simulation:
        """What indices of a template, or of one that might be put, would get. Raises IllegalArgumentException,
        ActionRequestValidationException (neither is given), and as `put_index_template`."""
        caller.require("indices:admin/index_template/simulate")
        kept = await self._kept()
        chosen = name or f"simulate_template_{self._ids.auto_id().lower()}"
        if template is not None:
            kept = replace(kept, index={**kept.index, chosen: await self._checked(chosen, template, kept)})
        elif name is None:
            raise ActionRequestValidationException.of(
                ["either index name or index template body must be specified for simulation"]
            )
        if chosen not in kept.index:
            raise IllegalArgumentException(f"unable to simulate template [{name}] that does not exist")
        return await self._simulated(chosen, f"simulate_template_index_{self._ids.auto_id().lower()}", kept)

    async def _simulated(self, winner: str, index: str, kept: _Kept) -> Simulation:
        template = kept.index[winner]
        composed = kept.compose(template)
        settings = {key: value for key, value in composed.settings.items() if value is not None}
        mappings = composed.with_mappings({})
        others: dict[str, Sequence[str]] = {name: one.patterns for name, one in kept.legacy.items()}
        others |= {name: one.patterns for name, one in kept.index.items() if name != winner}
        return Simulation(
            nest(settings),
            await self._engine.try_index(settings, mappings) if mappings else {},
            composed.aliases_for(index),
            {name: patterns for name, patterns in others.items() if overlap(patterns, template.patterns)},
        )

    async def _checked(self, name: str, template: IndexTemplate, kept: _Kept) -> IndexTemplate:
        """The template as it is kept. Raises what `put_index_template` raises."""
        missing = [one for one in template.composed_of if one not in kept.components]
        if missing:
            raise InvalidIndexTemplateException(
                name, f"index template [{name}] specifies component templates [{', '.join(missing)}] that do not exist"
            )
        _check_overlaps(name, template, kept)
        faults = template_name_faults(name) + [fault for one in template.patterns for fault in pattern_faults(one)]
        inner = await self._checked_parts(name, template.template or Template(), faults)
        try:
            inner = replace(inner, aliases=await self._checked_aliases(inner.aliases))
        except IllegalArgumentException as error:
            raise _no_index(name, template, error) from None
        if template.template is not None:
            template = replace(template, template=inner)
        await self._try(name, template, kept)
        return template

    async def _try(self, name: str, template: IndexTemplate, kept: _Kept) -> None:
        """Raises IllegalArgumentException when no index could be made from the template and its components."""
        composed = kept.compose(template)
        settings = {key: value for key, value in composed.settings.items() if value is not None}
        try:
            await self._engine.try_index(settings, {})
            try:
                await self._engine.try_index(settings, composed.with_mappings({}))
            except OpenSearchException as error:
                raise IllegalArgumentException(f"invalid composite mappings for [{name}]", cause=error) from None
        except OpenSearchException as error:
            raise _no_index(name, template, error) from None

    async def _checked_parts(self, name: str, template: Template, faults: list[str]) -> Template:
        """A template with its settings as they are kept. `faults` of the name are told first.

        Raises InvalidIndexTemplateException, SettingsException.
        """
        settings = {key: value for key, value in (template.settings or {}).items() if value is not None}
        try:
            await self._engine.check_settings(settings)
        except SettingsException:
            raise
        except OpenSearchException as error:
            why = str(error.reason)
            if isinstance(error, ValidationException):
                why = why.removeprefix("Validation Failed: 1: ").removesuffix(";")
            faults = [*faults, why]
        if faults:
            raise InvalidIndexTemplateException(name, validation_text(faults))
        return replace(template, settings=None if template.settings is None else settings)

    # ── component templates ──────────────────────────────────────────────────────────────────────────────────────────

    async def put_component_template(self, name: str, template: ComponentTemplate, *, create: bool = False) -> None:
        """Raises as `put_index_template`, also when a template that uses it would make no index any more."""
        caller.require("cluster:admin/component_template/put")
        async with self._changing:
            kept = await self._kept()
            if create and name in kept.components:
                raise IllegalArgumentException(f"component template [{name}] already exists")
            inner = await self._checked_parts(name, template.template, template_name_faults(name))
            await self._engine.try_index({**(inner.settings or {})}, inner.mappings or {})
            template = replace(template, template=replace(inner, aliases=await self._checked_aliases(inner.aliases)))
            after = replace(kept, components={**kept.components, name: template})
            for user, index_template in kept.index.items():
                if name in index_template.composed_of:
                    try:
                        await self._try(user, index_template, after)
                    except OpenSearchException as error:
                        raise IllegalArgumentException(
                            f"updating component template [{name}] results in invalid composable template [{user}] "
                            "after templates are merged",
                            cause=error,
                        ) from None
            await self._records.put_record(COMPONENT, name, template.to_json(flat=True))

    async def component_templates(self, pattern: str | None) -> dict[str, ComponentTemplate]:
        """As `index_templates`."""
        caller.require("cluster:admin/component_template/get")
        return _found("component", pattern, (await self._kept()).components)

    async def delete_component_template(self, pattern: str) -> None:
        """Raises IndexTemplateMissingException, IllegalArgumentException (in use)."""
        caller.require("cluster:admin/component_template/delete")
        async with self._changing:
            kept = await self._kept()
            names = [name for name in kept.components if matches(pattern, name)]
            users = [user for user, one in kept.index.items() if not set(names).isdisjoint(one.composed_of)]
            used = [name for name in names if any(name in kept.index[user].composed_of for user in users)]
            if used:
                raise IllegalArgumentException(
                    f"component templates [{', '.join(used)}] cannot be removed as they are still in use by index "
                    f"templates [{', '.join(users)}]"
                )
            await self._delete(COMPONENT, pattern, kept.components)

    # ── legacy templates ─────────────────────────────────────────────────────────────────────────────────────────────

    async def put_legacy_template(self, name: str, template: LegacyTemplate, *, create: bool = False) -> None:
        """Raises IllegalArgumentException, InvalidIndexTemplateException, and what creating an index raises."""
        caller.require("indices:admin/template/put")
        async with self._changing:
            if create and await self._records.get_record(LEGACY, name) is not None:
                raise IllegalArgumentException(f"index_template [{name}] already exists")
            faults = template_name_faults(name) + [fault for one in template.patterns for fault in pattern_faults(one)]
            settings = {key: value for key, value in (template.template.settings or {}).items() if value is not None}
            if "*" in template.patterns and HIDDEN in settings:
                faults.append("global templates may not specify the setting index.hidden")
            if faults:
                raise InvalidIndexTemplateException(name, validation_text(faults))
            await self._engine.try_index(settings, template.template.mappings or {})
            aliases = await self._checked_aliases(template.template.aliases)
            inner = replace(template.template, settings=settings, aliases=aliases)
            await self._records.put_record(LEGACY, name, replace(template, template=inner).to_json(flat=True))

    async def legacy_templates(self, patterns: Sequence[str]) -> dict[str, LegacyTemplate]:
        """By name; no patterns means all."""
        caller.require("indices:admin/template/get")
        legacy = (await self._kept()).legacy
        return {
            name: template
            for name, template in legacy.items()
            if not patterns or any(matches(pattern, name) for pattern in patterns)
        }

    async def delete_legacy_template(self, pattern: str) -> None:
        """Raises IndexTemplateMissingException."""
        caller.require("indices:admin/template/delete")
        async with self._changing:
            await self._delete(LEGACY, pattern, (await self._kept()).legacy)

    # ── records ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _kept(self) -> _Kept:
        index, components, legacy = [
            {record.name: record.value for record in await self._records.list_records(kind)}
            for kind in (INDEX, COMPONENT, LEGACY)
        ]
        return _Kept(
            {name: IndexTemplate.parse(value) for name, value in index.items()},
            {name: ComponentTemplate.parse(value) for name, value in components.items()},
            {name: LegacyTemplate.parse(value) for name, value in legacy.items()},
        )

    async def _delete(self, kind: str, pattern: str, kept: Mapping[str, object]) -> None:
        names = [name for name in kept if matches(pattern, name)]
        if not names and pattern != "*":
            raise IndexTemplateMissingException(pattern)
        for name in names:
            await self._records.delete_record(kind, name)


def _found(kind: str, pattern: str | None, kept: Mapping[str, T]) -> dict[str, T]:
    found = {name: template for name, template in kept.items() if pattern is None or matches(pattern, name)}
    if not found and pattern is not None and "*" not in pattern:
        raise ResourceNotFoundException(f"{kind} template matching [{pattern}] not found")
    return found


def _check_overlaps(name: str, template: IndexTemplate, kept: _Kept) -> None:
    rivals = {
        other: one.patterns
        for other, one in kept.index.items()
        if other != name and one.order == template.order and overlap(one.patterns, template.patterns)
    }
    if rivals:
        shown = ",".join(f"{other} => [{', '.join(patterns)}]" for other, patterns in rivals.items())
        raise IllegalArgumentException(
            f"index template [{name}] has index patterns [{', '.join(template.patterns)}] matching patterns from "
            f"existing templates [{','.join(rivals)}] with patterns ({shown}) that have the same priority "
            f"[{template.order}], multiple index templates may not match during index creation, please use a different "
            "priority"
        )


def _no_index(name: str, template: IndexTemplate, why: OpenSearchException) -> IllegalArgumentException:
    parts = f" with component templates [{', '.join(template.composed_of)}]" if template.composed_of else ""
    return IllegalArgumentException(
        f"composable template [{name}] template after composition{parts} is invalid", cause=why
    )


def _checked_aliases(given: Mapping[str, JsonObject] | None) -> dict[str, JsonObject] | None:
    if given is None:
        return None
    aliases = {}
    for alias, body in given.items():
        why = name_fault(alias)
        if why is not None:
            raise InvalidAliasNameException(f"Invalid alias name [{alias}]: {why}")
        try:
            aliases[alias] = alias_body(body)
        except OpenSearchException as error:
            raise IllegalArgumentException(f"failed to parse filter for alias [{alias}]", cause=error) from None
    return aliases

"""An index's analyzers and normalizers by name: the built-in ones, and those its settings describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.dsl.analyze import NameOrDefinition
from ragstone.engine.embedded.analysis import parts, tokenizers
from ragstone.engine.embedded.analysis.analyzer import Analyzer, CharFilter, PartNames, TokenFilter, Tokenizer
from ragstone.engine.embedded.analysis.parts import Options

T = TypeVar("T")

_BUILT_IN = {name: make(name, {}) for name, make in parts.ANALYZERS.items()}
_KINDS = ("analyzer", "tokenizer", "filter", "char_filter", "normalizer")


class Analyzers:
    """What an index can analyse with. Immutable."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """`settings` are flat with full keys; only `index.analysis.*` is read.

        Raises IllegalArgumentException for parts that are unknown or incomplete.
        """
        groups = _groups(settings)
        self._char_filters = {
            name: _made("char_filter", parts.CHAR_FILTERS, name, options)
            for name, options in groups["char_filter"].items()
        }
        self._tokenizers = {
            name: _made("tokenizer", parts.TOKENIZERS, name, options) for name, options in groups["tokenizer"].items()
        }
        self._filters = {
            name: _made("filter", parts.FILTERS, name, options) for name, options in groups["filter"].items()
        }
        self._filter_types = {name: options.get("type") for name, options in groups["filter"].items()}
        self._analyzers: dict[str, Analyzer] = dict(_BUILT_IN)
        for name, options in groups["analyzer"].items():
            self._analyzers[name] = self._analyzer(name, options)
        self._normalizers = {"lowercase": self._normalizer("lowercase", {"filter": ["lowercase"]})}
        for name, options in groups["normalizer"].items():
            self._normalizers[name] = self._normalizer(name, options)
        default = "default" if "default" in groups["analyzer"] else "standard"
        self._analyzers["default"] = self._analyzers[default]
        self.default_search = "default_search" if "default_search" in groups["analyzer"] else "default"
        """Name of the analyzer of queries, for fields that name none."""

    # ── by name ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, name: str) -> Analyzer | None:
        """The analyzer of that name; `default` is the one of fields that name none."""
        return self._analyzers.get(name)

    def required(self, name: str) -> Analyzer:
        analyzer = self.get(name)
        if analyzer is None:
            raise IllegalArgumentException(f"analyzer [{name}] has not been configured in mappings")
        return analyzer

    def normalizer(self, name: str) -> Callable[[str], str] | None:
        found = self._normalizers.get(name)
        return None if found is None else found[1]

    def normalizing(self, name: str) -> Analyzer | None:
        """A normalizer as an analyzer that gives one token."""
        found = self._normalizers.get(name)
        return None if found is None else found[0]

    def char_filter(self, given: NameOrDefinition) -> CharFilter | None:
        """A char filter by name, or by its definition `{"type": ..., option: value}`; None when there is none."""
        return _part(parts.CHAR_FILTERS, self._char_filters, given)

    def tokenizer(self, given: NameOrDefinition) -> Tokenizer | None:
        """As `char_filter`."""
        return _part(parts.TOKENIZERS, self._tokenizers, given)

    def token_filter(self, given: NameOrDefinition) -> TokenFilter | None:
        """As `char_filter`."""
        return _part(parts.FILTERS, self._filters, given)

    def changes_characters_only(self, given: NameOrDefinition) -> bool:
        """Whether a token filter is one that normalizers may use."""
        return self._filter_type(given) in parts.CHARACTER_WISE

    def _filter_type(self, given: NameOrDefinition) -> str:
        return str(self._filter_types.get(given, given) if isinstance(given, str) else given.get("type"))

    # ── from settings ────────────────────────────────────────────────────────────────────────────────────────────────

    def _analyzer(self, name: str, options: Options) -> Analyzer:
        kind = options.get("type")
        if kind is None and "tokenizer" not in options:
            raise IllegalArgumentException(f"analyzer [{name}] must specify either an analyzer type, or a tokenizer")
        if kind not in (None, "custom"):
            make = parts.ANALYZERS.get(str(kind))
            if make is None:
                raise _unknown_type("analyzer", name, options)
            return make(name, options)
        given = options.get("tokenizer")
        if given is None:
            raise IllegalArgumentException(f"Custom Analyzer [{name}] must be configured with a tokenizer")
        tokenizer = self.tokenizer(str(given))
        if tokenizer is None:
            raise IllegalArgumentException(f"Custom Analyzer [{name}] failed to find tokenizer under name [{given}]")
        user = f"Custom Analyzer [{name}]"
        char_filters, char_filter_names = self._char_filters_of(user, options)
        filters, filter_names = self._filters_of(user, options)
        return Analyzer(
            name,
            tokenizer,
            filters,
            char_filters=char_filters,
            names=PartNames(str(given), filter_names, char_filter_names),
            position_increment_gap=parts.number(options, "position_increment_gap", 100),
        )

    def _char_filters_of(self, user: str, options: Options) -> tuple[list[CharFilter], list[str]]:
        names = parts.texts(options, "char_filter")
        return [_required("char_filter", self.char_filter, name, user) for name in names], names

    def _filters_of(self, user: str, options: Options) -> tuple[list[TokenFilter], list[str]]:
        names = parts.texts(options, "filter")
        return [_required("filter", self.token_filter, name, user) for name in names], names

    def _normalizer(self, name: str, options: Options) -> tuple[Analyzer, Callable[[str], str]]:
        """The normalizer as an analyzer, and the same as a function, which is faster."""
        if options.get("type", "custom") != "custom":
            raise _unknown_type("normalizer", name, options)
        if "tokenizer" in options:
            raise IllegalArgumentException(f"Custom normalizer [{name}] cannot configure a tokenizer")
        user = f"Custom normalizer [{name}]"
        char_filters, char_filter_names = self._char_filters_of(user, options)
        filters, filter_names = self._filters_of(user, options)
        changes = [_text_only(char_filter) for char_filter in char_filters]
        for part in filter_names:
            if not self.changes_characters_only(part):
                raise IllegalArgumentException(f"{user} may not use filter [{part}]")
            changes.append(parts.CHARACTER_WISE[self._filter_type(part)])
        names = PartNames("keyword", filter_names, char_filter_names)
        return Analyzer(name, tokenizers.keyword, filters, char_filters=char_filters, names=names), _chain(changes)


def _text_only(char_filter: CharFilter) -> Callable[[str], str]:
    return lambda text: char_filter(text)[0]


def _chain(changes: Sequence[Callable[[str], str]]) -> Callable[[str], str]:
    def normalize(text: str) -> str:
        for change in changes:
            text = change(text)
        return text

    return normalize


def _required(kind: str, find: Callable[[str], T | None], name: str, user: str) -> T:
    found = find(name)
    if found is None:
        raise IllegalArgumentException(f"{user} failed to find {kind} under name [{name}]")
    return found


def _part(types: Mapping[str, Callable[[Options], T]], own: Mapping[str, T], given: NameOrDefinition) -> T | None:
    if isinstance(given, str):
        make = types.get(given)
        return own.get(given) or (make({}) if make else None)
    make = types.get(str(given.get("type")))
    return None if make is None else make(given)


def _made(kind: str, registry: Mapping[str, Callable[[Options], T]], name: str, options: Options) -> T:
    make = registry.get(str(options.get("type")))
    if make is None:
        raise _unknown_type(kind, name, options)
    return make(options)


def _unknown_type(kind: str, name: str, options: Options) -> IllegalArgumentException:
    if options.get("type") is None:
        return IllegalArgumentException(f"{kind} [{name}] must specify either an analyzer type, or a tokenizer")
    return IllegalArgumentException(f"Unknown {kind} type [{options['type']}] for [{name}]")


def _groups(settings: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Kind → name → options."""
    groups: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _KINDS}
    for key, value in settings.items():
        if key.startswith("index.analysis."):
            kind, _, rest = key.removeprefix("index.analysis.").partition(".")
            name, _, option = rest.partition(".")
            if kind not in groups or not option:
                continue
            # a list may also be given item by item: `filter.0`, `filter.1`
            base, dot, position = option.rpartition(".")
            options = groups[kind].setdefault(name, {})
            if dot and position.isdigit():
                options.setdefault(base, []).append(value)
            else:
                options[option] = value
    return groups

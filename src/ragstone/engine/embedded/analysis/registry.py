"""An index's analyzers and normalizers by name: the built-in ones, and those its settings describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ragstone.core.errors import IllegalArgumentException
from ragstone.engine.embedded.analysis import parts
from ragstone.engine.embedded.analysis.analyzer import Analyzer, TokenFilter, Tokenizer
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
        for name, options in groups["char_filter"].items():
            raise _unknown_type("char_filter", name, options)
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
        self._normalizers: dict[str, Callable[[str], str]] = {"lowercase": parts.CHARACTER_WISE["lowercase"]}
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
        return self._normalizers.get(name)

    def tokenizer(self, given: str | Options) -> Tokenizer | None:
        """A tokenizer by name, or by its definition `{"type": ..., option: value}`."""
        if isinstance(given, str):
            make = parts.TOKENIZERS.get(given)
            return self._tokenizers.get(given) or (make({}) if make else None)
        return _made("tokenizer", parts.TOKENIZERS, "_anonymous_tokenizer", given)

    def token_filter(self, given: str | Options) -> TokenFilter | None:
        """A token filter by name, or by its definition."""
        if isinstance(given, str):
            make = parts.FILTERS.get(given)
            return self._filters.get(given) or (make({}) if make else None)
        return _made("filter", parts.FILTERS, "_anonymous_filter", given)

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
        for char_filter in parts.texts(options, "char_filter"):
            raise IllegalArgumentException(
                f"Custom Analyzer [{name}] failed to find char_filter under name [{char_filter}]"
            )
        chain: list[TokenFilter] = []
        for filter_name in parts.texts(options, "filter"):
            found = self.token_filter(filter_name)
            if found is None:
                raise IllegalArgumentException(
                    f"Custom Analyzer [{name}] failed to find filter under name [{filter_name}]"
                )
            chain.append(found)
        return Analyzer(name, tokenizer, tuple(chain))

    def _normalizer(self, name: str, options: Options) -> Callable[[str], str]:
        if options.get("type", "custom") != "custom":
            raise _unknown_type("normalizer", name, options)
        if "tokenizer" in options:
            raise IllegalArgumentException(f"Custom normalizer [{name}] cannot configure a tokenizer")
        for char_filter in parts.texts(options, "char_filter"):
            raise IllegalArgumentException(
                f"Custom normalizer [{name}] failed to find char_filter under name [{char_filter}]"
            )
        changes: list[Callable[[str], str]] = []
        for filter_name in parts.texts(options, "filter"):
            if self.token_filter(filter_name) is None:
                raise IllegalArgumentException(
                    f"Custom normalizer [{name}] failed to find filter under name [{filter_name}]"
                )
            change = parts.CHARACTER_WISE.get(str(self._filter_types.get(filter_name, filter_name)))
            if change is None:
                raise IllegalArgumentException(f"Custom normalizer [{name}] may not use filter [{filter_name}]")
            changes.append(change)
        return _chain(changes)


def _chain(changes: Sequence[Callable[[str], str]]) -> Callable[[str], str]:
    def normalize(text: str) -> str:
        for change in changes:
            text = change(text)
        return text

    return normalize


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

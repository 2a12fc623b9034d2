"""Char filters, tokenizers, token filters and analyzers by type name, made from their options.

Options come from index settings (texts and lists of texts) or from JSON (`_analyze`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.regex import java_pattern, java_replacement, may_explode
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.analysis import case, char_filters, filters, tokenizers
from ragstone.engine.embedded.analysis.analyzer import Analyzer, CharFilter, TokenFilter, Tokenizer
from ragstone.engine.embedded.analysis.porter import porter_stem

Options = Mapping[str, Any]


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def text(options: Options, key: str, default: str) -> str:
    value = options.get(key)
    return default if value is None else java_text(value)


def number(options: Options, key: str, default: int) -> int:
    given = text(options, key, str(default))
    try:
        return int(given)
    except ValueError:
        raise IllegalArgumentException(
            f"Failed to parse value [{given}] for setting [{key}]", cause=NumberFormatException.of(given)
        ) from None


def flag(options: Options, key: str) -> bool:
    given = text(options, key, "false")
    if given not in ("true", "false"):
        raise IllegalArgumentException(f"Failed to parse value [{given}] as only [true] or [false] are allowed.")
    return given == "true"


def texts(options: Options, key: str) -> list[str]:
    """A list, or a text with commas."""
    value = options.get(key)
    if value is None:
        return []
    return [java_text(item) for item in value] if isinstance(value, list) else java_text(value).split(",")


def stop_words(options: Options, default: str) -> frozenset[str]:
    """`stopwords`: a list, or `_english_` or `_none_`."""
    words = texts(options, "stopwords") or [default]
    found: set[str] = set()
    for word in words:
        if word == "_english_":
            found |= filters.ENGLISH_STOP_WORDS
        elif word.startswith("_") and word.endswith("_") and word != "_none_":
            raise IllegalArgumentException(f"stop words [{word}] are not supported, only [_english_] and [_none_]")
        elif word != "_none_":
            found.add(word)
    return frozenset(found)


def pattern(options: Options, default: str | None = None) -> re.Pattern[str]:
    """`pattern` and `flags` (`CASE_INSENSITIVE|DOTALL`).

    `Differs:` a pattern that may take exponential time is refused: it would stop the whole node, not one thread.
    """
    given = options.get("pattern", default)
    if not isinstance(given, str):
        raise IllegalArgumentException(f"pattern is missing for [{java_text(options.get('type'))}]")
    if may_explode(given):
        raise IllegalArgumentException(f"Regex pattern contains nested quantifiers or backreferences: {given}")
    flags = re.NOFLAG
    for name in filter(None, text(options, "flags", "").split("|")):
        if name not in _PATTERN_FLAGS:
            raise IllegalArgumentException(f"Unknown regex flag [{name}]")
        flags |= _PATTERN_FLAGS[name]
    try:
        return java_pattern(given, flags)
    except re.error as error:
        raise IllegalArgumentException(f"Invalid regex pattern [{given}]: {error}") from None


_PATTERN_FLAGS = {
    "CASE_INSENSITIVE": re.IGNORECASE,
    "MULTILINE": re.MULTILINE,
    "DOTALL": re.DOTALL,
    "UNICODE_CASE": re.NOFLAG,
    "UNICODE_CHARACTER_CLASS": re.NOFLAG,
    "COMMENTS": re.VERBOSE,
}


def replacement(options: Options, pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """`replacement`, which may name groups of the pattern: `$1`."""
    template = java_replacement(text(options, "replacement", ""))
    try:
        pattern.sub(template, "")
    except (re.error, IndexError) as error:
        raise IllegalArgumentException(f"No group of that name or number: {error}") from None
    return lambda match: match.expand(template)


# ── char filters ─────────────────────────────────────────────────────────────────────────────────────────────────────

_RULE = re.compile(r"(.*?)\s*=>\s*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _mapping(options: Options) -> CharFilter:
    given = options.get("mappings")
    if given is None:
        raise IllegalArgumentException("mapping requires either `mappings` or `mappings_path` to be configured")
    rules = []
    for line, rule in enumerate(given if isinstance(given, list) else [given], 1):
        match = _RULE.fullmatch(java_text(rule))
        if match is None or not match[1].strip():
            raise IllegalArgumentException(f"Line [{line}]: Invalid mapping rule : [{java_text(rule)}]")
        rules.append((_unescaped(match[1].strip()), _unescaped(match[2].strip())))
    return char_filters.mapping(rules)


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        name = match[1]
        return chr(int(name[1:], 16)) if len(name) == 5 else _ESCAPED.get(name, name)

    return _ESCAPE.sub(character, text)


def _pattern_replace(options: Options) -> CharFilter:
    found = pattern(options)
    return char_filters.substitution(found, replacement(options, found))


CHAR_FILTERS: Mapping[str, Callable[[Options], CharFilter]] = {
    "html_strip": lambda options: char_filters.html_strip(texts(options, "escaped_tags")),
    "mapping": _mapping,
    "pattern_replace": _pattern_replace,
}


# ── tokenizers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _longest(options: Options) -> int:
    longest = number(options, "max_token_length", tokenizers.MAX_TOKEN_LENGTH)
    if longest < 1:
        raise IllegalArgumentException(f"maxTokenLen must be greater than 0 and less than 1048576 passed: {longest}")
    return longest


TOKENIZERS: Mapping[str, Callable[[Options], Tokenizer]] = {
    "standard": lambda options: tokenizers.StandardTokenizer(_longest(options)),
    "whitespace": lambda options: tokenizers.whitespace(_longest(options)),
    "letter": lambda options: tokenizers.letters(_longest(options)),
    "lowercase": lambda options: tokenizers.lowercase_letters(_longest(options)),
    "keyword": lambda options: tokenizers.keyword,
}


# ── token filters ────────────────────────────────────────────────────────────────────────────────────────────────────


def _stemmer(options: Options) -> TokenFilter:
    language = text(options, "language", text(options, "name", "porter"))
    if language.lower() in ("porter", "english"):
        return filters.stemming(porter_stem)
    if language.lower() in ("possessive_english", "possessiveenglish"):
        return filters.possessive_english
    raise IllegalArgumentException(f"Stemmer class for option {language} is not supported")


FILTERS: Mapping[str, Callable[[Options], TokenFilter]] = {
    "lowercase": lambda options: filters.lowercase,
    "uppercase": lambda options: filters.uppercase,
    "trim": lambda options: filters.trim,
    "asciifolding": lambda options: filters.asciifolding(preserve_original=flag(options, "preserve_original")),
    "stop": lambda options: filters.stop(stop_words(options, "_english_"), ignore_case=flag(options, "ignore_case")),
    "length": lambda options: filters.length(number(options, "min", 0), number(options, "max", 2**31 - 1)),
    "unique": lambda options: filters.unique(only_on_same_position=flag(options, "only_on_same_position")),
    "porter_stem": lambda options: filters.stemming(porter_stem),
    "stemmer": _stemmer,
    "keyword_marker": lambda options: filters.keyword_marker(texts(options, "keywords")),
}
CHARACTER_WISE: Mapping[str, Callable[[str], str]] = {
    "lowercase": case.lower,
    "uppercase": case.upper,
    "asciifolding": case.fold,
    "trim": str.strip,
}
"""Filters that change a text by itself: those a normalizer may use."""


# ── analyzers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _standard(name: str, options: Options) -> Analyzer:
    tokenizer = tokenizers.StandardTokenizer(_longest(options))
    words = stop_words(options, "_none_")
    if words:
        return Analyzer(name, tokenizer, (filters.lowercase, filters.stop(words)))

    def fast(text: str) -> str | None:
        return tokenizer.spaced(case.lower(text))  # which keeps the length of a text

    return Analyzer(name, tokenizer, (filters.lowercase,), fast)


def _stop(name: str, options: Options) -> Analyzer:
    return Analyzer(name, tokenizers.lowercase_letters(), (filters.stop(stop_words(options, "_english_")),))


def _english(name: str, options: Options) -> Analyzer:
    chain = (
        filters.possessive_english,
        filters.lowercase,
        filters.stop(stop_words(options, "_english_")),
        filters.keyword_marker(texts(options, "stem_exclusion")),
        filters.stemming(porter_stem),
    )
    return Analyzer(name, tokenizers.StandardTokenizer(), chain)


ANALYZERS: Mapping[str, Callable[[str, Options], Analyzer]] = {
    "standard": _standard,
    "simple": lambda name, options: Analyzer(name, tokenizers.lowercase_letters()),
    "whitespace": lambda name, options: Analyzer(name, tokenizers.whitespace()),
    "keyword": lambda name, options: Analyzer(name, tokenizers.keyword),
    "stop": _stop,
    "english": _english,
}

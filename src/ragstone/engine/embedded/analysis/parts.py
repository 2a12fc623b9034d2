"""Char filters, tokenizers, token filters and analyzers by type name, made from their options.

Options come from index settings (texts and lists of texts) or from JSON (`_analyze`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ragstone.core.errors import IllegalArgumentException, NumberFormatException
from ragstone.core.regex import java_pattern, java_replacement, may_explode
from ragstone.core.xcontent import java_text
from ragstone.engine.embedded.analysis import case, char_filters, filters, grams, tokenizers
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


def _grams(options: Options) -> tuple[int, int]:
    """`Differs:` `index.max_ngram_diff` does not limit how far the two are apart."""
    shortest, longest = number(options, "min_gram", 1), number(options, "max_gram", 2)
    if shortest < 1:
        raise IllegalArgumentException("minGram must be greater than zero")
    if shortest > longest:
        raise IllegalArgumentException("minGram must not be greater than maxGram")
    return shortest, longest


def _gram_tokenizer(options: Options, *, at_edge: bool) -> Tokenizer:
    names = texts(options, "token_chars")
    custom = text(options, "custom_token_chars", "")
    unknown = [name for name in names if name not in grams.CHARACTER_CLASSES and name != "custom"]
    if unknown:
        raise IllegalArgumentException(f"Unknown token type: '{unknown[0].lower()}'")
    tests = [grams.CHARACTER_CLASSES[name] for name in names if name != "custom"]

    def belongs(character: str) -> bool:
        return any(test(character) for test in tests) or ("custom" in names and character in custom)

    return grams.gram_tokenizer(*_grams(options), belongs if names else None, at_edge=at_edge)


def _outside(options: Options) -> Callable[[str], Iterator[tuple[int, int]]]:
    """Stretches between the characters and classes of `tokenize_on_chars`."""
    given = texts(options, "tokenize_on_chars")
    tests = [grams.CHARACTER_CLASSES[name] for name in given if name in grams.CHARACTER_CLASSES]
    single = {_unescaped(name) for name in given if name not in grams.CHARACTER_CLASSES}
    wrong = [name for name in single if len(name) != 1]
    if wrong:
        raise IllegalArgumentException(f"Invalid escaped char in [{wrong[0]}]")

    def between(value: str) -> Iterator[tuple[int, int]]:
        return grams.runs(value, lambda character: character not in single and not any(t(character) for t in tests))

    return between


def _path_hierarchy(options: Options) -> Tokenizer:
    if flag(options, "reverse") or number(options, "skip", 0):
        raise IllegalArgumentException("[reverse] and [skip] of the tokenizer [path_hierarchy] are not supported")
    delimiter = text(options, "delimiter", "/")
    return tokenizers.path_hierarchy(delimiter, text(options, "replacement", delimiter))


TOKENIZERS: Mapping[str, Callable[[Options], Tokenizer]] = {
    "standard": lambda options: tokenizers.StandardTokenizer(_longest(options)),
    "whitespace": lambda options: tokenizers.whitespace(_longest(options)),
    "letter": lambda options: tokenizers.letters(_longest(options)),
    "lowercase": lambda options: tokenizers.lowercase_letters(_longest(options)),
    "keyword": lambda options: tokenizers.keyword,
    "pattern": lambda options: tokenizers.pattern(pattern(options, r"\W+"), number(options, "group", -1)),
    "ngram": lambda options: _gram_tokenizer(options, at_edge=False),
    "edge_ngram": lambda options: _gram_tokenizer(options, at_edge=True),
    "char_group": lambda options: tokenizers.RunTokenizer(_outside(options), _longest(options)),
    "path_hierarchy": _path_hierarchy,
}


# ── token filters ────────────────────────────────────────────────────────────────────────────────────────────────────


def _stemmer(options: Options) -> TokenFilter:
    language = text(options, "language", text(options, "name", "porter"))
    if language.lower() in ("porter", "english"):
        return filters.stemming(porter_stem)
    if language.lower() in ("possessive_english", "possessiveenglish"):
        return filters.possessive_english
    raise IllegalArgumentException(f"Stemmer class for option {language} is not supported")


def _replacing(options: Options) -> TokenFilter:
    found = pattern(options)
    new, count = replacement(options, found), 0 if text(options, "all", "true") == "true" else 1
    return filters.mapping(lambda term: found.sub(new, term, count=count))


def _truncate(options: Options) -> TokenFilter:
    longest = number(options, "length", -1 if "type" in options else 10)
    if longest <= 0:
        raise IllegalArgumentException("length parameter must be provided")
    return filters.truncate(longest)


def _elision(options: Options) -> TokenFilter:
    articles = texts(options, "articles")
    if not articles:
        return filters.elision(filters.FRENCH_ARTICLES, ignore_case=True)
    return filters.elision(articles, ignore_case=flag(options, "articles_case"))


def _gram_filter(options: Options, *, at_edge: bool) -> TokenFilter:
    if at_edge and "type" not in options:
        options = {"max_gram": 1}  # the one that everybody has by name
    return grams.gram_filter(*_grams(options), at_edge=at_edge, preserve_original=flag(options, "preserve_original"))


def _shingle(options: Options) -> TokenFilter:
    """`Differs:` `index.max_shingle_diff` does not limit how far the two sizes are apart."""
    shortest, longest = number(options, "min_shingle_size", 2), number(options, "max_shingle_size", 2)
    if shortest < 2:
        raise IllegalArgumentException("Min shingle size must be >= 2")
    if shortest > longest:
        raise IllegalArgumentException("Min shingle size must be <= max shingle size")
    return grams.shingles(
        shortest,
        longest,
        separator=text(options, "token_separator", " "),
        filler=text(options, "filler_token", "_"),
        unigrams=text(options, "output_unigrams", "true") == "true",
        unigrams_if_none=flag(options, "output_unigrams_if_no_shingles"),
    )


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
    "reverse": lambda options: filters.reverse,
    "truncate": _truncate,
    "limit": lambda options: filters.limit(number(options, "max_token_count", 1)),
    "elision": _elision,
    "decimal_digit": lambda options: filters.decimal_digit,
    "pattern_replace": _replacing,
    "ngram": lambda options: _gram_filter(options, at_edge=False),
    "edge_ngram": lambda options: _gram_filter(options, at_edge=True),
    "shingle": _shingle,
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


def _pattern(name: str, options: Options) -> Analyzer:
    change = case.lower if text(options, "lowercase", "true") == "true" else None
    words = stop_words(options, "_none_")
    chain = (filters.stop(words),) if words else ()
    return Analyzer(name, tokenizers.pattern(pattern(options, r"\W+"), -1, change), chain)


ANALYZERS: Mapping[str, Callable[[str, Options], Analyzer]] = {
    "standard": _standard,
    "simple": lambda name, options: Analyzer(name, tokenizers.lowercase_letters()),
    "whitespace": lambda name, options: Analyzer(name, tokenizers.whitespace()),
    "keyword": lambda name, options: Analyzer(name, tokenizers.keyword),
    "stop": _stop,
    "pattern": _pattern,
    "english": _english,
}

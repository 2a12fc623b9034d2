"""Errors of pipeline definitions, and the one failure that `ignore_failure` never hides."""

from __future__ import annotations

from ragstone.core.errors import MLException, OpenSearchException, ParseException


def configuration_error(
    reason: str, *, type: str | None = None, tag: str | None = None, property: str | None = None
) -> ParseException:
    """`[property] reason`, with what is known of the processor beside it."""
    text = reason if property is None else f"[{property}] {reason}"
    return ParseException(text, metadata=_metadata(type, tag, property))


def at_processor(error: OpenSearchException, *, type: str, tag: str | None) -> OpenSearchException:
    """The error of a processor's own check, told where it happened.

    `Differs:` OpenSearch wraps its argument errors in a 500 `exception`; here they stay what they are.
    """
    for key, value in _metadata(type, tag, None).items():
        error.metadata.setdefault(key, value)
    return error


def _metadata(type: str | None, tag: str | None, property: str | None) -> dict[str, str]:
    named = {"processor_type": type, "processor_tag": tag, "property_name": property}
    return {key: value for key, value in named.items() if value is not None}


class FeatureOffException(MLException):
    """A processor whose feature is switched off for the cluster. `ignore_failure` does not hide it."""

    wire_type = "m_l_exception"

"""What a scenario is once it is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragstone.testing.conformance.matchers import Anything

TARGETS = ("embedded", "gateway", "bare")
"""This project's own engine; this project in front of a cluster; that cluster itself."""

KINDS = {
    "index": "/{}",
    "alias": None,  # goes with its indices
    "model": None,  # is deleted by an id that the server makes up
    "ingest pipeline": "/_ingest/pipeline/{}",
    "search pipeline": "/_search/pipeline/{}",
    "index template": "/_index_template/{}",
    "component template": "/_component_template/{}",
    "stored script": "/_scripts/{}",
}
"""What a scenario may give a name to, and what is deleted at its end."""


@dataclass(frozen=True)
class Expectation:
    """The part of a reply that matters."""

    status: int = 200
    reply: Any = field(default_factory=Anything)
    headers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """Another reply, on purpose."""

    because: str
    expected: Expectation


@dataclass(frozen=True)
class Step:
    """One request. `<name>` in its texts, and in those of its expectation, stands for what the name has become."""

    method: str
    target: str
    """Path and parameters."""
    expected: Expectation
    content: str | None = None
    content_type: str = "application/json"
    keep: Mapping[str, str] = field(default_factory=dict)
    """Name → way to a member of the reply, with dots."""
    until: Any = None
    """The request is sent again until its reply has this; then it is compared."""
    asked: Any = None
    """The part that matters of the last request that the chat model got."""
    differs: Mapping[str, Difference] = field(default_factory=dict)
    """By target."""

    def expected_on(self, target: str) -> Expectation:
        return self.differs[target].expected if target in self.differs else self.expected


@dataclass(frozen=True)
class Scenario:
    """A list of requests that start from nothing and leave nothing."""

    name: str
    about: str
    steps: Sequence[Step]
    names: Mapping[str, str] = field(default_factory=dict)
    """Name → kind. Each run calls it differently, so that runs do not meet."""
    chat: Sequence[str] = ()
    """What the simulated chat model answers, in order."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Target → what it does not have. The scenario does not count there."""
    at_the_end: Sequence[Step] = ()
    """Sent whatever happened; their replies are not looked at."""

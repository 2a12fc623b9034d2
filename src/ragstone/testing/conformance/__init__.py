"""Scenarios as data, and what is needed to run one on any server that speaks OpenSearch's REST API.

    scenario = read(Path("documents.yaml"))
    verdict = play(scenario, "bare", send)          # AGREES, DIFFERS or LACKS; raises Disagreement

`send` takes a Request and gives a Reply. How a scenario is written stands in docs/testing.md.
"""

from ragstone.testing.conformance.comparison import differences
from ragstone.testing.conformance.player import Chat, Disagreement, Reply, Request, Verdict, play
from ragstone.testing.conformance.reading import MalformedScenario, read
from ragstone.testing.conformance.scenario import Expectation, Scenario, Step

__all__ = [
    "Chat",
    "Disagreement",
    "Expectation",
    "MalformedScenario",
    "Reply",
    "Request",
    "Scenario",
    "Step",
    "Verdict",
    "differences",
    "play",
    "read",
]

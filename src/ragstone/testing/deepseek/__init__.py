"""A simulated DeepSeek chat API, as it was in 2025 and as it is today, with its refusals and its bad days.

    with SimulatedDeepSeek(profile="v41-2026-09", answer="Hello!") as deepseek:
        deepseek.next(overloaded(), "Second try.")          # what the next requests get, before `answer` again
        ...                                                 # call deepseek.url, or api.deepseek.com through
        deepseek.transport()                                # this HttpTransport, TLS and all
        assert deepseek.requests[0].body["model"] == "deepseek-flash"

It knows no language: what it says is what the test wrote. Streams are refused with a 501.
"""

from ragstone.testing.deepseek.profiles import PROFILES, Profile
from ragstone.testing.deepseek.replies import (
    ChatRequest,
    Raw,
    Reply,
    Step,
    blank_lines_only,
    cut_short,
    error,
    gateway_error,
    overloaded,
    server_error,
    silence,
    starved,
)
from ragstone.testing.deepseek.server import Received, SimulatedDeepSeek

__all__ = [
    "PROFILES",
    "ChatRequest",
    "Profile",
    "Raw",
    "Received",
    "Reply",
    "SimulatedDeepSeek",
    "Step",
    "blank_lines_only",
    "cut_short",
    "error",
    "gateway_error",
    "overloaded",
    "server_error",
    "silence",
    "starved",
]

"""Patterns of index names against each other."""

from __future__ import annotations

from collections.abc import Sequence

from ragstone.core.names import name_fault


def overlap(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether there is a name that a pattern of each describes."""
    return any(_meet(one, other) for one in some for other in others)


def _meet(one: str, other: str) -> bool:
    """Row by row: whether what is left of `one` from `i` on and of `other` from `j` on can be the same text."""
    below = [set(other[j:]) <= {"*"} for j in range(len(other) + 1)]
    for i in range(len(one) - 1, -1, -1):
        row = [False] * len(other) + [set(one[i:]) <= {"*"}]
        for j in range(len(other) - 1, -1, -1):
            if one[i] == "*" or other[j] == "*":
                row[j] = below[j] or row[j + 1]  # the star ends, or takes what the other one has next
            else:
                row[j] = one[i] == other[j] and below[j + 1]
        below = row
    return below[0]


def template_name_faults(name: str) -> list[str]:
    """Why a template may not be called so, all of it, in OpenSearch's order of asking."""
    faults = []
    if " " in name:
        faults.append("name must not contain a space")
    faults += [f"name must not contain a '{character}'" for character in ",#*" if character in name]
    if name.startswith("_"):
        faults.append("name must not start with '_'")
    if name.lower() != name:
        faults.append("name must be lower cased")
    return faults


def pattern_faults(pattern: str) -> list[str]:
    """The same of a pattern of a template."""
    faults = []
    if " " in pattern:
        faults.append(f"index_patterns [{pattern}] must not contain a space")
    faults += [
        f"index_pattern [{pattern}] must not contain a '{character}'" for character in ",#:" if character in pattern
    ]
    if pattern.startswith("_"):
        faults.append(f"index_pattern [{pattern}] must not start with '_'")
    why = name_fault("x" + pattern.replace("*", "").translate({ord("#"): "x", ord(":"): "x"}))
    if why is not None and why.startswith("must not contain the following characters"):
        faults.append(f"index_pattern [{pattern}] {why}")
    return faults

"""The table at the end of a run: what became of each scenario on each target."""

from __future__ import annotations

from collections import Counter

import pytest

from ragstone.testing.conformance.scenario import TARGETS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    table: dict[str, dict[str, str]] = {}
    others = False
    for outcome in ("passed", "failed", "skipped", "error"):
        for report in terminalreporter.getreports(outcome):
            properties = dict(getattr(report, "user_properties", []))
            if "scenario" in properties:
                verdict = "FAILED" if outcome in ("failed", "error") else str(properties.get("verdict", "skipped"))
                table.setdefault(str(properties["scenario"]), {})[str(properties["target"])] = verdict
            elif isinstance(report, pytest.TestReport):
                others = True
    if not table:
        return
    terminalreporter.section("conformance")
    if not others:  # among all other tests the sums are enough
        width = max(map(len, table))
        terminalreporter.line("  ".join(["scenario".ljust(width), *(target.ljust(8) for target in TARGETS)]))
        for name, row in sorted(table.items()):
            cells = [row.get(target, "-").ljust(8) for target in TARGETS]
            terminalreporter.line("  ".join([name.ljust(width), *cells]))
    for target in TARGETS:
        counts = Counter(row[target] for row in table.values() if target in row)
        terminalreporter.line(
            f"{target}: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        )

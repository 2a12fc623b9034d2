"""Secrets and signatures are compared in constant time, or not compared at all."""

from __future__ import annotations

import ast
import re
from pathlib import Path

SOURCES = sorted((Path(__file__).parents[2] / "src" / "ragstone").rglob("*.py"))
TELLING = re.compile(r"(?:^|_)(?:secret|signature|password|session_token|digest|hmac)$")
"""What a name ends in that holds something nobody may guess at letter by letter."""


def names_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def suspicious(source: str) -> list[int]:
    """Lines where such a value stands beside == or != (to ask for None or an empty text is no comparison)."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare) or not all(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(TELLING.search(names_of(side)) for side in sides) and not any(
            isinstance(s, ast.Constant) for s in sides
        ):
            found.append(node.lineno)
    return found


def test_the_search_finds_what_it_is_for() -> None:
    assert suspicious("if claim.signature == given: pass\nif a.secret is None or secret == '': pass") == [1]


def test_no_secret_and_no_signature_is_compared_with_an_equals_sign() -> None:
    product = [path for path in SOURCES if "testing" not in path.parts]
    found = {path.name: suspicious(path.read_text(encoding="utf-8")) for path in product}
    assert {name: lines for name, lines in found.items() if lines} == {}

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
    """Lines where such a value is compared in the ordinary way: beside ==, !=, in or not in (to ask for None or an empty
    text is no comparison), asked what it starts or ends with, or matched."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and not any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            searched = any(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
            sides = [node.left] if searched else [node.left, *node.comparators]
            if any(telling(side) for side in sides) and not any(isinstance(side, ast.Constant) for side in sides):
                found.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = [*node.args, node.func.value]
            if node.func.attr in ("startswith", "endswith", "__eq__") and any(telling(value) for value in given):
                found.append(node.lineno)
        elif isinstance(node, ast.Match) and telling(node.subject):
            found.append(node.lineno)
    return found


def telling(node: ast.expr) -> bool:
    return TELLING.search(names_of(node)) is not None


def test_the_search_finds_what_it_is_for() -> None:
    assert suspicious("if claim.signature == given: pass\nif a.secret is None or secret == '': pass") == [1]
    assert suspicious("if password in known: pass\nif known.startswith(digest): pass") == [1, 2]
    assert suspicious("match secret:\n    case 'x': pass") == [1]
    assert suspicious("if hmac.compare_digest(a.secret, secret): pass\nif 'x' in names: pass") == []


def test_no_secret_and_no_signature_is_compared_with_an_equals_sign() -> None:
    product = [path for path in SOURCES if "testing" not in path.parts]
    found = {path.name: suspicious(path.read_text(encoding="utf-8")) for path in product}
    assert {name: lines for name, lines in found.items() if lines} == {}

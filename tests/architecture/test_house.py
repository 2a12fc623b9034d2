"""What the house promises about itself: everything says what it is, and one command runs all tests everywhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_every_folder_of_sources_is_a_package() -> None:
    folders = {path.parent for path in SOURCES} - {ROOT / "src"}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_readme_and_ci_run_the_tests_with_the_same_command() -> None:
    command = "make test"
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command in ci
    assert f"`{command}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ntest:")[2].partition("\n\n")[0]
    assert re.search(r"-m pytest -q -n \$\(WORKERS\)$", recipe, re.MULTILINE), "all tests, none chosen"


def test_every_command_that_ci_runs_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert wanted
    assert targets.issuperset(wanted)


def test_the_tests_use_the_layout_of_the_sources() -> None:
    unit, package = ROOT / "tests" / "unit", ROOT / "src" / "ragstone"
    strangers = [folder for folder in unit.rglob("*/") if not (package / folder.relative_to(unit)).is_dir()]
    assert [folder for folder in strangers if folder.name != "__pycache__"] == []

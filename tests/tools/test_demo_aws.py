"""`make demo-aws`, with AWS simulated and without AWS: all of it, and what happens when a step is left out."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from ragstone.cli.walkthrough import DemoFailed
from ragstone.core.settings import Settings
from ragstone.providers.embeddings.pull import is_pulled

TOOL = Path(__file__).parents[2] / "tools" / "demo_aws.py"
MODEL = "all-MiniLM-L6-v2"
SIGNING_ROLE = "role/my_create_deepseek_connector_role"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    specification = importlib.util.spec_from_file_location("demo_aws", TOOL)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["demo_aws"] = module  # dataclasses look there
    specification.loader.exec_module(module)
    return module


def failed(tool: ModuleType, folder: Path, tutorial: type[Any]) -> str:
    """What the demo on moto says of a tutorial that goes wrong."""
    with pytest.raises(DemoFailed) as caught:
        tool.demo(Console(file=io.StringIO()), folder, offline=False, tutorial=tutorial)
    return str(caught.value)


@pytest.mark.parametrize("offline", [False, True], ids=["moto", "offline"])
@pytest.mark.skipif(
    not is_pulled(MODEL, Settings().models_folder),
    reason=f"the weights are not here: run `ragstone models pull {MODEL}`",
)
def test_the_whole_tutorial_runs_from_its_first_step(tmp_path: Path, offline: bool) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DEEPSEEK", "RAGSTONE"))}
    done = subprocess.run(
        [sys.executable, str(TOOL), *(["--offline"] if offline else [])],
        env={**kept, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer = done.stdout.partition("Answer")[2]
    for figure in ("114,000 (0.61%)", "18,823,000", "18,937,000", "98,000 (1.59%)", "Miami grew faster"):
        assert figure in answer
    assert "sk-0123456789abcdef" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) < 55, "more than a pane"
    assert list(tmp_path.iterdir()) == []


def test_a_role_that_is_not_mapped_may_not_make_connectors(tool: ModuleType, tmp_path: Path) -> None:
    class Unmapped(tool.Tutorial):  # type: ignore[misc, name-defined]  # the module is loaded by its path
        def map_the_role(self) -> None:
            pass

    said = failed(tool, tmp_path, Unmapped)
    assert said.startswith("the script was answered 403: ")
    assert "no permissions for [cluster:admin/opensearch/ml/create_connector] and User [name=arn:aws:iam::" in said
    assert f":{SIGNING_ROLE}, backend_roles=[arn:aws:iam::" in said


def test_a_role_that_may_not_pass_the_other_on_may_not_name_it(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = '"Action": "iam:PassRole"'
    assert passing in tool.SIGNING_PERMISSIONS
    monkeypatch.setattr(
        tool, "SIGNING_PERMISSIONS", tool.SIGNING_PERMISSIONS.replace(passing, '"Action": "iam:GetRole"')
    )
    said = failed(tool, tmp_path, tool.Tutorial)
    assert said.startswith("the script was answered 403: ")
    assert "is not authorized to perform: iam:PassRole on resource: arn:aws:iam::" in said


def test_a_role_that_may_not_post_makes_no_request_at_all(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "SIGNING_PERMISSIONS", tool.SIGNING_PERMISSIONS.replace("es:ESHttpPost", "es:ESHttpGet"))
    said = failed(tool, tmp_path, tool.Tutorial)
    assert "is not authorized to perform: es:ESHttpPost because no identity-based policy allows" in said


def test_keys_that_nobody_gave_out_sign_nothing(tool: ModuleType, tmp_path: Path) -> None:
    class Stolen(tool.Tutorial):  # type: ignore[misc, name-defined]
        def _credentials(self, keys: Any) -> None:
            super()._credentials(tool.Keys(keys.access_key_id, keys.secret, keys.token[:-4] + "AAAA"))

    said = failed(tool, tmp_path, Stolen)
    assert said == 'the script was answered 403: {"message":"The security token included in the request is invalid."}'

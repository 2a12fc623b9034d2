"""`ragstone secrets`: values come in on standard input and never go out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ragstone.cli.secrets import app
from ragstone.core.clock import SystemClock
from ragstone.core.ids import IdGenerator
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.secrets.keystore import Keystore

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, value="": CliRunner().invoke(app, list(arguments), input=value)


@pytest.fixture
def vault(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "data", MasterKeyEncryptor(tmp_path / "data" / "keys"), SystemClock(), IdGenerator())


def test_the_secret_of_the_tutorials_first_step(run: Run, vault: Keystore) -> None:
    made = run("put", "my_test_deepseek_secret", "--key", "my_deepseek_key", value="sk-typed\n")
    assert made.exit_code == 0
    assert "sk-typed" not in made.output
    stored = vault.get(made.stdout.strip())
    assert (stored.name, json.loads(stored.text or "")) == ("my_test_deepseek_secret", {"my_deepseek_key": "sk-typed"})


def test_a_rotation_keeps_the_other_keys_and_the_previous_version(run: Run, vault: Keystore) -> None:
    run("put", "s", value='{"a": "1", "b": "2"}')
    assert run("rotate", "s", "--key", "b", value="3").exit_code == 0
    assert json.loads(vault.get("s").text or "") == {"a": "1", "b": "3"}
    assert json.loads(vault.get("s", stage="AWSPREVIOUS").text or "") == {"a": "1", "b": "2"}
    assert run("rotate", "s", value="plain\r\n").exit_code == 0
    assert vault.get("s").text == "plain"
    refused = run("rotate", "s", "--key", "b", value="4")
    assert refused.exit_code == 1
    assert "is no JSON object" in refused.stderr


def test_the_list_tells_names_and_arns_and_no_value(run: Run) -> None:
    arn = run("put", "s", "--description", "d", value="sk-hidden").stdout.strip()
    run("put", "t", value="sk-hidden")
    run("delete", "t")
    listed = run("list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["s", "t"]
    assert arn in listed[0]
    assert "gone on" in listed[1]
    assert "sk-hidden" not in "".join(listed)


def test_a_deleted_secret_comes_back_unless_it_is_gone(run: Run, vault: Keystore) -> None:
    run("put", "s", value="x")
    run("delete", "s")
    assert run("restore", "s").exit_code == 0
    assert vault.get("s").text == "x"
    assert "is gone" in run("delete", "s", "--now").stdout
    refused = run("restore", "s")
    assert (refused.exit_code, refused.stderr) == (1, "ragstone: Secrets Manager can't find the specified secret.\n")


@pytest.mark.parametrize(
    ("arguments", "value", "told"),
    [
        (("put", "s"), "", "must have 1 to 65536 bytes"),
        (("put", "a b"), "x", "Invalid name"),
        (("rotate", "nothing"), "x", "can't find the specified secret"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: tuple[str, ...], value: str, told: str) -> None:
    result = run(*arguments, value=value)
    assert result.exit_code == 1
    assert told in result.stderr


def test_a_value_as_an_argument_is_refused(run: Run) -> None:
    assert run("put", "s", "sk-on-the-command-line").exit_code == 2


def test_a_name_is_taken_once(run: Run, vault: Keystore) -> None:
    run("put", "s", value="1")
    assert "already exists" in run("put", "s", value="2").stderr
    assert vault.get("s").text == "1"

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ragstone.cli.iam import app

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "es:*", "Resource": "*"}]}


def run(folder: Path, *arguments: str, typed: str | None = None, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*arguments, "--data", str(folder)], input=typed)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output.strip()


def test_everybody_is_listed_with_what_they_have_and_no_secret_is(tmp_path: Path) -> None:
    run(tmp_path, "create-user", "ann")
    key = dict(line.split("=", 1) for line in run(tmp_path, "create-access-key", "ann").splitlines())
    run(tmp_path, "put-user-policy", "ann", "-", "--name", "p", typed=json.dumps(POLICY))
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST))
    run(tmp_path, "create-role", "r", "--trust", str(trust), "--path", "/team/")
    run(tmp_path, "put-role-policy", "r", "-", typed=json.dumps(POLICY))
    listed = run(tmp_path, "list")
    assert listed.splitlines() == [
        "domain  arn:aws:es:us-east-1:000000000000:domain/ragstone",
        "user    arn:aws:iam::000000000000:user/ann",
        "        policy p",
        f"        access key {key['AWS_ACCESS_KEY_ID']}",
        "role    arn:aws:iam::000000000000:role/team/r",
        "        policy inline",
    ]
    for command in (
        ("delete-access-key", "ann", key["AWS_ACCESS_KEY_ID"]),
        ("delete-user-policy", "ann", "--name", "p"),
        ("delete-role-policy", "r"),
        ("delete-user", "ann"),
        ("delete-role", "r"),
    ):
        run(tmp_path, *command)
    assert len(run(tmp_path, "list").splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "told"),
    [
        (("create-access-key", "bob"), None, 1, "The user with name bob cannot be found."),
        (("create-user", "a b"), None, 1, "A name has 1 to 64 letters"),
        (("put-user-policy", "bob", "-"), "{", 2, "Unexpected end-of-input"),
        (("put-user-policy", "ann", "-"), "{}", 2, "malformed policy document"),
        (("put-user-policy", "ann", "missing.json"), None, 1, "missing.json"),
        (("create-role", "r", "--trust", "-"), json.dumps(POLICY), 2, "malformed policy document"),
    ],
)
def test_what_cannot_be_done_is_told_in_plain_words(
    tmp_path: Path, arguments: tuple[str, ...], typed: str | None, code: int, told: str
) -> None:
    run(tmp_path, "create-user", "ann")
    assert told in run(tmp_path, *arguments, typed=typed, code=code)

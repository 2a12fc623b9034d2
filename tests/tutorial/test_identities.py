"""The tutorial's steps 1 to 4 off AWS, as they are written: policies, assume-role, and the Python script of step 4.2 in a
process of its own, in which only the placeholders are replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from typer.testing import CliRunner

from ragstone.cli.commands import app
from ragstone.core.settings import Settings
from ragstone.testing.aws_tutorial import (
    SCRIPT,
    SECRET_PERMISSIONS,
    SECRET_TRUST,
    SIGNING_PERMISSIONS,
    SIGNING_TRUST,
    filled,
)
from ragstone.testing.deepseek import SimulatedDeepSeek
from ragstone.testing.embeddings import HashingRuntime
from ragstone.testing.server import ThreadedServer

KEY = "sk-0123456789abcdef"
REGION = "us-east-1"


@dataclass
class Tutorial:
    """A reader who has a server, a shell and a folder of files."""

    url: str
    home: Path
    data: Path
    placeholders: dict[str, str]

    def filled(self, text: str) -> str:
        return filled(text, self.placeholders)

    def file(self, text: str) -> str:
        path = self.home / f"{abs(hash(text))}.json"
        path.write_text(self.filled(text))
        return str(path)

    def shell(self, *command: str, typed: str | None = None) -> str:
        done = CliRunner().invoke(app, [*command, "--data", str(self.data)], input=typed)
        assert done.exit_code == 0, done.output
        return done.output.strip()

    def prepare(self) -> None:
        """Steps 1 to 3.1."""
        known = self.placeholders
        known["your_secret_arn_created_in_step1"] = self.shell(
            "secrets", "put", "my_test_deepseek_secret", "--key", "my_deepseek_key", typed=KEY
        )
        known["your_iam_role_arn_created_in_step2"] = self.shell(
            "iam", "create-role", "my_deepseek_secret_role", "--trust", self.file(SECRET_TRUST), "--policy", self.file(SECRET_PERMISSIONS),
        )  # fmt: skip
        known["your_iam_user_arn"] = self.shell("iam", "create-user", "me")
        self.keys = dict(line.split("=", 1) for line in self.shell("iam", "create-access-key", "me").splitlines())
        listed = self.shell("iam", "list").splitlines()
        known["your_opensearch_domain_arn"] = next(line.split()[1] for line in listed if line.startswith("domain"))
        known["your_iam_role_arn_created_in_step3.1"] = self.shell(
            "iam", "create-role", "my_create_deepseek_connector_role", "--trust", self.file(SIGNING_TRUST), "--policy", self.file(SIGNING_PERMISSIONS),
        )  # fmt: skip

    def assume_role(self) -> None:
        """Step 4.1, with the credentials file as the tutorial writes it."""
        sts = boto3.client(
            "sts", endpoint_url=self.url, region_name=REGION,
            aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"], aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        made = sts.assume_role(
            RoleArn=self.placeholders["your_iam_role_arn_created_in_step3.1"], RoleSessionName="your_session_name"
        )["Credentials"]
        (self.home / ".aws").mkdir(exist_ok=True)
        (self.home / ".aws" / "credentials").write_text(
            f"[default]\nAWS_ACCESS_KEY_ID={made['AccessKeyId']}\nAWS_SECRET_ACCESS_KEY={made['SecretAccessKey']}\n"
            f"AWS_SESSION_TOKEN={made['SessionToken']}\n"
        )

    def run_script(self) -> tuple[int, Any]:
        """Step 4.2."""
        script = self.home / "create_connector.py"
        script.write_text(self.filled(SCRIPT))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, str(script)],
            env={**environment, "HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        status, _, body = done.stdout.partition("\n")
        return int(status), json.loads(body)

    def hello(self, connector_id: str) -> requests.Response:
        """Step 5, in short."""
        ml = f"{self.url}/_plugins/_ml"
        model = {"name": "m", "function_name": "remote", "connector_id": connector_id}
        id = requests.post(f"{ml}/models/_register?deploy=true", json=model, timeout=60).json()["model_id"]
        messages = [{"role": "user", "content": "Hello!"}]
        return requests.post(f"{ml}/models/{id}/_predict", json={"parameters": {"messages": messages}}, timeout=60)


@pytest.fixture
def tutorial(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tutorial]:
    monkeypatch.setenv("RAGSTONE_CLUSTER_NAME", settings.cluster_name)
    with (
        SimulatedDeepSeek("v3-2025", api_key=KEY) as deepseek,
        ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime()) as server,
    ):
        here = {"your_amazon_opensearch_domain_endpoint": server.url, "your_amazon_opensearch_domain_region": REGION}
        trusted = {"plugins.ml_commons.trusted_connector_endpoints_regex": [r"^https://api\.deepseek\.com/.*$"]}
        requests.put(f"{server.url}/_cluster/settings", json={"persistent": trusted}, timeout=60)
        yield Tutorial(server.url, tmp_path, settings.data, here)


def test_the_steps_one_to_four_as_they_are_written(tutorial: Tutorial) -> None:
    tutorial.prepare()
    tutorial.assume_role()
    status, answer = tutorial.run_script()
    assert (status, list(answer)) == (200, ["connector_id"])
    told = tutorial.hello(answer["connector_id"])
    assert told.status_code == 200, told.text
    assert KEY not in told.text


def test_the_script_is_refused_when_its_role_may_not_pass_the_other_on(tutorial: Tutorial) -> None:
    tutorial.prepare()
    tutorial.assume_role()
    policy = json.loads(tutorial.filled(SIGNING_PERMISSIONS))
    del policy["Statement"][0]
    tutorial.shell("iam", "put-role-policy", "my_create_deepseek_connector_role", tutorial.file(json.dumps(policy)))
    status, answer = tutorial.run_script()
    assert status == 403
    assert answer["Message"] == tutorial.filled(
        "User: arn:aws:sts::000000000000:assumed-role/my_create_deepseek_connector_role/your_session_name is not "
        "authorized to perform: iam:PassRole on resource: your_iam_role_arn_created_in_step2"
    )


def test_the_script_is_refused_when_its_role_is_gone(tutorial: Tutorial) -> None:
    tutorial.prepare()
    tutorial.assume_role()
    tutorial.shell("iam", "delete-role", "my_create_deepseek_connector_role")
    assert tutorial.run_script() == (403, {"message": "The security token included in the request is invalid."})


def test_a_secret_is_not_read_when_its_role_does_not_let_the_server_in(tutorial: Tutorial) -> None:
    tutorial.prepare()
    tutorial.assume_role()
    tutorial.shell("iam", "update-trust", "my_deepseek_secret_role", tutorial.file(SIGNING_TRUST))
    told = tutorial.hello(tutorial.run_script()[1]["connector_id"])
    assert told.status_code == 403, told.text

"""The whole tutorial from its step 1: the key in a secret, roles, a mapping, a signed request, then steps 5 and 6.

    make demo-aws               AWS is moto, on this machine
    make demo-aws OFFLINE=1     AWS is nobody: Ragstone's own vault, identities and token service

Without DEEPSEEK_API_KEY, `api.deepseek.com` is simulated on this machine, and what it says is ragstone-reader's answer.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
from rich.console import Console
from rich.markup import escape

from ragstone.cli.models import models_folder
from ragstone.cli.tutorial import EMBEDDING_MODEL, THINKING_OFF, Chat, Step, steps_with_connector
from ragstone.cli.walkthrough import DemoFailed, Walkthrough, short
from ragstone.core.arns import domain_arn
from ragstone.core.log import configure
from ragstone.core.security_settings import SecuritySettings
from ragstone.core.settings import Settings
from ragstone.dsl.dev_tools import parse
from ragstone.rag.reader import answer_to
from ragstone.testing.aws_tutorial import (
    SCRIPT,
    SECRET,
    SECRET_KEY,
    SECRET_PERMISSIONS,
    SECRET_ROLE,
    SECRET_TRUST,
    SIGNING_PERMISSIONS,
    SIGNING_ROLE,
    SIGNING_TRUST,
    TRUSTED,
    filled,
)
from ragstone.testing.deepseek import SimulatedDeepSeek
from ragstone.testing.moto import MotoIdentities
from ragstone.testing.server import ThreadedServer

REGION = "us-east-1"
USER = "your_iam_user"
ADMIN = ("admin", "Correct-Horse-Battery-1!")
"""Of a server that lives as long as the demo."""
_FIGURES = ("114,000", "0.61", "98,000", "1.59", "Miami grew faster")
_PATIENCE = 120.0


@dataclass
class Keys:
    access_key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Aws(ABC):
    """Whoever keeps secrets, knows identities and gives out temporary keys."""

    title: str
    account: str

    def __init__(self, show: Console) -> None:
        self._show = show

    @abstractmethod
    def store(self, key: str) -> str:
        """Step 1; the secret's ARN."""

    @abstractmethod
    def create_role(self, name: str, trust: str, permissions: str) -> str:
        """Steps 2 and 3.1; the role's ARN."""

    @abstractmethod
    def create_user(self) -> tuple[str, Keys]:
        """The reader's own IAM user: its ARN and an access key."""

    @abstractmethod
    def token_service(self, server: str) -> str:
        """Where STS is."""

    def called(self, text: str) -> None:
        self._show.print(f"   {escape(short(text, 140))}", style="dim")


class Moto(Aws):
    """moto's Secrets Manager, IAM and STS, at `url`."""

    title = "moto is AWS here"

    def __init__(self, show: Console, url: str) -> None:
        super().__init__(show)
        self._url = url
        self.identities = MotoIdentities(url)
        self.account = self.identities.account

    def store(self, key: str) -> str:
        self.called(f'secretsmanager.create_secret(Name={SECRET!r}, SecretString=\'{{"{SECRET_KEY}": "***"}}\')')
        made = self._client("secretsmanager").create_secret(Name=SECRET, SecretString=json.dumps({SECRET_KEY: key}))
        return str(made["ARN"])

    def create_role(self, name: str, trust: str, permissions: str) -> str:
        iam = self._client("iam")
        self.called(f"iam.create_role(RoleName={name!r}, AssumeRolePolicyDocument={' '.join(trust.split())})")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        self.called(f"iam.put_role_policy(RoleName={name!r}, PolicyDocument={' '.join(permissions.split())})")
        iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=permissions)
        return str(made["Role"]["Arn"])

    def create_user(self) -> tuple[str, Keys]:
        iam = self._client("iam")
        self.called(f"iam.create_user(UserName={USER!r}); iam.create_access_key(UserName={USER!r})")
        arn = iam.create_user(UserName=USER)["User"]["Arn"]
        made = iam.create_access_key(UserName=USER)["AccessKey"]
        return str(arn), Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def token_service(self, server: str) -> str:
        return self._url

    def _client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self._url, region_name=REGION)


class Offline(Aws):
    """`ragstone secrets` and `ragstone iam`, on the server's data."""

    title = "no AWS: Ragstone's own vault, identities and token service"
    account = "000000000000"

    def __init__(self, show: Console, folder: Path) -> None:
        super().__init__(show)
        self._folder = folder

    def store(self, key: str) -> str:
        return self._ragstone("secrets", "put", SECRET, "--key", SECRET_KEY, typed=key)

    def create_role(self, name: str, trust: str, permissions: str) -> str:
        files = []
        for kind, text in (("trust", trust), ("permissions", permissions)):
            file = self._folder / f"{name}-{kind}.json"
            file.write_text(text)
            files.append(str(file))
        return self._ragstone("iam", "create-role", name, "--trust", files[0], "--policy", files[1])

    def create_user(self) -> tuple[str, Keys]:
        arn = self._ragstone("iam", "create-user", USER)
        lines = self._ragstone("iam", "create-access-key", USER).splitlines()
        made = dict(line.split("=", 1) for line in lines)
        return arn, Keys(made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"])

    def token_service(self, server: str) -> str:
        return server

    def _ragstone(self, *arguments: str, typed: str | None = None) -> str:
        self.called(f"ragstone {shlex.join(arguments)}".replace(f"{self._folder}/", ""))
        command = [sys.executable, "-m", "ragstone", *arguments, "--data", str(self._folder / "data")]
        return _run(command, dict(os.environ), typed).strip()


@dataclass
class Tutorial:
    """A reader of the tutorial. `placeholders` fills up on the way."""

    show: Console
    folder: Path
    aws: Aws
    server: str
    walk: Walkthrough
    chat: Chat
    placeholders: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        self.store_the_key()
        self.roles()
        self.map_the_role()
        self._credentials(self._assume_the_role())
        self._trust()
        self._create_the_connector()
        for step in steps_with_connector(self.chat):
            reply = self.walk.step(step)
        self.show.print()
        self.walk.result(reply, _FIGURES)

    def store_the_key(self) -> None:
        self.walk.title("Store the API key (step 1)")
        self._is("your_secret_arn_created_in_step1", self.aws.store(self.chat.api_key))

    def roles(self) -> None:
        self.walk.title("Create a role that may read it (step 2)")
        role = self.aws.create_role(SECRET_ROLE, SECRET_TRUST, self._filled(SECRET_PERMISSIONS))
        self._is("your_iam_role_arn_created_in_step2", role)
        self.walk.title("Have an IAM user with an access key")
        user, self._keys = self.aws.create_user()
        self._is("your_iam_user_arn", user)
        self.walk.title("Create a role that signs the connector's request (step 3.1)")
        self.placeholders["your_opensearch_domain_arn"] = domain_arn(self.aws.account, Settings().cluster_name)
        role = self.aws.create_role(SIGNING_ROLE, self._filled(SIGNING_TRUST), self._filled(SIGNING_PERMISSIONS))
        self._is("your_iam_role_arn_created_in_step3.1", role)

    def map_the_role(self) -> None:
        mapping = {
            "backend_roles": [self.placeholders["your_iam_role_arn_created_in_step3.1"]],
            "hosts": [],
            "users": [],
        }
        path = "/_plugins/_security/api/rolesmapping/ml_full_access"
        self.walk.step(Step("Map it as a backend role, as Dashboards does (step 3.2)", "PUT", path, mapping))

    def _assume_the_role(self) -> Keys:
        self.walk.title("Get temporary credentials (step 4.1)")
        role = self.placeholders["your_iam_role_arn_created_in_step3.1"]
        arguments = ["sts", "assume-role", "--role-arn", role, "--role-session-name", "your_session_name"]
        endpoint = self.aws.token_service(self.server)
        if shutil.which("aws"):
            self.aws.called(f"AWS_ENDPOINT_URL={endpoint} aws {shlex.join(arguments)}")
            environment = _without_aws()
            environment.update(
                AWS_ENDPOINT_URL=endpoint,
                AWS_DEFAULT_REGION=REGION,
                AWS_ACCESS_KEY_ID=self._keys.access_key_id,
                AWS_SECRET_ACCESS_KEY=self._keys.secret,
            )
            made = json.loads(_run(["aws", *arguments, "--output", "json"], environment))["Credentials"]
        else:
            self.aws.called(f"sts.assume_role(RoleArn={role!r}, RoleSessionName='your_session_name')  # at {endpoint}")
            sts = boto3.client(
                "sts",
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id=self._keys.access_key_id,
                aws_secret_access_key=self._keys.secret,
            )
            made = sts.assume_role(RoleArn=role, RoleSessionName="your_session_name")["Credentials"]
        self.show.print(f"   → {made['AccessKeyId']}, until {made['Expiration']}")
        return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def _credentials(self, keys: Keys) -> None:
        (self.folder / ".aws").mkdir()
        (self.folder / ".aws" / "credentials").write_text(
            f"[default]\nAWS_ACCESS_KEY_ID={keys.access_key_id}\nAWS_SECRET_ACCESS_KEY={keys.secret}\n"
            f"AWS_SESSION_TOKEN={keys.token}\n"
        )

    def _trust(self) -> None:
        [typed] = parse(TRUSTED)
        assert typed.body is not None
        self.walk.step(Step("Trust the provider (step 4.2)", typed.method, typed.path, json.loads(typed.body)))

    def _create_the_connector(self) -> None:
        self.walk.title("Run the Python script, its placeholders replaced (step 4.2)")
        self.placeholders["your_amazon_opensearch_domain_endpoint"] = self.server
        self.placeholders["your_amazon_opensearch_domain_region"] = REGION
        text = self._filled(SCRIPT)
        if self.chat.model != "deepseek-chat":
            # The name of 2025 is refused today.
            text = text.replace('"model": "deepseek-chat"', f'"model": "{self.chat.model}"')
            text = text.replace(json.dumps(Chat("").request_body), json.dumps(self.chat.request_body))
            self.show.print(f"   [yellow]≠ model: {escape(self.chat.model)}, and thinking off in the request body[/]")
        script = self.folder / "create_connector.py"
        script.write_text(text)
        self.aws.called(f"python {script.name}")
        environment = {**_without_aws(), "HOME": str(self.folder), "AWS_EC2_METADATA_DISABLED": "true"}
        status, _, body = _run([sys.executable, str(script)], environment).strip().partition("\n")
        self.show.print(f"   → {status} {escape(body)}")
        if status != "200":
            raise DemoFailed(f"the script was answered {status}: {body}")
        self.walk.keep("connector_id", json.loads(body)["connector_id"])

    def _is(self, name: str, value: str) -> None:
        self.placeholders[name] = value
        self.show.print(f"   → {escape(value)}")

    def _filled(self, text: str) -> str:
        return filled(text, self.placeholders)


def _run(command: Sequence[str], environment: Mapping[str, str], typed: str | None = None) -> str:
    done = subprocess.run(
        command, env=environment, input=typed, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    if done.returncode != 0:
        raise DemoFailed(f"{Path(command[0]).name} {command[1]}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _without_aws() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """What the server's own AWS client goes by; the server is in this process."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _weights(show: Console) -> None:
    from ragstone.providers.embeddings.pull import PullError, pull

    try:
        pull(EMBEDDING_MODEL.rsplit("/", 1)[-1], models_folder(None), say=lambda text: show.print(escape(text)))
    except PullError as error:
        raise DemoFailed(str(error)) from None


def _moto(show: Console, resources: ExitStack) -> Moto:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    resources.callback(server.stop)
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # What it has made belongs to its process, and may be of another server's time.
    urlopen(Request(f"{url}/moto-api/reset", method="POST"), timeout=_PATIENCE).close()
    resources.enter_context(
        _environment(
            AWS_ENDPOINT_URL=url,
            AWS_DEFAULT_REGION=REGION,
            AWS_ACCESS_KEY_ID="simulated",
            AWS_SECRET_ACCESS_KEY="simulated",
            AWS_EC2_METADATA_DISABLED="true",
        )
    )
    return Moto(show, url)


def demo(show: Console, folder: Path, *, offline: bool, tutorial: type[Tutorial] = Tutorial) -> None:
    """Everything, in `folder`. Raises DemoFailed."""
    key = os.environ.get("DEEPSEEK_API_KEY", "").strip()
    with ExitStack() as resources:
        aws: Moto | Offline = Offline(show, folder) if offline else _moto(show, resources)
        chat, transport = Chat(key or "sk-0123456789abcdef"), None
        if key:
            model = os.environ.get("DEEPSEEK_MODEL", "").strip() or "deepseek-flash"
            chat = replace(chat, model=model, request_body=THINKING_OFF)
        else:
            simulated = SimulatedDeepSeek(
                "v3-2025", api_key=chat.api_key, answer=lambda request: answer_to({"messages": list(request.messages)})
            )
            transport = resources.enter_context(simulated).transport()
        whom = f"DeepSeek's {chat.model}" if key else "a simulated DeepSeek: what it says is ragstone-reader's answer"
        show.print(f"[bold]{escape(aws.title)}[/]; the question goes to {escape(whom)}.\n")
        settings = Settings(
            port=0, data=folder / "data", security=SecuritySettings(enabled=True), initial_admin_password=ADMIN[1]
        )
        server = resources.enter_context(
            ThreadedServer(settings, transport=transport, identities=aws.identities if isinstance(aws, Moto) else None)
        )
        walk = Walkthrough(show, server.url, secrets=[chat.api_key], login=ADMIN, brief=True)
        tutorial(show, folder, aws, server.url, walk, chat).run()


def main() -> int:
    parser = argparse.ArgumentParser(description="The tutorial from step 1, with AWS or without.")
    parser.add_argument("--offline", action="store_true", help="Ragstone's own vault, identities and token service")
    options = parser.parse_args()
    configure("error")
    show = Console(soft_wrap=True, highlight=False, emoji=False)
    folder = Path(tempfile.mkdtemp(prefix="ragstone-demo-aws-"))
    try:
        _weights(show)
        demo(show, folder, offline=options.offline)
    except DemoFailed as error:
        show.print(f"\n[bold red]The demo failed.[/] {escape(str(error))}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

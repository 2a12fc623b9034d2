"""ARNs, the names that AWS gives to things, of the kinds that are met here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

LOCAL_REGION = "us-east-1"
LOCAL_ACCOUNT = "000000000000"
"""An account that AWS gives to nobody, so that what was made here is never looked for there."""

SECRET_SUFFIX = 6
"""Characters behind the name, drawn when a secret is made: a secret made anew under an old name has another ARN."""

_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+", re.ASCII)


def is_secret_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def is_role_arn(text: str) -> bool:
    return _ROLE.fullmatch(text) is not None


def domain_arn(account: str, name: str) -> str:
    """What policies call this server; `name` is the cluster's."""
    return f"arn:aws:es:{LOCAL_REGION}:{account}:domain/{name}"


@dataclass(frozen=True)
class SecretArn:
    """`arn:<partition>:secretsmanager:<region>:<account>:secret:<resource>`."""

    partition: str
    region: str
    account: str
    resource: str
    """The secret's name, with or without its suffix."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None when it is no ARN of a secret."""
        if _ARN.fullmatch(text) is None:
            return None
        _, partition, _, region, account, _, resource = text.split(":", 6)
        return cls(partition, region, account, resource)

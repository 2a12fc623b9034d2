from __future__ import annotations

from typing import Any

import pytest

from ragstone.providers.api import Verdict
from ragstone.providers.identity.iam_policy import MalformedPolicy, decide, decide_trust, permissions, trust

ALLOWED, DENIED, NOT_ALLOWED = Verdict(True), Verdict(False, explicit=True), Verdict(False)
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf"
USER = "arn:aws:iam::000000000000:user/ann"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("statements", "action", "resource", "verdict"),
    [
        ([], "es:ESHttpGet", "x", NOT_ALLOWED),
        ([allow("es:ESHttpGet", "x")], "es:ESHttpGet", "x", ALLOWED),
        ([allow("es:eshttpget", "x")], "es:ESHttpGet", "x", ALLOWED),
        ([allow("es:ESHttpGet", "x")], "es:ESHttpPost", "x", NOT_ALLOWED),
        ([allow("es:ESHttp*", "x")], "es:ESHttpPost", "x", ALLOWED),
        ([allow("es:ESHttp?et", "x")], "es:ESHttpGet", "x", ALLOWED),
        ([allow("es:*", "x")], "iam:PassRole", "x", NOT_ALLOWED),
        ([allow(["iam:PassRole", "es:*"], ["a", "b"])], "iam:PassRole", "b", ALLOWED),
        (
            [allow("*", "arn:aws:es:*:*:domain/d*")],
            "es:ESHttpGet",
            "arn:aws:es:us-east-1:1:domain/docs/_search",
            ALLOWED,
        ),
        ([allow("*", "X")], "es:ESHttpGet", "x", NOT_ALLOWED),
        ([allow("*", "a.c")], "es:ESHttpGet", "abc", NOT_ALLOWED),
        ([allow(), deny("es:ESHttpDelete")], "es:ESHttpDelete", "x", DENIED),
        ([deny("es:ESHttpDelete"), allow()], "es:ESHttpGet", "x", ALLOWED),
        ([deny()], "es:ESHttpGet", "x", DENIED),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "es:ESHttpGet", "x", ALLOWED),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], "iam:PassRole", "x", NOT_ALLOWED),
        ([{"Effect": "Deny", "Action": "*", "NotResource": "x"}, allow()], "es:ESHttpGet", "y", DENIED),
        ([{"Effect": "Deny", "Action": "*", "NotResource": "x"}, allow()], "es:ESHttpGet", "x", ALLOWED),
    ],
)
def test_deny_wins_and_what_nothing_allows_is_denied(
    statements: list[dict[str, Any]], action: str, resource: str, verdict: Verdict
) -> None:
    policies = [permissions(policy(statement)) for statement in statements]
    assert decide(policies, action, (resource,), {}) == verdict


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"StringEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": "42"}, True),
        ({"StringEquals": {"sts:ExternalId": ["41", "42"]}}, {"sts:externalid": "42"}, True),
        ({"StringEquals": {"sts:ExternalId": "42"}}, {"sts:externalid": "43"}, False),
        ({"StringEquals": {"sts:ExternalId": "42"}}, {}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "42"}}, {}, True),
        ({"StringNotEquals": {"k": "a"}}, {"k": "b"}, True),
        ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": "b"}, False),
        ({"StringNotEquals": {"k": "a"}}, {}, True),
        ({"StringLike": {"k": "a*"}}, {"k": "abc"}, True),
        ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": "a"}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, {"aws:principalarn": USER}, True),
        ({"Bool": {"k": True}}, {"k": "true"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"StringEquals": {"a": "1"}, "StringLike": {"b": "2"}}, {"a": "1", "b": "3"}, False),
    ],
)
def test_every_condition_must_hold(condition: Any, context: dict[str, str], holds: bool) -> None:
    assert decide([permissions(policy(allow(Condition=condition)))], "a:b", ("x",), context).allowed is holds


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"Version": "2020-01-01", "Statement": []},
        {"Statement": []},
        {"Statement": [1]},
        {"Statement": allow(), "More": 1},
        policy({"Effect": "Perhaps", "Action": "*", "Resource": "*"}),
        policy({"Effect": "Allow", "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "*"}),
        policy({**allow(), "NotAction": "*"}),
        policy(allow("nonsense")),
        policy(allow(1)),
        policy(allow([])),
        policy(allow("es:*", "arn:aws:iam::1:user/${aws:username}")),
        policy(allow(Sid="x", Principals={})),
        policy(allow(Principal="*")),
        policy(allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
        policy(allow(Condition={"ForAnyValue:StringEquals": {"k": "v"}})),
        policy(allow(Condition={"StringEquals": "x"})),
        policy(allow(Condition={"Null": {"k": "perhaps"}})),
    ],
)
def test_what_is_not_understood_is_refused(document: Any) -> None:
    with pytest.raises(MalformedPolicy):
        permissions(document)


def trusting(principal: Any, **more: Any) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


@pytest.mark.parametrize(
    ("principal", "names", "allowed"),
    [
        ({"AWS": USER}, {"AWS": [USER]}, True),
        ({"AWS": USER}, {"AWS": [USER + "2"]}, False),
        ({"AWS": [USER, "other"]}, {"AWS": [USER]}, True),
        ({"Service": "es.amazonaws.com"}, {"AWS": [USER]}, False),
        ({"Service": "es.amazonaws.com"}, {"Service": ["es.amazonaws.com"]}, True),
        ({"Service": "es.amazonaws.com", "AWS": USER}, {"AWS": [USER]}, True),
        ("*", {"AWS": [USER]}, True),
        ({"AWS": "*"}, {"AWS": [USER]}, True),
        ({"AWS": "*"}, {"Service": ["es.amazonaws.com"]}, False),
    ],
)
def test_a_trust_policy_names_who_may_assume(principal: Any, names: dict[str, list[str]], allowed: bool) -> None:
    assert decide_trust(trust(trusting(principal)), names, "sts:AssumeRole", {}).allowed is allowed


@pytest.mark.parametrize(
    "document",
    [
        policy(allow()),
        policy({"Effect": "Allow", "Action": "sts:AssumeRole"}),
        trusting({"AWS": USER}, Resource="*"),
        trusting({"AWS": "arn:aws:iam::000000000000:user/*"}),
        trusting({"Federated": "x"}),
        trusting({}),
        trusting("x"),
    ],
)
def test_a_trust_policy_that_is_none_is_refused(document: Any) -> None:
    with pytest.raises(MalformedPolicy):
        trust(document)


def test_a_pattern_of_many_stars_is_matched_in_no_time() -> None:
    assert not decide([permissions(policy(allow("*", "a" + "*" * 200 + "b")))], "a:b", ("a" * 5000,), {}).allowed

"""The role that a connector acts as at AWS, to read its secret or to sign: who names one must be allowed to pass it on.

Otherwise a connector would be a way to do, as somebody else, what one may not do oneself. A signer needs AWS's right
for it, whoever logged in another way the permission `cluster:admin/opensearch/ml/connectors/pass_role`, which
`all_access` and `ml_full_access` have. With security off an unsigned request is nobody's, and asked for nothing.

`Differs:` on Amazon's service only signed requests name roles; OpenSearch knows no such permission.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ragstone.core import caller
from ragstone.ml import rights
from ragstone.ml.connectors.secrets import ROLE

ACTION, PERMISSION = "iam:PassRole", "connectors/pass_role"
_PASSED_TO = {"iam:PassedToService": "es.amazonaws.com"}


def check_passed(credential: Mapping[str, str], before: Callable[[], str | None]) -> None:
    """`credential` in the clear; `before` tells the role of a connector that is changed, None when it has none.

    Raises what `caller.Signer.require` and `rights.require` do (403).
    """
    signer = caller.signer.get()
    if signer is None and caller.subject.get() is None:
        return
    role = credential.get(ROLE) or before()
    if role is None:
        return
    if signer is not None:
        signer.require(ACTION, role, _PASSED_TO)
    else:
        rights.require(PERMISSION)

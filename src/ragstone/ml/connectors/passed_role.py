"""The role that a connector reads its secret as: whoever names one must be allowed to pass it on.

Otherwise a connector would be a way to read, as somebody else, what one may not read oneself. An unsigned request is
nobody's, and asked for nothing: what it may do at all is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ragstone.core import caller
from ragstone.ml.connectors.secrets import ROLE

ACTION = "iam:PassRole"
_PASSED_TO = {"iam:PassedToService": "es.amazonaws.com"}


def check_passed(credential: Mapping[str, str], before: Callable[[], str | None]) -> None:
    """`credential` in the clear; `before` tells the role of a connector that is changed, None when it has none.

    Raises what `caller.Signer.require` does (403).
    """
    signer = caller.signer.get()
    if signer is None:
        return
    role = credential.get(ROLE) or before()
    if role is not None:
        signer.require(ACTION, role, _PASSED_TO)

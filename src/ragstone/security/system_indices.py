"""Indices that keep the node's own data: their APIs read and write them, nobody else does, whatever their roles.

`Differs:` OpenSearch leaves most of them open to roles with `*` unless it is told otherwise
(`plugins.security.system_indices.enabled`), encrypted credentials among them.
"""

from __future__ import annotations

from typing import Final

SECURITY_INDEX: Final = ".opendistro_security"
"""Where OpenSearch keeps the configuration of security. Here it is records, and this is a name that is kept."""
_BEGINNINGS: Final = (".plugins-ml-", ".ragstone-")
_ALIASES: Final = "indices:admin/aliases"
"""To read them is another action, which begins so too."""
_REFUSED: Final = (
    "indices:data/write",
    "indices:admin/block",
    "indices:admin/close",
    "indices:admin/create",
    "indices:admin/delete",
    "indices:admin/mapping/put",
    "indices:admin/open",
    "indices:admin/settings/update",
)


def is_system_index(name: str) -> bool:
    return name[:1] == "." and (name == SECURITY_INDEX or name.startswith(_BEGINNINGS))


def changes_an_index(action: str) -> bool:
    """Whether an action on an index changes it or what is in it."""
    return action == _ALIASES or action.startswith(_REFUSED)

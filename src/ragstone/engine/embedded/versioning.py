"""May this operation happen, and which version does it make? OpenSearch's rules of versions, as pure functions.

A deleted document keeps its version for a while (its tombstone row): the next write of that id goes on counting, and
external versions are compared with it, exactly as `index.gc_deletes` has it.
"""

from __future__ import annotations

from ragstone.core.errors import VersionConflictEngineException
from ragstone.engine.embedded.log import PRIMARY_TERM, Newest
from ragstone.engine.values import WriteOperation


def conflict(operation: WriteOperation, current: Newest | None) -> str | None:
    """What stands against the operation, in OpenSearch's words; None when it may happen."""
    exists = current is not None and not current.deleted
    if operation.if_seq_no is not None:
        required = f"required seqNo [{operation.if_seq_no}], primary term [{operation.if_primary_term}]."
        if current is None or not exists:
            return f"{required} but no document was found"
        seq_no = current.row - 1
        if (seq_no, PRIMARY_TERM) != (operation.if_seq_no, operation.if_primary_term):
            return f"{required} current document has seqNo [{seq_no}] and primary term [{PRIMARY_TERM}]"
        return None
    if current is None:
        return None
    if operation.op == "create" and exists:
        return f"document already exists (current version [{current.version}])"
    if operation.version is None:
        return None
    if operation.version_type == "external" and current.version >= operation.version:
        return f"current version [{current.version}] is higher or equal to the one provided [{operation.version}]"
    if operation.version_type == "external_gte" and current.version > operation.version:
        return f"current version [{current.version}] is higher than the one provided [{operation.version}]"
    return None


def next_version(operation: WriteOperation, current: Newest | None) -> int:
    """The version an operation without conflict makes. A delete of a missing document makes one too."""
    if operation.version is not None and operation.version_type != "internal":
        return operation.version
    return 1 if current is None else current.version + 1


def version_conflict(id: str, why: str, *, index: str, index_uuid: str) -> VersionConflictEngineException:
    return VersionConflictEngineException(
        f"[{id}]: version conflict, {why}", metadata={"index": index, "shard": "0", "index_uuid": index_uuid}
    )


__all__ = ["conflict", "next_version", "version_conflict"]

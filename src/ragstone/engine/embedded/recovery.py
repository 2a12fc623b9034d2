"""Brings text and vectors level with the log: on start, and after damage.

Replaying is idempotent: adding a row replaces it, deleting one that is not there does nothing. So it does not matter
when a crash happened, nor whether another one happens during the replay.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragstone.core.log import get_logger
from ragstone.engine.embedded.log import DocumentLog
from ragstone.engine.embedded.mapper.knn_vector import KnnVectorField
from ragstone.engine.embedded.mapper.service import Mapper
from ragstone.engine.embedded.reparse import parse_again
from ragstone.engine.embedded.routing import shard_of
from ragstone.engine.embedded.text.index import TextIndex
from ragstone.engine.embedded.text.layout import TextIndexDamaged
from ragstone.engine.embedded.vectors.index import VectorIndex

_log = get_logger("recovery")

_CHUNK = 500  # documents read from the log at a time
_COMMIT_EVERY = 50_000  # documents between commits of a long replay, so that a killed one need not start again


class Recovered(NamedTuple):
    text: TextIndex
    vectors: dict[str, VectorIndex]


def recover(folder: Path, log: DocumentLog, mapper: Mapper, shards: int) -> Recovered:
    """Open what is derived from `log` below `folder`, rebuild what is missing or damaged, replay what is newer."""
    text = _open_text(folder, log, mapper)
    vectors = {
        name: open_vectors(folder, log, field)
        for name, field in mapper.fields().items()
        if isinstance(field, KnnVectorField)
    }
    behind = replay(log, mapper, text, log.checkpoint, vectors, log.max_row, shards)
    text.commit()
    live = log.counts().live
    if text.reader().documents != live:
        # Undetectable when it was opened, e.g. an emptied folder.
        _log.warning(
            "the text index lost documents; it is rebuilt",
            index=log.index_uuid,
            found=text.reader().documents,
            expected=live,
        )
        useless, text = text, rebuild_text(folder, log, mapper, log.max_row)
        useless.close()
        sweep_generations(folder, log)
    elif behind:
        log.record_checkpoint(log.max_row)
    return Recovered(text, vectors)


def rebuild_text(folder: Path, log: DocumentLog, mapper: Mapper, up_to: int) -> TextIndex:
    """A new generation of the text index, from the log as it was when `up_to` was its highest row.

    The one before stays in force until the new one is whole. After that the caller closes it and sweeps it away.
    """
    generation = log.generation + 1
    directory = _generation(folder, generation)
    shutil.rmtree(directory, ignore_errors=True)
    text = TextIndex.open(directory, mapper)
    replay(log, mapper, text, 0, {}, up_to, resumable=False)
    text.commit()
    log.record_checkpoint(up_to, generation=generation)
    return text


def sweep_generations(folder: Path, log: DocumentLog) -> None:
    """Remove every generation of the text index but the one in force."""
    for other in (folder / "text").glob("*"):
        if other.name != str(log.generation):
            shutil.rmtree(other, ignore_errors=True)


def open_vectors(folder: Path, log: DocumentLog, field: KnnVectorField) -> VectorIndex:
    """The vectors of one field; rebuilt from the log as far as its files do not cover it."""

    every = cache(log.live_rows)

    def live(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.isin(rows, every(), assume_unique=True)

    directory = folder / "vectors" / folder_name(field.name)
    index = VectorIndex.open(directory, field, live)
    if index.covered_row > log.max_row:
        # The machine lost the end of a log that was not synced (durability `async`); its numbers will be used again.
        _log.warning("vectors are ahead of the log; they are rebuilt", index=log.index_uuid, field=field.name)
        index.close()
        shutil.rmtree(directory)
        index = VectorIndex.open(directory, field, live)
    return index


def replay(
    log: DocumentLog,
    mapper: Mapper,
    text: TextIndex,
    text_from: int,
    vectors: Mapping[str, VectorIndex],
    up_to: int,
    shards: int = 1,
    *,
    resumable: bool = True,
) -> int:
    """Feed the rows that are missing, up to row `up_to`; how many documents it were.

    Text misses those above `text_from`, each vector index those above its `covered_row`; `shards` is the index's
    number of shards, which vectors are told. A resumable replay commits the text now and then and records how far it
    came.
    """
    for row in log.replaced_between(text_from, up_to):
        text.delete(row)
    covered = {name: index.covered_row for name, index in vectors.items()}
    fed = uncommitted = 0
    for chunk in log.scan(min([text_from, *covered.values()]), up_to, _CHUNK):
        for stored in chunk:
            document = parse_again(mapper, stored)
            if stored.row > text_from:
                text.add(stored.row, stored.id, document, stored.routing)
                uncommitted += 1
            for name, vector in document.vectors.items():
                if name in vectors and stored.row > covered[name]:
                    vectors[name].add(stored.row, vector, shard_of(stored.id, stored.routing, shards))
        fed += len(chunk)
        if resumable and uncommitted >= _COMMIT_EVERY:
            text.commit()
            log.record_checkpoint(chunk[-1].row)
            uncommitted = 0
    if fed:
        _log.info("replayed the document log", index=log.index_uuid, documents=fed, up_to=up_to)
    return fed


def folder_name(field: str) -> str:
    """A folder's name for a field's path: readable, safe, and different for different fields."""
    readable = re.sub(r"[^a-z0-9._-]", "_", field.lower())[:60]
    return f"{readable}-{hashlib.sha256(field.encode()).hexdigest()[:12]}"


def _open_text(folder: Path, log: DocumentLog, mapper: Mapper) -> TextIndex:
    directory = _generation(folder, log.generation)
    sweep_generations(folder, log)  # of a rebuild that a crash stopped
    try:
        text = TextIndex.open(directory, mapper)
        if text.reader().max_row() <= log.max_row:
            return text
        text.close()  # as with vectors: ahead of a log that lost its end
        reason = "it is ahead of the log"
    except TextIndexDamaged as error:
        reason = str(error)
    _log.warning("the text index cannot be used; it is rebuilt", index=log.index_uuid, reason=reason)
    log.record_checkpoint(0, generation=log.generation + 1)
    shutil.rmtree(directory)
    return TextIndex.open(_generation(folder, log.generation), mapper)


def _generation(folder: Path, generation: int) -> Path:
    return folder / "text" / str(generation)


__all__ = ["Recovered", "folder_name", "open_vectors", "rebuild_text", "recover", "replay", "sweep_generations"]

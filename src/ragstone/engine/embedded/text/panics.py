"""Rust code that panics raises an exception that is no `Exception`: here it becomes one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def as_os_error() -> Iterator[None]:
    """A panic of tantivy's inside, which it has over damaged files, becomes an OSError.

    The binding's class (`pyo3_runtime.PanicException`) can not be imported, so it is known by its name.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise OSError(f"the text index panicked: {error}") from error

"""How many threads the linear algebra below numpy takes for one product."""

from __future__ import annotations

import os

_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def one_thread_each() -> None:
    """Let a search's products run in its own thread, unless the user wants it otherwise.

    To be called before numpy is imported, which is when its library looks. By default it takes every processor for
    each product, and its threads go on spinning behind it: on two processors eight searches at once came to less than
    half of the rate that they reach with a thread each, and one alone took twice the processor time for nothing.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, "1")

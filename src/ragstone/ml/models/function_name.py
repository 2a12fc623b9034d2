"""What kinds of models there are."""

from __future__ import annotations

from ragstone.core.errors import IllegalArgumentException

REMOTE = "REMOTE"
TEXT_EMBEDDING = "TEXT_EMBEDDING"
SPARSE_ENCODING = "SPARSE_ENCODING"
SPARSE_TOKENIZE = "SPARSE_TOKENIZE"
TEXT_SIMILARITY = "TEXT_SIMILARITY"
QUESTION_ANSWERING = "QUESTION_ANSWERING"

_NAMES = frozenset(
    {
        REMOTE, TEXT_EMBEDDING, SPARSE_ENCODING, SPARSE_TOKENIZE, TEXT_SIMILARITY, QUESTION_ANSWERING, "AGENT",
        "CONNECTOR", "TOOL", "KMEANS", "LINEAR_REGRESSION", "LOGISTIC_REGRESSION", "AD_LIBSVM", "SAMPLE_ALGO",
        "LOCAL_SAMPLE_CALCULATOR", "FIT_RCF", "BATCH_RCF", "ANOMALY_LOCALIZATION", "RCF_SUMMARIZE",
        "METRICS_CORRELATION",
    }
)  # fmt: skip


def parse_function_name(text: str) -> str:
    """The name in upper case. Raises IllegalArgumentException for an unknown one."""
    name = text.upper()
    if name not in _NAMES:
        raise IllegalArgumentException("Wrong function name")
    return name

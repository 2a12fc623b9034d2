"""Model functions: how the body of a predict request reads for each kind of model. One file per kind of input."""

from ragstone.ml.models.functions import remote, text_docs, text_similarity
from ragstone.ml.models.functions.function import ModelFunction, model_functions

__all__ = ["ModelFunction", "model_functions", "remote", "text_docs", "text_similarity"]

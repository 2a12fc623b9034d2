"""Built-in pre-process functions: from texts to the parameters of a provider's request.

One file per family; each function is registered under the name that connectors use.
"""

from ragstone.ml.connectors.pre_process import bedrock, cohere, default, nova
from ragstone.ml.connectors.pre_process.function import PreProcess, pre_process_functions

__all__ = ["PreProcess", "bedrock", "cohere", "default", "nova", "pre_process_functions"]

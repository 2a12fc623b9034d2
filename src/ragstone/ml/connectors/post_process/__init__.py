"""Built-in post-process functions: from a provider's answer to tensors.

One file per family; each function is registered under the name that connectors use.
"""

from ragstone.ml.connectors.post_process import bedrock, cohere, default, mlcommons
from ragstone.ml.connectors.post_process.function import PostProcess, post_process_functions

__all__ = ["PostProcess", "bedrock", "cohere", "default", "mlcommons", "post_process_functions"]

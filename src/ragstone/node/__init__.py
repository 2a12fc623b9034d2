"""The composition root: the only folder that names implementations.

`node.py` builds what every node has. `cluster.py` and `security.py` build what only some have; they are imported only
then, because the start of the others should not wait for it.
"""

from ragstone.node.node import Node

__all__ = ["Node"]

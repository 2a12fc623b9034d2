"""Ragstone: the OpenSearch RAG stack in one Python process."""

from ragstone._version import __version__

__all__ = ["__version__"]

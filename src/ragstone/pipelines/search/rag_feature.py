"""The switch that generative search processors obey, when they are configured and every time they run."""

from __future__ import annotations

from ragstone.core.cluster_settings import ClusterSettings
from ragstone.ml.settings import RAG_FEATURE
from ragstone.pipelines.errors import FeatureOffException


def require_rag(settings: ClusterSettings) -> None:
    """Raises FeatureOffException while the feature is switched off."""
    if not settings.get(RAG_FEATURE):
        raise FeatureOffException(f"{RAG_FEATURE.key} is not enabled.")

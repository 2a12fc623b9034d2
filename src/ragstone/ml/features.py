"""Features of ML Commons that a cluster may switch off."""

from __future__ import annotations

from ragstone.core.cluster_settings import ClusterSettings
from ragstone.core.errors import StatusException
from ragstone.ml.settings import AGENT_FRAMEWORK, EXECUTE_TOOLS, LOCAL_MODEL, REMOTE_INFERENCE


def check_remote_inference(settings: ClusterSettings) -> None:
    """Connectors and remote models. Raises StatusException 400; its text names the setting as OpenSearch's does."""
    if not settings.get(REMOTE_INFERENCE):
        raise _disabled("Remote Inference", "remote_inference_enabled")


def check_local_models(settings: ClusterSettings) -> None:
    """Models that run here. Raises StatusException 400."""
    if not settings.get(LOCAL_MODEL):
        raise _disabled("Local Model", "local_model.enabled")


def check_agents(settings: ClusterSettings) -> None:
    """Raises StatusException 400."""
    if not settings.get(AGENT_FRAMEWORK):
        raise _disabled("Agent Framework", "agent_framework_enabled")


def check_tool_execution(settings: ClusterSettings) -> None:
    """Raises StatusException 400."""
    if not settings.get(EXECUTE_TOOLS):
        raise StatusException(
            400,
            "The Execute Tool API is not enabled. To enable, please update the setting "
            "plugins.ml_commons.execute_tools_enabled",
        )


def _disabled(feature: str, setting: str) -> StatusException:
    return StatusException(
        400,
        f'{feature} is currently disabled. To enable it, update the setting "plugins.ml_commons.{setting}" to true.',
    )

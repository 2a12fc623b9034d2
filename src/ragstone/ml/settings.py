"""Every setting of ML Commons, `plugins.ml_commons.*`, with its default in 3.4 or the version that added it.

Some have no influence on a single process; they are accepted, kept and returned all the same (`effect=""`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from ragstone.core.cluster_settings import (
    Setting,
    SettingValue,
    boolean,
    cluster_setting,
    integer,
    number,
    one_of,
    text,
    text_list,
)
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.regex import may_explode
from ragstone.core.units import parse_size

T = TypeVar("T")

_PREFIX = "plugins.ml_commons."
_MAX_PATTERN = 256


def _setting(
    name: str, default: T, parse: Callable[[str, SettingValue], T], *, dynamic: bool = True, effect: str = ""
) -> Setting[T]:
    return cluster_setting(_PREFIX + name, default, parse, dynamic=dynamic, effect=effect)


def _size(key: str, value: SettingValue) -> str:
    """A size in bytes as it was written (`5gb`; -1 for none). Raises IllegalArgumentException."""
    written = text(key, value)
    parse_size(written, key)
    return written


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of one of the lists below, compiled once."""
    return re.compile(pattern)


def _patterns(key: str, value: SettingValue) -> list[str]:
    """Regular expressions; a single text is a list of one, commas and all.

    `Differs:` from 3.4, as later versions: refused when too long, when they may explode, when they do not compile.
    """
    patterns = value if isinstance(value, list) else [value] if value else []
    for pattern in patterns:
        if len(pattern) > _MAX_PATTERN:
            raise IllegalArgumentException(f"Regex pattern too long (max {_MAX_PATTERN} chars): {pattern}")
        if may_explode(pattern):
            raise IllegalArgumentException(
                f"Regex pattern contains nested quantifiers or backreferences that may cause ReDoS: {pattern}"
            )
        try:
            compiled(pattern)
        except re.error:
            raise IllegalArgumentException(f"Invalid regex pattern: {pattern}") from None
    return patterns


# ── where connectors may go ──────────────────────────────────────────────────────────────────────────────────────────

TRUSTED_ENDPOINTS: Setting[list[str]] = _setting(
    "trusted_connector_endpoints_regex",
    [
        r"^https://runtime\.sagemaker\..*[a-z0-9-]\.amazonaws\.com/.*$",
        r"^https://api\.sagemaker\..*[a-z0-9-]\.amazonaws\.com/.*$",
        r"^https://api\.openai\.com/.*$",
        r"^https://api\.cohere\.ai/.*$",
        r"^https://api\.deepseek\.com/.*$",
        r"^https://generativelanguage\.googleapis\.com/.*$",
        r"^https://bedrock-runtime\..*[a-z0-9-]\.amazonaws\.com/.*$",
        r"^https://bedrock-agent-runtime\..*[a-z0-9-]\.amazonaws\.com/.*$",
        r"^https://bedrock\..*[a-z0-9-]\.amazonaws\.com/.*$",
        r"^https://textract\..*[a-z0-9-]\.amazonaws\.com$",
        r"^https://comprehend\..*[a-z0-9-]\.amazonaws\.com$",
        r"^https://rekognition(-fips)?\..*[a-z0-9-]\.amazonaws\.com$",
    ],
    _patterns,
    effect="URLs connectors may call; each must match one pattern as a whole, at creation and at every call",
)
TRUSTED_PRIVATE_ENDPOINTS: Setting[list[str]] = _setting(
    "trusted_connector_private_endpoints_regex",
    [],
    _patterns,
    effect="URLs on private addresses connectors may call, where those are allowed; empty means all",
)
SECRET_CACHE_SECONDS = _setting(
    "connector.secret_cache_ttl_in_seconds",
    300,
    integer(0, 3600),
    effect="how long the value of a connector's `secretArn` is used before it is read anew; ours",
)
PRIVATE_IP_ENABLED = _setting(
    "connector.private_ip_enabled", False, boolean, effect="whether connectors may call private addresses"
)
RESTRICTED_IP_PATTERNS: Setting[list[str]] = _setting(
    "connector.restricted_ip_patterns", [], _patterns, dynamic=False, effect="addresses no connector may call"
)
MAX_JSON_SIZE = _setting(
    "max_json_size", 100_000_000, integer(-1, 2**31 - 1), effect="largest answer of a remote model, in bytes; -1 = any"
)

# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────

REMOTE_INFERENCE = _setting("remote_inference.enabled", True, boolean, effect="connectors and remote models")
LOCAL_MODEL = _setting("local_model.enabled", True, boolean, effect="models that run here")
AUTO_DEPLOY = _setting("model_auto_deploy.enable", True, boolean, effect="the first predict deploys a remote model")
AUTO_REDEPLOY = _setting(
    "model_auto_redeploy.enable", True, boolean, effect="what was deployed answers again after a restart"
)
CUSTOM_DEPLOYMENT_PLAN = _setting(
    "allow_custom_deployment_plan", False, boolean, effect="whether a deploy request may name nodes"
)
REGISTER_VIA_URL = _setting(
    "allow_registering_model_via_url", False, boolean, effect="whether a registration may name a URL"
)
TRUSTED_MODEL_URL = _setting(
    "trusted_url_regex",
    r"^(https?|ftp|file)://[-a-zA-Z0-9+&@#/%?=~_|!:,.;]*[-a-zA-Z0-9+&@#/%=~_|]",
    text,
    effect="what a model's URL must look like",
)
SAFE_DELETE = _setting(
    "safe_delete_model", False, boolean, effect="whether a model that pipelines use is kept from being deleted"
)
MAX_MODELS = _setting("max_model_on_node", 10, integer(0, 10_000), effect="local models deployed at once")
MAX_REGISTER_TASKS = _setting(
    "max_register_model_tasks_per_node", 10, integer(0, 10), effect="local registrations running at once"
)
MAX_DEPLOY_TASKS = _setting(
    "max_deploy_model_tasks_per_node", 10, integer(0, 10), effect="local deployments running at once"
)
TASK_TIMEOUT = _setting(
    "ml_task_timeout_in_seconds", 600, integer(1, 86_400), effect="a task without progress for so long has failed"
)
MONITORING_REQUESTS = _setting(
    "monitoring_request_count", 100, integer(0, 10_000_000), effect="predictions of a model whose latency is kept"
)
SYNC_INTERVAL = _setting(
    "sync_up_job_interval_in_seconds",
    10,
    integer(0, 86_400),
    effect="how often idle models with a time to live are undeployed, and stale tasks failed; 0 = never",
)

# ── features ─────────────────────────────────────────────────────────────────────────────────────────────────────────

MEMORY_FEATURE = _setting("memory_feature_enabled", True, boolean, effect="conversation memory")
RAG_FEATURE = _setting("rag_pipeline_feature_enabled", True, boolean, effect="generative answers in search pipelines")
AGENT_FRAMEWORK = _setting("agent_framework_enabled", True, boolean, effect="agents")
EXECUTE_TOOLS = _setting("execute_tools_enabled", True, boolean, effect="`_plugins/_ml/tools/_execute`")
MCP_CONNECTOR = _setting("mcp_connector_enabled", False, boolean, effect="MCP connectors (refused in any case so far)")

# ── accepted, kept, returned ─────────────────────────────────────────────────────────────────────────────────────────

for _name in (
    "only_run_on_ml_node",
    "agentic_memory_enabled",
    "controller_enabled",
    "offline_batch_inference_enabled",
    "offline_batch_ingestion_enabled",
):
    _setting(_name, True, boolean)
for _name in (
    "connector_access_control_enabled",
    "model_access_control_enabled",
    "allow_registering_model_via_local_file",
    "unified_agent_api_enabled",
    "agentic_search_template_enabled",
    "remote_agentic_memory_enabled",
    "memory.retention_enabled",
    "mcp_server_enabled",
    "mcp_header_passthrough_enabled",
    "ag_ui_enabled",
    "stream_enabled",
    "index_insight_feature_enabled",
    "enable_inhouse_python_model",
):
    _setting(_name, False, boolean)
for _name in ("multi_tenancy_enabled", "metrics_collection_enabled"):
    _setting(_name, False, boolean, dynamic=False)
_setting("metrics_static_collection_enabled", False, boolean)
for _name in ("task_dispatcher.eligible_node_role.remote_model", "task_dispatcher.eligible_node_role.local_model"):
    _setting(_name, ["data", "ml"], text_list)
_setting("task_dispatch_policy", "round_robin", one_of("round_robin", "least_load"))
_setting("exclude_nodes._name", "", text)
_setting("native_memory_threshold", 90, integer(0, 100))
_setting("jvm_heap_memory_threshold", 85, integer(0, 100))
_setting("disk_free_space_threshold", "5gb", _size)
_setting("max_ml_task_per_node", 10, integer(0, 10_000))
_setting("model_auto_redeploy.lifetime_retry_times", 3, integer(0, 2**31 - 1))
_setting("model_auto_redeploy_success_ratio", 0.8, number(0.0, 1.0))
_setting("max_batch_inference_tasks", 100, integer(0, 10_000))
_setting("max_batch_ingestion_tasks", 100, integer(0, 10_000))
_setting("batch_ingestion_bulk_size", 500, integer(100, 100_000))
_setting("memory.retention_job_interval_hours", 24, integer(1, 2**31 - 1))
_setting("memory.orphan_ttl_days", 7, integer(-1, 2**31 - 1))
for _name in ("working_memory_ttl_days", "default_session_ttl_days", "default_long_term_ttl_days"):
    _setting(f"memory.{_name}", -1, integer(-1, 2**31 - 1))
_setting("remote_job.status_field", ["status", "Status", "TransformJobStatus"], text_list)
for _name, _pattern in (
    ("completed", "(complete|completed|partiallyCompleted)"),
    ("cancelled", "(stopped|cancelled)"),
    ("cancelling", "(stopping|cancelling)"),
    ("expired", "(expired|timeout)"),
    ("failed", "(failed)"),
):
    _setting(f"remote_job.status_regex.{_name}", _pattern, text)
_setting("master_key_cache_ttl_minutes", 5, integer(1, 1440), dynamic=False)
for _name in ("type", "endpoint", "region", "service_name"):
    _setting(f"remote_metadata_{_name}", "", text, dynamic=False)

"""Node settings: typed, frozen when the server starts. Command line > environment > ragstone.yml > default."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ragstone.core.errors import IllegalArgumentException

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Settings:
    """What a node is started with. In ragstone.yml the keys are these names; in the environment `RAGSTONE_<NAME>`."""

    host: str = "127.0.0.1"
    port: int = 9200
    """0 lets the system choose a free one."""
    data: Path = Path("data")
    keys: Path | None = None
    """Folder of the master key; by default `keys` inside `data`. It belongs in no backup of `data`."""
    models: Path | None = None
    """Cache of local models' weights; by default the user's cache folder (`models_folder`)."""
    cluster_name: str = "ragstone"
    node_name: str = field(default_factory=lambda: os.uname().nodename.split(".")[0])
    max_content_length: int = 100 * 2**20
    """Largest request body, in bytes."""
    shutdown_grace: float = 10.0
    """Seconds that running requests are given when the server is asked to stop."""
    log_level: str = "info"
    cluster_settings: Mapping[str, Any] = field(default_factory=dict)
    """Defaults for dynamic cluster settings, by key; the settings API overrides them."""
    sigv4_services: tuple[str, ...] = ("es", "aoss", "opensearch")
    """What AWS signatures may be for; in text form separated by commas, like `sigv4_regions`."""
    sigv4_regions: tuple[str, ...] = ()
    """The AWS regions they may be for; none means any."""
    sigv4_max_skew: int = 300
    """Seconds that a signer's clock and ours may differ."""
    aws_ambient_credentials: bool = False
    """Read connectors' secrets at AWS with this machine's own AWS identity instead of the role they name."""
    engine: Literal["embedded", "opensearch"] = "embedded"
    """Where indices live: in this process, or in the OpenSearch cluster that `cluster` names."""
    cluster: tuple[str, ...] = ()
    """Base URLs of the cluster's nodes; in text form separated by commas."""
    cluster_user: str | None = None
    """The gateway's own account, for what it keeps in hidden indices."""
    cluster_password: str | None = field(default=None, repr=False)
    cluster_aws_sigv4: str | None = None
    """Sign as the AWS identity of the environment instead: a region, or `region/aoss`."""
    cluster_ca: Path | None = None
    """Certificates that the cluster's may be signed with; by default the system's."""
    cluster_auth: Literal["caller", "service"] = "caller"
    """Whose rights count for data: the caller's, or the gateway's account for everybody."""
    cluster_timeout: float = 60.0
    """Seconds without a byte from the cluster after which a request is given up."""

    def __post_init__(self) -> None:
        """Raises IllegalArgumentException when settings contradict each other."""
        for name, known in _WORDS.items():
            if getattr(self, name) not in known:
                choice = " or ".join(f"[{word}]" for word in known)
                raise IllegalArgumentException(f"setting [{name}] must be {choice}, not [{getattr(self, name)}]")
        if (self.engine == "opensearch") != bool(self.cluster):
            raise IllegalArgumentException("setting [engine] [opensearch] and setting [cluster] belong together")
        for url in self.cluster:
            if not url.startswith(("http://", "https://")):
                raise IllegalArgumentException(f"setting [cluster] must hold http or https URLs, not [{url}]")
        if self.cluster_user is not None and self.cluster_aws_sigv4 is not None:
            raise IllegalArgumentException("setting [cluster_user] and setting [cluster_aws_sigv4] exclude each other")

    @property
    def loopback_only(self) -> bool:
        return self.host in _LOOPBACK

    @property
    def keys_folder(self) -> Path:
        return self.keys or self.data / "keys"

    @property
    def models_folder(self) -> Path:
        if self.models is not None:
            return self.models
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return Path(base) / "ragstone" / "models"


def default_config() -> Path | None:
    """The settings file of the current folder, `ragstone.yml`, if there is one."""
    path = Path("ragstone.yml")
    return path if path.is_file() else None


def load(arguments: Mapping[str, Any], environment: Mapping[str, str], config: Path | None = None) -> Settings:
    """Merge the four sources; None in `arguments` means "not given".

    Raises IllegalArgumentException for an unknown key, an unreadable file or a value of the wrong type.
    """
    values: dict[str, Any] = {}
    if config is not None:
        values.update(_read(config))
    known = {f.name: f for f in fields(Settings)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise IllegalArgumentException(f"unknown settings {unknown} in [{config}]; known are {sorted(known)}")
    for name in known:
        variable = f"RAGSTONE_{name.upper()}"
        if variable in environment:
            values[name] = environment[variable]
    values.update({name: value for name, value in arguments.items() if value is not None})
    return Settings(**{name: _typed(name, value) for name, value in values.items()})


def _read(config: Path) -> dict[str, Any]:
    import yaml  # most nodes have no settings file, and all have a start

    try:
        loaded = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise IllegalArgumentException(f"cannot read settings from [{config}]: {error}") from None
    if not isinstance(loaded, dict):
        raise IllegalArgumentException(f"[{config}] must hold a mapping of settings")
    return loaded


def _typed(name: str, value: Any) -> Any:
    if name in ("cluster", "sigv4_services", "sigv4_regions"):
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if name in ("data", "keys", "models", "cluster_ca"):
        return Path(str(value)).expanduser()
    if name == "cluster_settings":
        if not isinstance(value, Mapping):
            raise IllegalArgumentException(f"setting [{name}] must be a mapping, not [{value}]")
        return dict(value)
    if name == "aws_ambient_credentials":
        return value if isinstance(value, bool) else _flag(name, str(value))
    bounds = _NUMBERS.get(name)
    return str(value) if bounds is None else _number(name, value, *bounds)


_NUMBERS: dict[str, tuple[type[int] | type[float], float, float]] = {
    "port": (int, 0, 65_535),
    "max_content_length": (int, 1, math.inf),
    "shutdown_grace": (float, 0, 86_400),
    "cluster_timeout": (float, 0.001, 86_400),
    "sigv4_max_skew": (int, 1, 3600),
}
"""Type, least and most of the settings that are numbers."""


_WORDS = {"engine": ("embedded", "opensearch"), "cluster_auth": ("caller", "service")}


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise IllegalArgumentException(f"setting [{name}] must be [true] or [false], not [{value}]")
    return value == "true"


def _number(name: str, value: Any, kind: type[int] | type[float], least: float, most: float) -> int | float:
    try:
        number = kind(value)
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(value, bool) or not least <= number <= most:
        wanted = "a whole number" if kind is int else "a number"
        limits = f"from {least} to {most}" if most != math.inf else f"of at least {least}"
        raise IllegalArgumentException(f"setting [{name}] must be {wanted} {limits}, not [{value}]")
    return number

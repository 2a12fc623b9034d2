"""Node settings: typed, frozen when the server starts. Command line > environment > ragstone.yml > default."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from ragstone.core import settings_section
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import SecuritySettings, TlsSettings
from ragstone.core.settings_section import number

_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
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
    """Act at AWS for connectors (read their secrets, sign their calls) with this machine's own AWS identity instead of
    the role they name."""
    aws_external_id: str | None = None
    """The external id (`sts:ExternalId`) that AWS is told when a connector's role is assumed."""
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
    initial_admin_password: str | None = field(default=None, repr=False)
    """Of the user `admin`, when security is started for the first time; without it one is made up."""
    security: SecuritySettings = field(default_factory=SecuritySettings)
    tls: TlsSettings = field(default_factory=TlsSettings)

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
        if self.aws_external_id is not None and _EXTERNAL_ID.fullmatch(self.aws_external_id) is None:
            raise IllegalArgumentException(
                "setting [aws_external_id] must be 2 to 1224 letters, digits or characters of [_+=,.@:/-], not "
                f"[{self.aws_external_id}]"
            )
        if self.cluster_user is not None and self.cluster_aws_sigv4 is not None:
            raise IllegalArgumentException("setting [cluster_user] and setting [cluster_aws_sigv4] exclude each other")
        if self.security.enabled and self._cluster_decides:
            raise IllegalArgumentException(
                "setting [security_enabled] [true] and setting [cluster_auth] [caller] exclude each other: either the "
                "cluster says what a caller may, or this node does"
            )
        if self.security.clientcert.enabled and self.tls.client_ca is None:
            raise IllegalArgumentException("setting [security_clientcert_enabled] needs [tls_client_ca]")

    @property
    def _cluster_decides(self) -> bool:
        return self.engine == "opensearch" and self.cluster_auth == "caller"

    @property
    def security_enabled(self) -> bool:
        """Whether callers must say who they are: unless told otherwise, beyond loopback, where no cluster asks them."""
        if self.security.enabled is not None:
            return self.security.enabled
        return not self.loopback_only and not self._cluster_decides

    @property
    def audit_file(self) -> Path:
        return self.security.audit.file or self.data / "audit" / "audit.log"

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
        values.update(_flat(_read(config)))
    known = list(_names())
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise IllegalArgumentException(f"unknown settings {unknown} in [{config}]; known are {sorted(known)}")
    for name in known:
        variable = f"RAGSTONE_{name.upper()}"
        if variable in environment:
            values[name] = environment[variable]
    values.update({name: value for name, value in arguments.items() if value is not None})
    sections = {name: settings_section.build(kind, name, values) for name, kind in _SECTIONS.items()}
    own = {one.name for one in fields(Settings)}
    return Settings(**{name: _typed(name, value) for name, value in values.items() if name in own}, **sections)


_SECTIONS: Mapping[str, type[Any]] = {"security": SecuritySettings, "tls": TlsSettings}


def _names() -> Iterator[str]:
    for one in fields(Settings):
        if one.name in _SECTIONS:
            yield from settings_section.names(_SECTIONS[one.name], one.name)
        else:
            yield one.name


def _flat(loaded: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Sections may be nested, dotted, or in full names."""
    for key, value in loaded.items():
        first = str(key).partition(".")[0]
        if first in _SECTIONS:
            yield from settings_section.flatten(str(key).replace(".", "_"), value)
        else:
            yield str(key), value


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
        return settings_section.flag(name, value)
    bounds = _NUMBERS.get(name)
    return str(value) if bounds is None else number(name, value, *bounds)


_NUMBERS: dict[str, tuple[type[int] | type[float], float, float]] = {
    "port": (int, 0, 65_535),
    "max_content_length": (int, 1, math.inf),
    "shutdown_grace": (float, 0, 86_400),
    "cluster_timeout": (float, 0.001, 86_400),
    "sigv4_max_skew": (int, 1, 3600),
}
"""Type, least and most of the settings that are numbers."""


_WORDS = {"engine": ("embedded", "opensearch"), "cluster_auth": ("caller", "service")}

"""The Java that runs OpenSearch."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = 21
"""OpenSearch 3 is compiled for it."""


@dataclass(frozen=True)
class Java:
    """A `java` command and its major version."""

    command: Path
    version: int

    @property
    def home(self) -> Path:
        return self.command.parent.parent


def find() -> Java:
    """The newest Java of this machine, or the one that OPENSEARCH_JAVA_HOME or JAVA_HOME names, if it is new enough.

    Raises SystemExit.
    """
    found = [java for command in _commands() if (java := _look_at(command)) is not None]
    chosen = next((java for java in found if java.version >= OLDEST), None)
    if chosen is None:
        seen = ", ".join(f"{java.command} is {java.version}" for java in found) or "none was found"
        raise SystemExit(
            f"OpenSearch needs Java {OLDEST} or newer ({seen}). Install one, or set OPENSEARCH_JAVA_HOME to its folder."
        )
    return chosen


def _commands() -> list[Path]:
    """Where a java may be, the likeliest first, each once."""
    homes = [Path(value) for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME") if (value := os.environ.get(name))]
    installed = [
        *Path("/usr/lib/jvm").glob("*"),
        *Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home"),
        *Path("/opt/homebrew/opt").glob("openjdk*/libexec/openjdk.jdk/Contents/Home"),
    ]
    newest_first = sorted(installed, key=lambda home: [int(n) for n in re.findall(r"\d+", home.name)], reverse=True)
    commands = [home / "bin" / "java" for home in (*homes, *newest_first)]
    on_path = shutil.which("java")
    if on_path is not None:
        commands.append(Path(on_path).resolve())
    return list(dict.fromkeys(command for command in commands if os.access(command, os.X_OK)))


def _look_at(command: Path) -> Java | None:
    """None when it does not run or does not tell its version (macOS has a `java` that only asks to install one)."""
    try:
        told = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(?:1\.)?(\d+)', told)
    return Java(command, int(version[1])) if version else None

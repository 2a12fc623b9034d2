"""What the operating system says about this process and its machine. Sizes in bytes, times in milliseconds."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    total: int
    free: int

    @property
    def used_percent(self) -> int:
        return round(100 * (self.total - self.free) / self.total) if self.total else 0


def processors() -> int:
    return os.cpu_count() or 1


def load_average() -> tuple[float, float, float]:
    """Over one, five and fifteen minutes."""
    return os.getloadavg()


def machine_memory() -> Memory:
    """Zeros where the system does not say (macOS has no count of free pages)."""
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return Memory(page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES"))
    except (ValueError, OSError):
        return Memory(0, 0)


def peak_memory() -> int:
    """The most that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def cpu_millis() -> int:
    """Processor time this process has used."""
    return int(time.process_time() * 1000)


def open_files() -> tuple[int, int]:
    """File descriptors in use (-1: unknown), and the most there may be."""
    try:
        used = len(os.listdir("/dev/fd"))
    except OSError:
        used = -1
    return used, resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@dataclass(frozen=True)
class Disk:
    total: int
    free: int

    @property
    def used(self) -> int:
        return self.total - self.free

    @property
    def used_percent(self) -> int:
        return round(100 * self.used / self.total) if self.total else 0


def disk(folder: Path) -> Disk:
    """The file system that holds `folder`, or would hold it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Disk(usage.total, usage.free)


def system() -> dict[str, str]:
    """Name, version and architecture of the operating system."""
    return {"name": platform.system(), "arch": platform.machine(), "version": platform.release()}

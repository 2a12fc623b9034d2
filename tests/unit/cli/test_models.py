from pathlib import Path

import pytest
from typer.testing import CliRunner

from ragstone.cli.models import app
from ragstone.providers.embeddings import pull as pulling


def test_the_list_tells_what_is_here_and_how_to_get_the_rest(tmp_path: Path) -> None:
    here = tmp_path / "all-mpnet-base-v2"
    here.mkdir()
    (here / "model.onnx").touch()
    (here / "tokenizer.json").touch()
    result = CliRunner().invoke(app, ["list", "--models", str(tmp_path)])
    assert result.exit_code == 0
    lines = {line.split()[0].rsplit("/", 1)[-1]: line for line in result.output.splitlines()[1:]}
    assert lines["all-mpnet-base-v2"].endswith("here")
    assert lines["all-MiniLM-L6-v2"].endswith("384  ragstone models pull all-MiniLM-L6-v2")
    assert lines["msmarco-distilbert-base-tas-b"].endswith("bring model.onnx, tokenizer.json")


def test_pull_takes_opensearchs_long_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(pulling, "pull", lambda name, folder, say: asked.append((name, folder)))
    name = "huggingface/sentence-transformers/all-MiniLM-L6-v2"
    assert CliRunner().invoke(app, ["pull", name, "--models", str(tmp_path)]).exit_code == 0
    assert asked == [("all-MiniLM-L6-v2", tmp_path)]


def test_a_model_that_cannot_be_pulled_is_told_in_plain_words(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["pull", "gpt-7", "--models", str(tmp_path)])
    assert result.exit_code == 1
    assert "cannot pull [gpt-7]" in result.output
    assert "Traceback" not in result.output


def test_the_cache_may_be_named_by_a_variable(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["list"], env={"RAGSTONE_MODELS": str(tmp_path)})
    assert result.output.startswith(f"models in {tmp_path}:")


def test_the_cache_may_be_named_by_the_settings_file_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ragstone.yml").write_text(f"models: {tmp_path / 'elsewhere'}\n")
    assert CliRunner().invoke(app, ["list"]).output.startswith(f"models in {tmp_path / 'elsewhere'}:")


def test_wrong_settings_are_told_in_plain_words() -> None:
    result = CliRunner().invoke(app, ["list"], env={"RAGSTONE_PORT": "x"})
    assert result.exit_code == 2
    assert "ragstone: setting [port] must be" in result.output

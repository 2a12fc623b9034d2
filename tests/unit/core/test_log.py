"""One JSON object a line."""

import json
import logging
from collections.abc import Iterator

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.log import configure, get_logger, request_id


@pytest.fixture(autouse=True)
def unchanged_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("ragstone")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


def test_a_line_holds_the_event_its_facts_and_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    token = request_id.set("run-7")
    get_logger("engine").info("100% done", index="books", path=Exception("odd"))
    request_id.reset(token)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "component": "engine",
        "event": "100% done",
        "request_id": "run-7",
        "index": "books",
        "path": "odd",
    }


def test_levels_and_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    configure("debug")
    get_logger("a").debug("seen")
    logging.getLogger("library").info("not seen")
    logging.getLogger("library").warning("seen %s", "too")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["component"], line["event"]) for line in lines] == [("a", "seen"), ("library", "seen too")]


def test_a_traceback_stays_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure("error")
    try:
        raise KeyError("x")
    except KeyError:
        get_logger("a").exception("failed")
    [line] = capsys.readouterr().err.splitlines()
    assert "KeyError: 'x'" in json.loads(line)["exception"]


def test_an_unknown_level_is_told() -> None:
    with pytest.raises(IllegalArgumentException, match="unknown log level"):
        configure("loud")

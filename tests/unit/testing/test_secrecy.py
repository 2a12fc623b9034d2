from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from ragstone.core.log import Logger
from ragstone.testing.secrecy import LogWatch, Secrecy

SECRET = 'sk-"5ecret"-ü'


@pytest.mark.parametrize("spelled", [SECRET, json.dumps(SECRET), json.dumps({"a": json.dumps(SECRET)}), repr(SECRET)])
def test_a_secret_is_found_however_it_is_spelled(spelled: str) -> None:
    secrecy = Secrecy()
    assert secrecy.secret(SECRET) == SECRET
    secrecy.told("the answer", f"your key {spelled} is no good")
    assert [leak.split(":")[0] for leak in secrecy.leaks()] == ["the answer"]


def test_files_are_read_as_they_are_at_the_end(tmp_path: Path) -> None:
    secrecy = Secrecy()
    secrecy.secret(SECRET)
    secrecy.folder(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"\x00" + SECRET.encode() + b"\xff")
    (tmp_path / "c").write_text("nothing")
    assert [leak.split(":")[0] for leak in secrecy.leaks()] == [str(tmp_path / "a" / "b")]


def test_logs_are_read_with_their_facts_and_tracebacks() -> None:
    secrecy, log = Secrecy(), Logger("secrecy-test")
    watch, logger = LogWatch(secrecy), logging.getLogger("ragstone.secrecy-test")
    secrecy.secret(SECRET)
    logger.addHandler(watch)
    try:
        log.warning("harmless", fact=1)
        assert secrecy.leaks() == []
        log.warning("read", value=SECRET)
        try:
            raise ValueError(SECRET)
        except ValueError:
            log.exception("failed")
    finally:
        logger.removeHandler(watch)
    assert len(secrecy.leaks()) == 2


def test_what_is_no_secret_is_no_leak() -> None:
    secrecy = Secrecy()
    secrecy.secret(SECRET)
    secrecy.told("the answer", "sk-5ecret")
    assert secrecy.leaks() == []

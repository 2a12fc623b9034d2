import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragstone.providers.api import SealBroken
from ragstone.providers.encryption import KEY_FILE, MasterKeyEncryptor, MasterKeyError


@given(text=st.text(), context=st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_was_sealed_opens_with_the_same_context(tmp_path: Path, text: str, context: str) -> None:
    encryptor = MasterKeyEncryptor(tmp_path / "keys")
    sealed = encryptor.seal(text, context)
    assert sealed.isascii()
    assert sealed.isprintable()
    assert encryptor.open(sealed, context) == text


def test_no_key_is_made_before_the_first_seal_and_it_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "keys"
    encryptor = MasterKeyEncryptor(folder)
    assert not folder.exists()
    encryptor.seal("a", "c")
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [p.name for p in folder.iterdir()] == [KEY_FILE]


def test_another_process_with_the_same_folder_opens_it(tmp_path: Path) -> None:
    sealed = MasterKeyEncryptor(tmp_path).seal("sk-secret", "connector/1")
    assert MasterKeyEncryptor(tmp_path).open(sealed, "connector/1") == "sk-secret"


def test_sealing_twice_gives_different_texts_that_do_not_hold_the_secret(tmp_path: Path) -> None:
    encryptor = MasterKeyEncryptor(tmp_path)
    first, second = encryptor.seal("sk-secret", "c"), encryptor.seal("sk-secret", "c")
    assert first != second
    assert "sk-secret" not in first


def test_a_sealed_text_moved_to_another_context_does_not_open(tmp_path: Path) -> None:
    encryptor = MasterKeyEncryptor(tmp_path)
    with pytest.raises(SealBroken, match="belongs to something else"):
        encryptor.open(encryptor.seal("x", "connector/1"), "connector/2")


@pytest.mark.parametrize("position", [0, 2, 5, 13, 20, -1])
def test_a_changed_letter_is_noticed(tmp_path: Path, position: int) -> None:
    encryptor = MasterKeyEncryptor(tmp_path)
    sealed = list(encryptor.seal("x" * 30, "c"))
    sealed[position] = "A" if sealed[position] != "A" else "Q"
    with pytest.raises(SealBroken):
        encryptor.open("".join(sealed), "c")


@pytest.mark.parametrize("text", ["", "rs1", "rs1.", "plain", "rs1.00000000.", "rs1.00000000.!!", "rs2.a.b"])
def test_what_was_never_sealed_is_refused(tmp_path: Path, text: str) -> None:
    encryptor = MasterKeyEncryptor(tmp_path)
    encryptor.seal("x", "c")
    with pytest.raises(SealBroken):
        encryptor.open(text, "c")


def test_a_lost_key_is_named_with_its_id(tmp_path: Path) -> None:
    sealed = MasterKeyEncryptor(tmp_path / "one").seal("x", "c")
    key_id = sealed.split(".")[1]
    with pytest.raises(SealBroken, match=rf"\[{key_id}\], and there is none in"):
        MasterKeyEncryptor(tmp_path / "two").open(sealed, "c")
    other = MasterKeyEncryptor(tmp_path / "two")
    other.seal("y", "c")
    with pytest.raises(SealBroken, match=rf"\[{key_id}\], but .* holds"):
        other.open(sealed, "c")


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_file_stops_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    (tmp_path / KEY_FILE).chmod(0o600)
    with pytest.raises(MasterKeyError, match="must have 32 bytes"):
        MasterKeyEncryptor(tmp_path)


def test_a_key_file_open_to_others_is_closed_to_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    MasterKeyEncryptor(tmp_path).seal("x", "c")
    (tmp_path / KEY_FILE).chmod(0o644)
    MasterKeyEncryptor(tmp_path)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_threads_that_seal_first_agree_on_one_key(tmp_path: Path) -> None:
    encryptors = [MasterKeyEncryptor(tmp_path) for _ in range(8)]
    sealed: list[str] = []
    threads = [threading.Thread(target=lambda e=e: sealed.append(e.seal("x", "c"))) for e in encryptors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({text.split(".")[1] for text in sealed}) == 1
    assert [MasterKeyEncryptor(tmp_path).open(text, "c") for text in sealed] == ["x"] * 8


def test_the_encryptor_and_the_key_show_no_secret(tmp_path: Path) -> None:
    encryptor = MasterKeyEncryptor(tmp_path)
    encryptor.seal("x", "c")
    secret = (tmp_path / KEY_FILE).read_bytes()
    shown = repr(vars(encryptor)) + repr(encryptor) + repr(encryptor._key)
    assert secret.hex() not in shown
    assert repr(secret) not in shown

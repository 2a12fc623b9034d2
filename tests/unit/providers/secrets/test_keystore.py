"""The local vault: Secrets Manager's rules for versions, stages and deletion, in one sealed file."""

from __future__ import annotations

import re
import stat
import threading
from pathlib import Path

import pytest

from ragstone.core.ids import IdGenerator
from ragstone.providers.api import SecretError
from ragstone.providers.encryption import MasterKeyEncryptor
from ragstone.providers.secrets.keystore import FILE, Keystore
from ragstone.testing.clock import ManualClock

DAY = 86_400.0
TOKEN = "11111111-2222-3333-4444-555555555555"


class Vaults:
    """Keystores on one folder, as of several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock(1_700_000_000)

    def open(self, keys: str = "keys") -> Keystore:
        return Keystore(self.folder / "data", MasterKeyEncryptor(self.folder / keys), self.clock, IdGenerator())


@pytest.fixture
def vaults(tmp_path: Path) -> Vaults:
    return Vaults(tmp_path)


@pytest.fixture
def vault(vaults: Vaults) -> Keystore:
    return vaults.open()


def code(error: pytest.ExceptionInfo[SecretError]) -> str:
    return error.value.code


def test_a_secret_gets_an_arn_of_awss_shape(vault: Keystore) -> None:
    made = vault.create("team/my_deepseek+=.@-secret", "x")
    assert re.fullmatch(
        r"arn:aws:secretsmanager:us-east-1:0{12}:secret:team/my_deepseek\+=\.@-secret-[A-Za-z0-9]{6}", made.arn
    )
    assert (made.stages, made.text, made.binary) == (("AWSCURRENT",), "x", None)
    assert vault.owns(made.arn)
    assert vault.owns("arn:aws:secretsmanager:eu-west-1:000000000000:secret:x-AbCdEf"), "AWS has no such account"
    assert not vault.owns("arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf")


def test_it_is_found_by_name_by_arn_and_by_arn_without_its_suffix(vault: Keystore) -> None:
    arn = vault.create("s", "x").arn
    assert [vault.get(way).text for way in ("s", arn, arn[:-7])] == ["x"] * 3


def test_an_arn_means_its_own_secret_also_when_another_is_named_like_it(vault: Keystore) -> None:
    arn = vault.create("s", "mine").arn
    vault.create(arn.rpartition(":")[2], "theirs")
    assert vault.get(arn).text == "mine"


def test_an_old_arn_does_not_lead_to_a_secret_made_anew(vault: Keystore) -> None:
    arn = vault.create("s", "old").arn
    vault.delete("s", recovery_days=None)
    vault.create("s", "new")
    with pytest.raises(SecretError) as error:
        vault.get(arn)
    assert code(error) == "ResourceNotFoundException"


def test_a_rotation_keeps_the_previous_version_and_forgets_the_one_before(vault: Keystore) -> None:
    versions = [vault.create("s", "1").version, vault.put("s", "2").version, vault.put("s", b"\x00\x03").version]
    assert vault.get("s").binary == b"\x00\x03"
    assert vault.get("s", stage="AWSPREVIOUS").text == "2"
    assert vault.get("s", version=versions[1], stage="AWSPREVIOUS").text == "2"
    assert vault.describe("s").versions == ((versions[1], ("AWSPREVIOUS",)), (versions[2], ("AWSCURRENT",)))
    for version, stage in ((versions[0], None), (versions[1], "AWSCURRENT"), (None, "AWSPENDING")):
        with pytest.raises(SecretError) as error:
            vault.get("s", version=version, stage=stage)
        assert code(error) == "ResourceNotFoundException"


def test_a_pending_version_is_not_current(vault: Keystore) -> None:
    vault.create("s", "1")
    vault.put("s", "2", stages=["AWSPENDING"])
    assert (vault.get("s").text, vault.get("s", stage="AWSPENDING").text) == ("1", "2")
    vault.put("s", "3", stages=["AWSPENDING"])
    assert [stages for _, stages in vault.describe("s").versions] == [("AWSCURRENT",), ("AWSPENDING",)]


def test_a_repeated_request_stores_once_and_another_value_is_refused(vault: Keystore) -> None:
    first = vault.create("s", "1", version=TOKEN)
    assert vault.create("s", "1", version=TOKEN).arn == first.arn
    assert vault.put("s", "1", version=TOKEN).version == TOKEN
    for other in ("2", b"1"):
        with pytest.raises(SecretError) as error:
            vault.put("s", other, version=TOKEN)
        assert code(error) == "ResourceExistsException"
    assert len(vault.describe("s").versions) == 1
    with pytest.raises(SecretError) as error:
        vault.create("s", "1")
    assert code(error) == "ResourceExistsException"


def test_a_deleted_secret_can_be_restored_until_its_time_is_over(vaults: Vaults, vault: Keystore) -> None:
    vault.create("s", "1")
    marked = vault.delete("s", recovery_days=7)
    assert marked.gone == vaults.clock.time + 7 * DAY
    with pytest.raises(SecretError) as read:
        vault.get("s")
    with pytest.raises(SecretError) as put:
        vault.put("s", "2")
    with pytest.raises(SecretError) as created:
        vault.create("s", "2")
    assert {code(read), code(put), code(created)} == {"InvalidRequestException"}
    assert vault.list_secrets() == []
    assert [secret.name for secret in vault.list_secrets(with_deleted=True)] == ["s"]
    vault.restore("s")
    assert vault.get("s").text == "1"

    vault.delete("s", recovery_days=7)
    vaults.clock.time += 7 * DAY
    assert vault.list_secrets(with_deleted=True) == []
    with pytest.raises(SecretError) as error:
        vault.restore("s")
    assert code(error) == "ResourceNotFoundException"
    vault.create("s", "2")


@pytest.mark.parametrize("name", ["", "a b", "schlüssel", "a:b", "x" * 513])
def test_names_that_aws_would_refuse(vault: Keystore, name: str) -> None:
    with pytest.raises(SecretError) as error:
        vault.create(name, "x")
    assert code(error) == "ValidationException"


@pytest.mark.parametrize("value", ["", "x" * 65_537, b"", "é" * 40_000])
def test_values_of_no_length_or_too_long(vault: Keystore, value: str | bytes) -> None:
    with pytest.raises(SecretError) as error:
        vault.create("s", value)
    assert code(error) == "InvalidParameterException"


def test_reading_makes_no_file(vaults: Vaults, vault: Keystore) -> None:
    assert vault.list_secrets() == []
    with pytest.raises(SecretError):
        vault.get("s")
    assert not (vaults.folder / "data").exists()


def test_the_file_is_for_its_owner_and_holds_no_value(vaults: Vaults, vault: Keystore) -> None:
    vault.create("s", "sk-plain-as-day", description="mine")
    vault.put("s", b"sk-binary-as-night")
    files = [path for path in (vaults.folder / "data").iterdir() if path.is_file()]
    assert [path.name for path in files] == [FILE]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    content = files[0].read_bytes()
    assert b"sk-" not in content
    assert b"mine" in content


def test_what_is_sealed_with_another_key_is_not_opened(vaults: Vaults, vault: Keystore) -> None:
    vault.create("s", "1")
    with pytest.raises(SecretError) as error:
        vaults.open("other-keys").get("s")
    assert code(error) == "DecryptionFailure"


def test_another_process_sees_what_one_has_written_and_its_new_master_key(vaults: Vaults) -> None:
    server, command = vaults.open(), vaults.open()  # before there is a key, or a file
    command.create("s", "1")
    assert server.get("s").text == "1"
    server.put("s", "2")
    assert command.get("s").text == "2"


def test_writers_wait_for_each_other(vaults: Vaults, vault: Keystore) -> None:
    vault.create("s", "0")
    threads = [threading.Thread(target=vaults.open().put, args=("s", str(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [stages for _, stages in vault.describe("s").versions] == [("AWSPREVIOUS",), ("AWSCURRENT",)]

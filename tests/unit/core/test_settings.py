"""Settings from their four sources, and what is said about wrong ones."""

from pathlib import Path

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.core.settings import Settings, default_config, load


def test_options_are_stronger_than_variables_and_these_than_the_file(tmp_path: Path) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text("port: 1\nhost: '::1'\nnode_name: file\ncluster_settings: {action.auto_create_index: false}\n")
    environment = {"RAGSTONE_PORT": "2", "RAGSTONE_NODE_NAME": "variable", "OTHER": "x"}
    settings = load({"port": 3, "host": None}, environment, config)
    assert (settings.port, settings.node_name, settings.host) == (3, "variable", "::1")
    assert settings.cluster_settings == {"action.auto_create_index": False}
    assert settings.max_content_length == Settings().max_content_length


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("port", "x", "setting [port] must be a whole number from 0 to 65535, not [x]"),
        ("port", 99999, "setting [port] must be a whole number from 0 to 65535, not [99999]"),
        ("port", -1, "setting [port] must be a whole number from 0 to 65535, not [-1]"),
        ("port", True, "setting [port] must be a whole number from 0 to 65535, not [True]"),
        ("max_content_length", "0", "setting [max_content_length] must be a whole number of at least 1, not [0]"),
        ("shutdown_grace", "nan", "setting [shutdown_grace] must be a number from 0 to 86400, not [nan]"),
        ("shutdown_grace", None, "setting [shutdown_grace] must be a number from 0 to 86400, not [None]"),
        ("cluster_settings", "a=b", "setting [cluster_settings] must be a mapping, not [a=b]"),
    ],
)
def test_a_wrong_value_is_told_with_its_setting(tmp_path: Path, name: str, value: object, wanted: str) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text(f"{name}: {'null' if value is None else value}\n")
    with pytest.raises(IllegalArgumentException) as caught:
        load({}, {}, config)
    assert caught.value.reason == wanted


def test_unknown_settings_are_told_with_the_known_ones(tmp_path: Path) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text("prot: 1\n")
    with pytest.raises(IllegalArgumentException, match=r"unknown settings \['prot'\] in .*'port'"):
        load({}, {}, config)


@pytest.mark.parametrize("text", ["- 1\n", "a: [1\n"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text(text)
    with pytest.raises(IllegalArgumentException):
        load({}, {}, config)
    with pytest.raises(IllegalArgumentException, match="cannot read settings"):
        load({}, {}, tmp_path / "none.yml")


def test_the_file_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_config() is None
    (tmp_path / "ragstone.yml").touch()
    assert default_config() == Path("ragstone.yml")


@pytest.mark.parametrize("text", ["", "x", "a b", "x" * 1225, "ü-id"])
def test_an_external_id_that_aws_would_refuse_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(IllegalArgumentException, match=r"setting \[aws_external_id\] must be 2 to 1224 letters"):
        Settings(aws_external_id=text)
    assert load({}, {"RAGSTONE_AWS_EXTERNAL_ID": "agreed/with:them"}).aws_external_id == "agreed/with:them"

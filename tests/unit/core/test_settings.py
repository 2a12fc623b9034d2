"""Settings from their four sources, and what is said about wrong ones."""

from pathlib import Path

import pytest

from ragstone.core import settings_section
from ragstone.core.errors import IllegalArgumentException
from ragstone.core.security_settings import SecuritySettings, TlsSettings
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


def test_sections_are_nested_dotted_or_in_full_names(tmp_path: Path) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text(
        "security.enabled: true\nsecurity: {jwt: {audience: 'a, b'}, proxy.peers: [10.0.0.0/8, '::1']}\n"
        "security_logins_tries: 3\n"
    )
    environment = {"RAGSTONE_SECURITY_LOGINS_BLOCK": "7", "RAGSTONE_SECURITY_JWT_SIGNING_KEYS": "x,y"}
    settings = load({"tls_cert": Path("c"), "tls_key": Path("k")}, environment, config)
    assert (settings.security.enabled, settings.security_enabled) == (True, True)
    assert settings.security.jwt.audience == ("a", "b")
    assert settings.security.jwt.signing_keys == ("x,y",)
    assert [str(peer) for peer in settings.security.proxy.peers] == ["10.0.0.0/8", "::1/128"]
    assert (settings.security.logins.tries, settings.security.logins.block) == (3, 7)
    assert settings.tls.active
    assert "x,y" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "text", "wanted"),
    [
        ("127.0.0.1", "", False),
        ("0.0.0.0", "", True),
        ("127.0.0.1", "security: {enabled: true}", True),
        ("0.0.0.0", "security_enabled: false", False),
    ],
)
def test_security_is_on_beyond_loopback_unless_told_otherwise(
    tmp_path: Path, host: str, text: str, wanted: bool
) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text(text)
    assert load({"host": host}, {}, config).security_enabled is wanted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("security: {enabled: maybe}", r"setting \[security_enabled\] must be \[true\] or \[false\], not \[maybe\]"),
        (
            "security: {proxy: {peers: here}}",
            r"\[security_proxy_peers\] must hold addresses or CIDR blocks, not \[here\]",
        ),
        ("security: {logins: {tries: -1}}", r"setting \[security_logins_tries\] must be a whole number from 0"),
        ("security: {login: 1}", r"unknown settings \['security_login'\]"),
        ("security.jwt: {jwks_uri: 'https://a', openid_connect_url: 'https://b'}", "exclude each other"),
        ("security.jwt.jwks_uri: file:///etc/passwd", r"\[security_jwt_jwks_uri\] must be an http or https URL"),
        ("tls: {cert: c}", r"\[tls_cert\] and setting \[tls_key\] belong together"),
        ("tls: {enabled: true}", r"\[tls_enabled\] needs"),
        ("tls: {client_auth: always}", r"\[tls_client_auth\] must be \[none\] or \[optional\] or \[required\]"),
        ("tls: {client_auth: required}", r"\[tls_client_ca\] belongs together"),
        ("tls: {client_auth: required, client_ca: x}", r"\[tls_client_ca\] needs"),
        ("security: {clientcert: {enabled: true}}", r"\[security_clientcert_enabled\] needs \[tls_client_ca\]"),
        ("{engine: opensearch, cluster: 'http://x', security_enabled: true}", "exclude each other"),
    ],
)
def test_settings_of_security_that_make_no_sense_are_refused(tmp_path: Path, text: str, fault: str) -> None:
    config = tmp_path / "ragstone.yml"
    config.write_text(text)
    with pytest.raises(IllegalArgumentException, match=fault):
        load({}, {}, config)


def test_every_setting_of_security_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "security.md").read_text(encoding="utf-8")
    names = [*settings_section.names(SecuritySettings, "security"), *settings_section.names(TlsSettings, "tls")]
    assert [name for name in names if f"`{name}`" not in page] == []

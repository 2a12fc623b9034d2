import pytest

from ragstone.providers.http.addresses import is_literal, is_private, system_resolver


@pytest.mark.parametrize(
    "ip",
    [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "::169.254.169.254",
        "::ffff:0:169.254.169.254",
        "2001:0:808:808:0:0:80ff:fffe",
        "100.100.100.200",
        "192.0.0.192",
    ],
)
def test_private_addresses_are_recognised_in_every_family(ip: str) -> None:
    assert is_private(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "8.8.8.8",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "11.0.0.1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
        "1.0.0.0",
        "100.63.0.1",
        "100.128.0.1",
        "192.0.1.1",
        "::8.8.8.8",
        "64:ff9b::8.8.8.8",
    ],
)
def test_public_addresses_are_not_private(ip: str) -> None:
    assert not is_private(ip)


@pytest.mark.parametrize("text", ["127.1", "localhost", "", "2130706433"])
def test_what_is_no_address_is_refused_by_the_judge(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        is_private(text)


def test_a_host_of_digits_and_dots_counts_as_literal_even_when_it_is_malformed() -> None:
    assert is_literal("127.1")
    assert is_literal("2130706433")
    assert is_literal("::1")
    assert not is_literal("127.0.0.1.nip.example")


async def test_the_system_resolver_gives_textual_addresses_with_the_port() -> None:
    found = await system_resolver("localhost", 9200)
    assert {a.port for a in found} == {9200}
    assert all(is_private(a.ip) and not a.exempt for a in found)

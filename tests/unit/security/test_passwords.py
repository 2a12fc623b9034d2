from __future__ import annotations

import pytest

from ragstone.security.passwords import hash_password, is_hash, strength_fault, verify_password

WORD = "Bright-Anchor-5150!"
BCRYPT = "$2b$04$nvLEPHmM9j3neug81HjoPuRL4WNCcMfrgCJfUznxPzonxevlWGYUW"
# Made by OpenSearch's own tool.
ARGON2 = (
    "$argon2id$v=19$m=65536,t=3,p=1$U663UV6YqTU92rO48EIM75N4AEpoOJpY0azw05lZBSo"
    "$+RCvN/yGT5IwDGwTgiw9SXbpHQJpkQ8yCw+Wl02kyu4"
)
PBKDF2 = (
    "$3$2576980377600256$qqyy43OBfqdIO1Tx3ikmyohmV88rJfy28E5+AaaJnwXbokDFv/iZXj9Uw1VwNDKAf+x6qifUZlBSVz+VeeXECHTNMqf"
    "XKeOzX3V0NHrPd0zB0IYxfxx5m+PE4n0l6gEoimCuEzaEJaAK0RwRRnFgBoQzCVFcgEHsbXhV3hzLoXw=$cDvMtowmM2QYtZX6G3Bmx/u+DpSoE"
    "4mFh99cwqBFIlQ="
)


@pytest.mark.parametrize(
    "hash", [BCRYPT, BCRYPT.replace("$2b$", "$2y$"), BCRYPT.replace("$2b$", "$2a$"), ARGON2, PBKDF2]
)
def test_hashes_of_every_kind_that_opensearch_has_are_checked(hash: str) -> None:
    assert is_hash(hash)
    assert verify_password(hash, WORD)
    assert not verify_password(hash, WORD + "x")
    assert not verify_password(hash, "")


def test_a_new_hash_is_argon2id_salted_and_good() -> None:
    made = hash_password(WORD)
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_hash(made)
    assert verify_password(made, WORD)
    assert not verify_password(made, WORD.lower())
    assert hash_password(WORD) != made


@pytest.mark.parametrize(
    "text",
    [
        "", "not a hash", WORD, BCRYPT[:-1], BCRYPT + "x", BCRYPT.replace("$04$", "$31$"),
        ARGON2.replace("m=65536", "m=99999999"), ARGON2.replace("t=3", "t=0"), ARGON2 + "\n",
        PBKDF2.replace("2576980377600256", "256"), PBKDF2.replace("$3$2", "$9$2"),
        PBKDF2.replace("2576980377600256", "99999999999999999999999"),
    ],
)  # fmt: skip
def test_what_cannot_or_should_not_be_checked_is_no_hash(text: str) -> None:
    assert not is_hash(text)


@pytest.mark.parametrize("text", ["", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$AA$AA", "$3$1$AAA$AAA"])
def test_nothing_is_the_password_of_a_broken_hash(text: str) -> None:
    assert not verify_password(text, "")
    assert not verify_password(text, WORD)


def test_bcrypt_looks_at_72_bytes() -> None:
    assert not verify_password(BCRYPT, WORD + "x" * 100)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "Password is too short"),
        ("short", "Weak password"),
        ("password123", "Weak password"),
        ("security-u", "Weak password"),
        ("Security-U", "Weak password"),
        ("Zq" * 51, "Password is too long"),
        ("a" * 40 + "Reef-Kettle-9271!", "Weak password"),
        ("Reef-Kettle-9271!" + "a" * 80, None),
        ("Reef-Kettle-9271!", None),
        ("New-Harbour-41!", None),
    ],
)
def test_strength_is_judged_as_opensearch_does(password: str, fault: str | None) -> None:
    assert strength_fault("security-u", password) == fault


def test_a_password_made_of_the_name_is_weak_for_its_user_only() -> None:
    assert strength_fault("lighthouse-keeper", "lighthouse-keeper") == "Weak password"
    assert strength_fault("somebody", "lighthouse-keeper") is None

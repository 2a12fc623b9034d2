"""Users' passwords: how they are kept, checked, and judged.

Blocking: a hash is meant to cost tens of milliseconds, so everything here runs on a pool. The libraries are imported
when they are first needed: a node without security does without them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_LONGEST: Final = 100
"""Characters of a password."""
_JUDGED: Final = 40
"""Characters whose strength is asked. Some texts take zxcvbn a time that grows with the square of their length."""
_STRONG: Final = 3
"""The least score of a new password, of 0 to 4."""
_BCRYPT: Final = re.compile(r"\$2[aby]?\$(\d\d)\$[./A-Za-z0-9]{53}")
_BCRYPT_BYTES: Final = 72
"""bcrypt looks at no more of a password than this; libraries cut it off or refuse it."""
_ARGON2: Final = re.compile(r"\$argon2(?:id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_PBKDF2: Final = re.compile(r"\$([1-5])\$(\d+)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)")
_PBKDF2_DIGESTS: Final = {"1": "sha1", "2": "sha224", "3": "sha256", "4": "sha384", "5": "sha512"}

_DEAREST_BCRYPT: Final = 18
"""Rounds as a power of two."""
_DEAREST_ARGON2: Final = (2**20, 64, 64)
"""KiB of memory, passes, lanes."""
_DEAREST_PBKDF2: Final = 10_000_000
"""Iterations."""

Fault = Literal["Password is too short", "Password is too long", "Weak password"]


def hash_password(password: str) -> str:
    """argon2id in its usual text form (`$argon2id$v=19$m=...`)."""
    return _hasher().hash(password)


def verify_password(hash: str, password: str) -> bool:
    """Whether `hash`, of any kind that `is_hash` knows, is one of the password. Compared in constant time."""
    if _ARGON2.fullmatch(hash):
        return _verify_argon2(hash, password)
    if _BCRYPT.fullmatch(hash):
        return _verify_bcrypt(hash, password)
    pbkdf2 = _PBKDF2.fullmatch(hash)
    return pbkdf2 is not None and _verify_pbkdf2(pbkdf2[1], pbkdf2[2], pbkdf2[3], pbkdf2[4], password)


def is_hash(text: str) -> bool:
    """Whether it is a hash that can be checked here, at a cost that can be afforded: argon2, bcrypt, and OpenSearch's
    form of PBKDF2 (`$3$<iterations and bits>$<salt>$<hash>`)."""
    bcrypt = _BCRYPT.fullmatch(text)
    if bcrypt:
        return 4 <= int(bcrypt[1]) <= _DEAREST_BCRYPT
    argon2 = _ARGON2.fullmatch(text)
    if argon2:
        cost = tuple(map(int, argon2.groups()))
        return all(0 < each <= most for each, most in zip(cost, _DEAREST_ARGON2, strict=True))
    pbkdf2 = _PBKDF2.fullmatch(text)
    if pbkdf2:
        iterations, bits = divmod(int(pbkdf2[2]), 2**32)
        return 0 < iterations <= _DEAREST_PBKDF2 and bits >= 128
    return False


def strength_fault(name: str, password: str) -> Fault | None:
    """Why a password may not be the new one of the user; None is fine. Scored by zxcvbn, as OpenSearch does.

    `Differs:` only the beginning counts, so a long password that begins weakly is weak.
    """
    if not password:
        return "Password is too short"
    if len(password) > _LONGEST:
        return "Password is too long"
    from zxcvbn import zxcvbn

    score: int = zxcvbn(password[:_JUDGED], user_inputs=[name[:_LONGEST]])["score"]
    return "Weak password" if score < _STRONG else None


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    # OWASP's second choice of equal strength: 19 MiB a check, so that several at once do not need much.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _verify_argon2(hash: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _verify_bcrypt(hash: str, password: str) -> bool:
    import bcrypt

    given = password.encode("utf-8", "surrogatepass")
    try:
        return bcrypt.checkpw(given[:_BCRYPT_BYTES], hash.encode())
    except ValueError:
        return False


def _verify_pbkdf2(digest: str, cost: str, salt: str, hash: str, password: str) -> bool:
    iterations, _ = divmod(int(cost), 2**32)
    try:
        wanted = _base64(hash)
        made = hashlib.pbkdf2_hmac(
            _PBKDF2_DIGESTS[digest], password.encode("utf-8", "surrogatepass"), _base64(salt), iterations, len(wanted)
        )
    except (binascii.Error, ValueError, OverflowError):
        return False
    return hmac.compare_digest(made, wanted)


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))

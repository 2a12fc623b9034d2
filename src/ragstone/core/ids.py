"""The only source of ids and randomness."""

from __future__ import annotations

import base64
import random
import secrets
import uuid
from itertools import count


class IdGenerator:
    """Ids of OpenSearch's shapes. A `seed` makes them reproducible (and guessable): for tests."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = random.Random(seed) if seed is not None else secrets.SystemRandom()
        self._series = self._random.randbytes(5)
        while base64.urlsafe_b64encode(self._series)[:1] in b"-_":
            self._series = self._random.randbytes(5)
        self._count = count()

    def auto_id(self) -> str:
        """A generated document id: 20 characters of URL-safe base64, never beginning with `-` or `_`.

        Ids made one after another begin alike, as OpenSearch's do: an index of them grows at one end, and writing a
        document costs a third of what it costs with scattered ids (see docs/decisions/0002).
        """
        number = (next(self._count) & 0xFFFFFFFF).to_bytes(4, "big")
        return base64.urlsafe_b64encode(self._series + number + self._random.randbytes(6)).decode()

    def uuid22(self) -> str:
        """An index or cluster uuid: 22 characters of URL-safe base64."""
        return base64.urlsafe_b64encode(self._random.randbytes(16)).decode().rstrip("=")

    def uuid4(self) -> str:
        """An RFC 4122 uuid text."""
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def text(self, alphabet: str, length: int) -> str:
        """Characters of `alphabet`, each drawn uniformly: keys, secrets and such."""
        return "".join(self._random.choices(alphabet, k=length))

    def random(self) -> float:
        """Uniform in [0, 1)."""
        return self._random.random()

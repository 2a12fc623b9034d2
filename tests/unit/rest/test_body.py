"""Bodies off the wire: limits, compression, broken streams."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from ragstone.core.errors import IllegalArgumentException
from ragstone.rest.body import BodyTooLarge, ClientGone, Message, read_body


class Wire:
    """Hands out pieces of a body and counts how much was taken."""

    def __init__(self, *pieces: bytes, hang_up: bool = False) -> None:
        self._messages: Iterator[Message] = iter(
            [
                *({"type": "http.request", "body": piece, "more_body": True} for piece in pieces),
                {"type": "http.disconnect"} if hang_up else {"type": "http.request", "body": b"", "more_body": False},
            ]
        )
        self.taken = 0

    async def __call__(self) -> Message:
        message = next(self._messages)
        self.taken += len(message.get("body", b""))
        return message


async def test_pieces_are_joined() -> None:
    assert await read_body(Wire(b"ab", b"", b"c"), {}, 3) == b"abc"


async def test_one_byte_too_many_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(Wire(b"ab", b"cd"), {}, 3)


async def test_an_announced_large_body_is_drained_but_not_for_ever() -> None:
    wire = Wire(*[b"x" * 10] * 10)
    with pytest.raises(BodyTooLarge):
        await read_body(wire, {"content-length": "100"}, 15)
    assert wire.taken == 30


async def test_a_client_that_asks_first_is_told_at_once() -> None:
    wire = Wire(b"x" * 10)
    with pytest.raises(BodyTooLarge):
        await read_body(wire, {"content-length": "100", "expect": "100-continue"}, 15)
    assert wire.taken == 0


async def test_a_client_that_hangs_up_midway_is_noticed() -> None:
    with pytest.raises(ClientGone):
        await read_body(Wire(b"ab", hang_up=True), {}, 10)


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_gzip_and_deflate_in_pieces(step: int) -> None:
    text = b'{"a": "' + b"words " * 100 + b'"}'
    raw = zlib.compressobj(wbits=-15)
    for encoding, data in (
        ("gzip", gzip.compress(text)),
        ("GZIP", gzip.compress(text[:50]) + gzip.compress(text[50:])),
        ("deflate", zlib.compress(text)),
        ("deflate", raw.compress(text) + raw.flush()),
    ):
        pieces = [data[i : i + step] for i in range(0, len(data), step)]
        assert await read_body(Wire(*pieces), {"content-encoding": encoding}, 10_000) == text


async def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    with pytest.raises(BodyTooLarge):
        await read_body(Wire(bomb), {"content-encoding": "gzip"}, 100_000)


@pytest.mark.parametrize("data", [b"no gzip at all", gzip.compress(b"x" * 100)[:-4]], ids=["garbage", "cut off"])
async def test_broken_gzip_is_the_clients_fault(data: bytes) -> None:
    with pytest.raises(IllegalArgumentException, match="not valid gzip"):
        await read_body(Wire(data), {"content-encoding": "gzip"}, 10_000)


async def test_an_unknown_encoding_is_taken_as_it_is() -> None:
    assert await read_body(Wire(b"abc"), {"content-encoding": "identity"}, 10) == b"abc"

"""gzip and deflate, both ways."""

from __future__ import annotations

import zlib

from ragstone.core.errors import IllegalArgumentException

_LEVEL = 3
"""OpenSearch's `http.compression_level`: most of the gain for little time."""
SMALLEST = 256
"""Bytes of an answer below which compressing it does not pay."""

# zlib's window sizes: 16 more reads gzip, 32 more tells gzip and zlib apart by the header.
_ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Inflater:
    """Decompresses a request body as it comes in."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._stream = zlib.decompressobj(_ENCODINGS[encoding])
        self._begun = False

    @classmethod
    def for_encoding(cls, header: str | None) -> Inflater | None:
        """The inflater for a `content-encoding`; None for no or an unknown one, whose body is taken as it is."""
        encoding = (header or "").strip().lower()
        return cls(encoding) if encoding in _ENCODINGS else None

    def feed(self, data: bytes, limit: int) -> bytes:
        """The next stretch of the body, of at most `limit` + 1 bytes: one more means that there was too much.

        Raises IllegalArgumentException when the bytes are not what the header says.
        """
        pieces: list[bytes] = []
        room = limit + 1
        while data and room > 0:
            piece = self._inflate(data, room)
            pieces.append(piece)
            room -= len(piece)
            data = self._stream.unconsumed_tail
            if self._stream.eof and self._stream.unused_data:  # several gzip members make one body
                data = self._stream.unused_data
                self._stream = zlib.decompressobj(_ENCODINGS[self._encoding])
                self._begun = False
        return b"".join(pieces)

    def _inflate(self, data: bytes, room: int) -> bytes:
        try:
            piece = self._stream.decompress(data, room)
        except zlib.error as error:
            if self._encoding == "deflate" and not self._begun:  # some clients send deflate without zlib's header
                self._stream, self._begun = zlib.decompressobj(-zlib.MAX_WBITS), True
                return self._inflate(data, room)
            raise self._broken(str(error)) from None
        self._begun = True
        return piece

    def finish(self) -> None:
        """Raises IllegalArgumentException when the body was cut off."""
        if self._begun and not self._stream.eof:
            raise self._broken("it is cut off")

    def _broken(self, why: str) -> IllegalArgumentException:
        return IllegalArgumentException(f"the request body is not valid {self._encoding}: {why}")


def accepts_gzip(header: str) -> bool:
    """Whether an `accept-encoding` header allows gzip."""
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "x-gzip"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def gzip(data: bytes) -> bytes:
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()

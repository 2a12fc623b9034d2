"""gzip and deflate, both ways."""

from __future__ import annotations

import zlib

from ragstone.core.errors import IllegalArgumentException

_LEVEL = 3
"""OpenSearch's `http.compression_level`: most of the gain for little time."""
SMALLEST = 256
"""Bytes of an answer below which compressing it does not pay."""

_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
"""The three wrappings of deflated data, as zlib's `wbits`."""
_ENCODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB, "x-deflate": _ZLIB}


class Inflater:
    """Decompresses a request body as it comes in."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._wrapping = _ENCODINGS[encoding]
        self._stream = zlib.decompressobj(self._wrapping)
        self._head = b""

    @classmethod
    def for_encoding(cls, header: str | None) -> Inflater | None:
        """The inflater for a `content-encoding`; None for no or an unknown one, whose body is taken as it is."""
        encoding = (header or "").strip().lower()
        return cls(encoding) if encoding in _ENCODINGS else None

    def feed(self, data: bytes, limit: int) -> bytes:
        """The next stretch of the body, of at most `limit` + 1 bytes: one more means that there was too much.

        Raises IllegalArgumentException when the bytes are not what the header says.
        """
        if len(self._head) < 2:
            self._head += data
            if len(self._head) < 2:
                return b""
            data = self._head
            if self._wrapping == _ZLIB and not _begins_as_zlib(data):
                self._stream = zlib.decompressobj(_BARE)  # some clients send deflate without zlib's header
        pieces: list[bytes] = []
        room = limit + 1
        while data and room > 0:
            if self._stream.eof:  # several gzip members make one body
                self._stream = zlib.decompressobj(self._wrapping)
            try:
                pieces.append(self._stream.decompress(data, room))
            except zlib.error as error:
                raise self._broken(str(error)) from None
            room -= len(pieces[-1])
            data = self._stream.unused_data or self._stream.unconsumed_tail
        return b"".join(pieces)

    def finish(self) -> None:
        """Raises IllegalArgumentException when the body was cut off."""
        if self._head and not self._stream.eof:
            raise self._broken("it is cut off")

    def _broken(self, why: str) -> IllegalArgumentException:
        return IllegalArgumentException(f"the request body is not valid {self._encoding}: {why}")


def _begins_as_zlib(data: bytes) -> bool:
    """RFC 1950: method 8, and a check value that makes the first two bytes a multiple of 31."""
    return data[0] & 0x0F == 8 and (data[0] * 256 + data[1]) % 31 == 0


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

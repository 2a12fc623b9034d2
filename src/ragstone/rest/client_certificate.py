"""What a client's certificate says of its owner. TLS has verified it by then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SHORT = {
    "commonName": "CN", "organizationalUnitName": "OU", "organizationName": "O", "countryName": "C",
    "localityName": "L", "stateOrProvinceName": "ST", "streetAddress": "STREET", "domainComponent": "DC",
    "userId": "UID", "emailAddress": "EMAILADDRESS",
}  # fmt: skip
_SPECIAL = re.compile(r'([,+"\\<>;=]|^[# ]| $)')


@dataclass(frozen=True)
class ClientCertificate:
    subject: tuple[tuple[str, str], ...]
    """Attributes and values, the most particular first: `(("CN", "ann"), ("OU", "search"))`."""

    @classmethod
    def read(cls, certificate: Mapping[str, Any]) -> ClientCertificate:
        """From Python's form of a verified certificate (`ssl.SSLObject.getpeercert`)."""
        parts: Sequence[Sequence[tuple[str, str]]] = certificate.get("subject", ())
        return cls(tuple((_SHORT.get(key, key), value) for part in reversed(parts) for key, value in part))

    def values(self, attribute: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.subject if key.lower() == attribute.lower())

    def __str__(self) -> str:
        """The distinguished name: `CN=ann,OU=search` (RFC 2253)."""
        escaped = ((key, _SPECIAL.sub(r"\\\1", value)) for key, value in self.subject)
        return ",".join(f"{key}={value}" for key, value in escaped)

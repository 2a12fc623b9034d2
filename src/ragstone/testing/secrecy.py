"""Whether secrets stay where they belong: which ones tests have used, and everything that must not hold them."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path


def spellings(secret: str) -> list[str]:
    """As it is, as it stands in a JSON text and in one inside another, in base64, and as Python shows it."""
    once = json.dumps(secret)[1:-1]
    return [secret, once, json.dumps(once)[1:-1], base64.b64encode(secret.encode()).decode(), repr(secret)[1:-1]]


class Secrecy:
    """`secret` for each that is used, `told` and `folder` for what may be looked at by others, `leaks` at the end."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self._told: list[tuple[str, str]] = []
        self._folders: list[Path] = []

    def secret(self, text: str) -> str:
        """The same text, remembered. It should be one that cannot be there by chance."""
        if text not in self.secrets:
            self.secrets.append(text)
        return text

    def told(self, where: str, text: str) -> None:
        """An answer, an output, an error."""
        self._told.append((where, text))

    def folder(self, path: Path) -> None:
        """All its files will be looked through, as they are then; of a file, itself."""
        self._folders.append(path)

    def leaks(self) -> list[str]:
        """Where which secret was found, with a piece of what is around it."""
        found = []
        stored = [
            (str(path), path.read_bytes())
            for folder in self._folders
            for path in (folder, *folder.rglob("*"))
            if path.is_file()
        ]
        for where, content in [(where, text.encode()) for where, text in self._told] + stored:
            for secret in self.secrets:
                for spelled in (spelling.encode() for spelling in spellings(secret)):
                    if spelled in content:
                        at = content.index(spelled)
                        around = content[max(0, at - 40) : at].decode("utf-8", "replace")
                        found.append(f"{where}: {secret} after {around!r}")
                        break
        return found


class LogWatch(logging.Handler):
    """Tells `secrecy` every record that it is given, with facts and traceback."""

    def __init__(self, secrecy: Secrecy) -> None:
        super().__init__(logging.DEBUG)
        self._secrecy = secrecy

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        facts = getattr(record, "facts", {})
        self._secrecy.told(f"log of {record.name}", f"{record.getMessage()} {facts} {trace}")


__all__ = ["LogWatch", "Secrecy", "spellings"]

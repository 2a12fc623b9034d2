"""Slows down who guesses passwords: failed logins are counted, and who failed too often is refused for a while."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Hashable

from ragstone.core.clock import Clock
from ragstone.core.security_settings import LoginSettings

_TRACKED = 50_000
"""Users at addresses, and addresses, that are remembered at once; the ones that were quiet longest are forgotten."""


class LoginLimits:
    """Counts by user and address together, so that nobody can lock out somebody else, and by address alone, against
    who tries one password on many users."""

    def __init__(self, settings: LoginSettings, clock: Clock) -> None:
        self._clock = clock
        self._by_user = _Failures(settings.tries, settings.window, settings.block)
        self._by_address = _Failures(settings.tries_per_address, settings.window, settings.block)

    def blocked(self, user: str, address: str | None) -> bool:
        """Whether a login is refused unseen, even with the right password."""
        if not self._by_user.blocks and not self._by_address.blocks:
            return False
        now = self._clock.monotonic()
        return self._by_user.blocked((user, address), now) or self._by_address.blocked(address, now)

    def begin(self, user: str, address: str | None) -> bool:
        """Whether a password may be looked at now; every True wants an `end`. Passwords that are still being looked at
        count, so that nobody tries a thousand at once."""
        if self.blocked(user, address) or self._by_user.full((user, address)) or self._by_address.full(address):
            return False
        self._by_user.begin((user, address))
        self._by_address.begin(address)
        return True

    def end(self, user: str, address: str | None, *, good: bool) -> None:
        """A good login makes earlier failures slips. The address keeps its count: it may know one user and try
        others."""
        now = self._clock.monotonic()
        self._by_user.end((user, address))
        self._by_address.end(address)
        if good:
            self._by_user.forget((user, address))
        else:
            self._by_user.add((user, address), now)
            self._by_address.add(address, now)


class _Failures:
    """`most` failures within `window` seconds block for `block` seconds; 0 blocks nobody."""

    def __init__(self, most: int, window: int, block: int) -> None:
        self._most = most
        self._window = window
        self._block = block
        self._times: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._until: OrderedDict[Hashable, float] = OrderedDict()
        self._pending: Counter[Hashable] = Counter()

    @property
    def blocks(self) -> bool:
        """Whether anybody may be blocked."""
        return bool(self._until)

    def full(self, who: Hashable) -> bool:
        """Whether those that are under way might use up what is left."""
        return bool(self._most) and self._pending[who] + len(self._times.get(who, ())) >= self._most

    def begin(self, who: Hashable) -> None:
        self._pending[who] += 1

    def end(self, who: Hashable) -> None:
        self._pending[who] -= 1
        if not self._pending[who]:
            del self._pending[who]

    def blocked(self, who: Hashable, now: float) -> bool:
        until = self._until.get(who)
        if until is None:
            return False
        if now < until:
            return True
        del self._until[who]
        return False

    def add(self, who: Hashable, now: float) -> None:
        if not self._most:
            return
        times = self._times.setdefault(who, deque())
        self._times.move_to_end(who)
        while times and now - times[0] >= self._window:
            times.popleft()
        times.append(now)
        if len(times) >= self._most:
            del self._times[who]
            self._until[who] = now + self._block
        while len(self._times) > _TRACKED:
            self._times.popitem(last=False)
        while len(self._until) > _TRACKED:
            self._until.popitem(last=False)

    def forget(self, who: Hashable) -> None:
        self._times.pop(who, None)

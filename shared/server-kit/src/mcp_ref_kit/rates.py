"""Token buckets, one per caller: how soon the next call may run. Pure: the clock is an argument."""

from collections import OrderedDict

from msgspec import Struct

from mcp_ref_kit.settings.rate import Rate

# Callers remembered at once. The one that was idle longest is forgotten, and begins again with a full bucket.
_MOST_CALLERS = 10_000


class _Bucket(Struct):
    tokens: float
    filled: float


class Buckets:
    """A bucket of `rate.count` tokens for each caller, refilled evenly over `rate.seconds`."""

    def __init__(self, rate: Rate) -> None:
        """All buckets begin full."""
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, caller: str, now: float) -> float:
        """Take a token: 0, or the seconds until there is one (and nothing is taken)."""
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = _Bucket(self._rate.count, now)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(caller)
        per_second = self._rate.count / self._rate.seconds
        bucket.tokens = min(self._rate.count, bucket.tokens + (now - bucket.filled) * per_second)
        bucket.filled = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / per_second
        bucket.tokens -= 1
        return 0

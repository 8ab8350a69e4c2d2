"""The end of what stays open by the end of the token that opened it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


@asynccontextmanager
async def until(expires: float | None, now: float) -> AsyncGenerator[None, None]:
    """Leave the block quietly when its token expires; both times in seconds since the epoch, None is never."""
    seconds = None if expires is None else max(0.0, expires - now)
    deadline = asyncio.timeout(seconds)
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():
            raise

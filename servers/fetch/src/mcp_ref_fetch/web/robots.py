"""What robots.txt says (RFC 9309), asked once an hour for each origin, through the same guard as pages."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_ref_fetch.faults import RobotsDenied, TlsFault
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.web.agents import Agent
from mcp_ref_fetch.web.client import WebClient
from mcp_ref_fetch.web.freshness import max_age
from mcp_ref_fetch.web.rules import deciding_rule
from mcp_ref_fetch.web.wanted import Answer, Wanted
from mcp_ref_kit.network import BlockedAddress, WebUrl
from mcp_ref_kit.workers import Workers

if TYPE_CHECKING:
    from protego import Protego

KIB = 1024
MOST_BYTES = 512 * KIB
KEPT_SECONDS = 3600.0
LONGEST_KEPT = 24 * 3600.0
FAILURE_KEPT = 60.0
# Origins remembered at once, and characters of their files, of which each takes up to sixty bytes when it is parsed;
# what was unused longest goes.
_MOST_ORIGINS = 1000
_MOST_CHARACTERS = 1024 * KIB
_LONGEST_SITEMAP = 2048
_HOW = (
    "A person can still have the page through the prompt `fetch`; whoever runs this server can set --ignore-robots-txt."
)


class Policy(Struct, frozen=True):
    """What an origin says: rules, or one word for everything."""

    until: float
    fetched: float
    status: int | None
    rules: Any = None
    """A Protego, or None."""
    text: str = ""
    denies: str = ""
    """Why everything is disallowed; empty if it is not."""
    retryable: bool = False


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer for one URL and agent."""

    allowed: bool
    rule: str | None = None
    crawl_delay: float | None = None
    sitemaps: list[str] = []
    status: int | None = None


class Robots:
    """Reads and remembers robots.txt."""

    def __init__(
        self, settings: Settings, client: WebClient, workers: Workers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._client = client
        self._workers = workers
        self._clock = clock
        self._known: OrderedDict[str, Policy] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def permit(self, url: WebUrl, wanted: Wanted) -> tuple[str, float]:
        """Whether a page may be asked for, and the pause that its host wants.

        Raises:
            RobotsDenied: robots.txt says no, or cannot be read.
        """
        if self._settings.ignore_robots_txt:
            return "ignored", 0.0
        policy = await self._policy(url, wanted.agent, wanted.deadline)
        if policy.denies:
            raise RobotsDenied(
                f"`{url.origin}/robots.txt` {policy.denies}, so `{url}` is not fetched.",
                hint=_HOW,
                retryable=policy.retryable,
            )
        verdict = await self._workers.run(judged, policy, url, wanted.agent)
        if not verdict.allowed:
            raise RobotsDenied(
                f"`{url.origin}/robots.txt` asks automatic readers not to fetch `{url}`, by its rule `{verdict.rule}`.",
                hint=_HOW,
            )
        return "allowed", verdict.crawl_delay or 0.0

    async def verdict(self, url: WebUrl, agent: Agent, deadline: float) -> Verdict:
        """What robots.txt says about a URL, for whoever asks about it."""
        policy = await self._policy(url, agent, deadline)
        return await self._workers.run(judged, policy, url, agent)

    async def _policy(self, url: WebUrl, agent: Agent, deadline: float) -> Policy:
        origin = url.origin
        lock = self._asking.setdefault(origin, asyncio.Lock())
        try:
            async with lock:
                known = self._known.get(origin)
                if known is None or known.until <= self._clock():
                    known = self._known[origin] = await self._asked(url, agent, deadline, known)
                self._known.move_to_end(origin)
                self._forget()
                return known
        finally:
            if not lock.locked():
                self._asking.pop(origin, None)

    def _forget(self) -> None:
        size = sum(len(policy.text) for policy in self._known.values())
        while len(self._known) > _MOST_ORIGINS or (size > _MOST_CHARACTERS and len(self._known) > 1):
            _, gone = self._known.popitem(last=False)
            size -= len(gone.text)

    async def _asked(self, url: WebUrl, agent: Agent, deadline: float, stale: Policy | None) -> Policy:
        now = self._clock()
        wanted = Wanted(
            url=url.join("/robots.txt"),
            agent=agent,
            deadline=deadline,
            accept="text/plain, */*;q=0.5",
            asks_robots=False,
            takes_turn=False,
        )
        try:
            async with asyncio.timeout(self._settings.timeout_total / 3), self._client.open(wanted) as answer:
                found = await self._read(answer, now)
        except TlsFault:
            raise  # the page would fail in the same way, and says it better
        except (ToolError, TimeoutError) as error:
            if isinstance(error, BlockedAddress) and error.__cause__ is None:
                raise  # the origin itself, and not where a redirect led
            code = error.code if isinstance(error, ToolError) else "timeout"
            found = _failed(now, None, f"could not be read ({code})")
        if found.retryable and stale is not None and not stale.denies and now - stale.fetched <= LONGEST_KEPT:
            return replace(stale, until=now + FAILURE_KEPT)
        return found

    async def _read(self, answer: Answer, now: float) -> Policy:
        from mcp_ref_fetch.wire.body import Bounds, head  # noqa: PLC0415  late, as the rest of the wire

        settings, status = self._settings, answer.status
        if status in {401, 403}:
            return Policy(now + KEPT_SECONDS, now, status, denies=f"answers with status {status}")
        if 400 <= status < 500:  # noqa: PLR2004  client errors: there are no rules
            return Policy(now + KEPT_SECONDS, now, status)
        if not 200 <= status < 300:  # noqa: PLR2004  success
            return _failed(now, status, f"answers with status {status}")
        bounds = Bounds(max(settings.max_bytes, 4 * MOST_BYTES), settings.max_decoded_bytes, settings.max_ratio)
        body = await head(answer.parts, answer.headers.get("content-encoding", ""), bounds, MOST_BYTES)
        until = now + min(max_age(answer.headers, KEPT_SECONDS), LONGEST_KEPT)
        text = body.decode("utf-8-sig", "replace")
        is_page = text.lstrip()[:1] == "<" or "html" in answer.headers.get("content-type", "")
        return (
            Policy(until, now, status)
            if is_page
            else Policy(until, now, status, await self._workers.run(_parsed, text), text)
        )


def judged(policy: Policy, url: WebUrl, agent: Agent) -> Verdict:
    """What a policy says about a URL; a long one takes its time, so for a worker thread."""
    rules: Protego | None = policy.rules
    if rules is None:
        return Verdict(allowed=not policy.denies, rule=policy.denies or None, status=policy.status)
    allowed = rules.can_fetch(str(url), agent.token)
    return Verdict(
        allowed=allowed,
        rule=deciding_rule(policy.text, str(url), agent.token, allowed=allowed),
        crawl_delay=rules.crawl_delay(agent.token),
        sitemaps=[each for each in rules.sitemaps if len(each) <= _LONGEST_SITEMAP][:100],
        status=policy.status,
    )


def _failed(now: float, status: int | None, why: str) -> Policy:
    return Policy(now + FAILURE_KEPT, now, status, denies=why, retryable=True)


def _parsed(text: str) -> "Protego":
    from protego import Protego  # noqa: PLC0415  needed with the first page only

    return Protego.parse(text)

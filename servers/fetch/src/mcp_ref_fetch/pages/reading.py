"""Reading pages: from what is asked to a snapshot, out of the cache, off a shared request, or from the web."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Literal

import msgspec

from mcp_ref_fetch.faults import HttpStatus, SnapshotExpired, TimedOut
from mcp_ref_fetch.pages.cache import PageCache
from mcp_ref_fetch.pages.flights import Flights
from mcp_ref_fetch.pages.pdf import PdfReader
from mcp_ref_fetch.pages.render import Rendered, Source, excerpt, is_pdf, of_pdf, render
from mcp_ref_fetch.pages.rewriting import raw_form
from mcp_ref_fetch.pages.snapshot import Snapshot
from mcp_ref_fetch.settings import MIB, Settings
from mcp_ref_fetch.text.form import Form
from mcp_ref_fetch.web.agents import Agent
from mcp_ref_fetch.web.client import WebClient
from mcp_ref_fetch.web.freshness import max_age, may_store, retry_after
from mcp_ref_fetch.web.wanted import PAGE, Answer, Wanted
from mcp_ref_kit.network import WebUrl
from mcp_ref_kit.workers import Workers

Cached = Literal["miss", "hit", "revalidated"]

LONGEST_FRESH = 3600.0
_FIRST_ERROR = 400
_NOT_MODIFIED = 304
_LATER = frozenset({429, 503})


@dataclass(frozen=True)
class Question:
    """What a caller wants to read."""

    url: WebUrl
    agent: Agent
    caller: str
    form: Form = field(default_factory=Form)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    asks_robots: bool = True
    no_cache: bool = False

    @property
    def key(self) -> str:
        """The same for the same question of the same caller."""
        parts = (
            str(self.url),
            self.agent.header,
            self.caller,
            self.form,
            sorted(self.headers.items()),
            self.asks_robots,
        )
        return sha256(msgspec.json.encode(parts)).hexdigest()


class Pages:
    """Reads pages, each once for as long as its snapshot lives."""

    def __init__(
        self,
        settings: Settings,
        client: WebClient,
        cache: PageCache,
        workers: Workers,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._client = client
        self._cache = cache
        self._workers = workers
        self._now = now
        self._pdf = PdfReader()
        self._flights: Flights[tuple[Snapshot, Cached]] = Flights()

    async def read(self, question: Question) -> tuple[Snapshot, Cached]:
        """The snapshot that answers a question, and where it came from.

        Raises:
            NetworkFault, FetchFault: whatever is wrong.
        """
        self._client.check(self._target(question))
        kept = await self._cache.by_key(question.key)
        if kept is not None and self._may_answer(kept, question):
            self._client.check(WebUrl.parse(kept.final_url))  # on disk it may be older than the operator's lists
            return kept, "hit"
        async with self.within():
            return await self._flights.share(question.key, partial(self._asked_in_time, question, kept))

    async def go_on(self, question: Question, snapshot: str | None) -> Snapshot | None:
        """The snapshot that a question goes on with, without asking anyone; None where it has to be asked again.

        Raises:
            SnapshotExpired: it was named, and is gone or another's.
        """
        found = await self._cache.by_key(question.key)
        if snapshot is None:
            return found
        if found is None or found.id != snapshot:
            found = self._cache.by_id(snapshot, question.caller)
        if found is None or found.key != question.key:
            raise SnapshotExpired(
                "That snapshot is no longer kept, or is not of this URL and form.",
                hint="Call again without `snapshot` and with start_index=0.",
            )
        return found

    def stored(self, snapshot: str, caller: str) -> Snapshot | None:
        """A snapshot by its name."""
        return self._cache.by_id(snapshot, caller)

    @asynccontextmanager
    async def within(self) -> AsyncGenerator[float]:
        """The block's time is the operator's total; gives the deadline by the monotonic clock.

        Raises:
            TimedOut: it took longer.
        """
        total = self._settings.timeout_total
        try:
            async with asyncio.timeout(total):
                yield time.monotonic() + total
        except TimeoutError as error:
            raise TimedOut(
                f"The page took longer than {total:g} s in all.", hint="The limit is --timeout-total."
            ) from error

    async def body(self, answer: Answer, most: int | None = None) -> bytes:
        """The body of an answer within the operator's bounds; only its first bytes if `most` says so."""
        from mcp_ref_fetch.wire.body import Bounds, check_length, head, whole  # noqa: PLC0415  late, as all of the wire

        settings = self._settings
        bounds = Bounds(settings.max_bytes, settings.max_decoded_bytes, settings.max_ratio)
        encoding = answer.headers.get("content-encoding", "")
        if most is not None:
            return await head(answer.parts, encoding, bounds, most)
        check_length(answer.headers.get("content-length"), bounds)
        return await whole(answer.parts, encoding, bounds)

    async def refuse_errors(self, answer: Answer) -> None:
        """Do nothing for an answer that is no error.

        Raises:
            HttpStatus: with the first words of its text.
        """
        if answer.status < _FIRST_ERROR:
            return
        body = await self.body(answer, 64 * 1024)
        words = await self._workers.run(excerpt, body, answer.headers.get("content-type", ""))
        later = retry_after(answer.headers, self._now()) if answer.status in _LATER else None
        hint = None if later is None else f"It asks to be left alone for {later} s (retry_after={later})."
        raise HttpStatus(
            f"`{answer.url}` answered with status {answer.status}." + (f"\n{words}" if words else ""),
            hint=hint,
            retryable=answer.status in _LATER,
        )

    def _target(self, question: Question) -> WebUrl:
        return raw_form(question.url) if self._settings.rewrite else question.url

    def _may_answer(self, kept: Snapshot, question: Question) -> bool:
        """Whether a snapshot is an answer without asking its host."""
        if question.no_cache or self._settings.no_cache or not self._cache.is_fresh(kept):
            return False
        # Kept by a process that was told to ignore robots.txt.
        return kept.robots != "ignored" or self._settings.ignore_robots_txt or not question.asks_robots

    async def _asked_in_time(self, question: Question, kept: Snapshot | None) -> tuple[Snapshot, Cached]:
        async with self.within() as deadline:
            return await self._asked(question, kept, deadline)

    async def _asked(self, question: Question, kept: Snapshot | None, deadline: float) -> tuple[Snapshot, Cached]:
        conditions = {} if question.no_cache or kept is None or not kept.reusable else _conditions(kept)
        wanted = Wanted(
            url=self._target(question),
            agent=question.agent,
            deadline=deadline,
            accept=question.headers.get("accept", PAGE),
            headers={**question.headers, **conditions},
            asks_robots=question.asks_robots,
        )
        async with self._client.open(wanted) as answer:
            if answer.status == _NOT_MODIFIED:
                if kept is None or not conditions or answer.hops:
                    raise HttpStatus(f"`{answer.url}` says that nothing has changed, which it was not asked.")
                return await self._cache.renew(kept, self._fresh_until(answer)), "revalidated"
            await self.refuse_errors(answer)
            body = await self.body(answer)
        snapshot = await self._snapshot(question, answer, body, deadline)
        await self._cache.put(snapshot)
        return snapshot, "miss"

    async def _snapshot(self, question: Question, answer: Answer, body: bytes, deadline: float) -> Snapshot:
        content_type = answer.headers.get("content-type", "")
        source = Source(body, content_type, str(answer.url))
        rendered = await self._rendered(source, question.form, deadline)
        return Snapshot(
            id=secrets.token_urlsafe(16),
            key=question.key,
            caller=question.caller,
            url=str(question.url),
            final_url=str(answer.url),
            redirects=answer.hops,
            downgraded=answer.downgraded,
            status=answer.status,
            content_type=rendered.mime,
            charset=rendered.charset,
            title=rendered.title,
            description=rendered.description,
            language=rendered.language,
            published=rendered.published,
            content=rendered.content,
            truncated=rendered.truncated,
            image=rendered.image,
            etag=answer.headers.get("etag"),
            last_modified=answer.headers.get("last-modified"),
            fetched_at=datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            robots=answer.robots,
            bytes=len(body),
            fresh_until=self._fresh_until(answer),
            reusable=may_store(answer.headers) and not answer.is_personal,
        )

    async def _rendered(self, source: Source, form: Form, deadline: float) -> Rendered:
        if not is_pdf(source):
            return await self._workers.run(render, source, form, deadline)
        text, truncated = await self._pdf.read(source.body, form.pages, deadline)
        return of_pdf(text, truncated=truncated)

    def _fresh_until(self, answer: Answer) -> float:
        ttl = self._settings.cache_ttl
        return self._now() + min(max_age(answer.headers, ttl), max(LONGEST_FRESH, ttl))


def cache_bytes(settings: Settings) -> int:
    """How much is kept."""
    return settings.cache_mb * MIB


def _conditions(kept: Snapshot) -> dict[str, str]:
    """What asks the host whether a page is still the same; only where no redirect was in between."""
    if kept.redirects:
        return {}
    etag = {"if-none-match": kept.etag} if kept.etag else {}
    modified = {"if-modified-since": kept.last_modified} if kept.last_modified else {}
    return etag | modified

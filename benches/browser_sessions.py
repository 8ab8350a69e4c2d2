"""The rows about many sessions of the browser server: memory, clicks side by side, and what the guard costs a page."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benches.messages import call
from benches.pipes import deadline
from benches.processes import family
from benches.protocol_rows import piped
from benches.rounds import Row
from benches.sockets import Listening
from benches.subjects import OURS, Subject

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

FULL = Path("/usr/lib/chromium/chromium")
MANY, CLICKING, CLICKS = 10, 8, 10
LOADS = 20
_SETTLED_SECONDS = 2


def memory_of_one(chosen: list[Subject], url: str, rounds: int) -> Row:
    """The server, its driver and its browser with one page."""
    row = Row("browser: memory of one session (PSS)", "MiB")
    for _ in range(rounds):
        for subject in _with_full(chosen):
            with piped(subject) as server, deadline():
                server.ask(call(subject.era, "browser_navigate", url=f"{url}/form"))
                time.sleep(_SETTLED_SECONDS)
                row.add(subject.name, proportional_mib(server.pid))
    return row


def memory_of_ten(chosen: list[Subject], url: str, rounds: int) -> Row:
    """The browser's processes alone, with ten clients over HTTP."""
    row = Row("browser: browser memory of ten sessions over HTTP (PSS)", "MiB")
    for _ in range(min(rounds, 2)):
        for subject in _with_full(chosen):
            with _many(subject, MANY) as server:
                server.load(call(subject.era, "browser_navigate", url=f"{url}/form"), MANY)
                time.sleep(_SETTLED_SECONDS)
                row.add(subject.name, proportional_mib(server.pid, only="chromium"))
    return row


def clicks_at_once(chosen: list[Subject], url: str, rounds: int) -> Row:
    """Eight clients over HTTP, ten clicks each, all at once."""
    row = Row(f"browser: {CLICKING} sessions, {CLICKS} clicks each", "milliseconds on the clock")
    with ExitStack() as stack:
        live = [(subject, stack.enter_context(_many(subject, CLICKING))) for subject in chosen]
        for subject, server in live:
            server.load(call(subject.era, "browser_navigate", url=f"{url}/form"), CLICKING)
        for _ in range(rounds):
            for subject, server in live:
                clicking = call(subject.era, "browser_click", target="button", element="Idle")
                began = time.perf_counter()
                server.load(clicking, CLICKING * CLICKS)
                row.add(subject.name, (time.perf_counter() - began) * 1000)
    return row


def guarded(chosen: list[Subject], url: str, rounds: int) -> Row:
    """A page with its parts through the guard's proxy, and the same in the same browser without it."""
    row = Row("browser: page load, p50, without and with the guard", "milliseconds on the clock")
    for name, milliseconds in asyncio.run(_loads(url, rounds * LOADS)) if chosen else ():
        row.add(name, milliseconds)
    return row


def proportional_mib(pid: int, only: str = "") -> float:
    """Memory of the family, with what processes share divided among them; `only` those started from such a path."""
    kib = 0
    for member in family(pid):
        try:
            command = Path(f"/proc/{member}/cmdline").read_bytes().split(b"\0")[0]
            if only.encode() in command:
                kib += int(Path(f"/proc/{member}/smaps_rollup").read_text().split("\nPss:")[1].split()[0])
        except OSError:  # it has ended
            continue
    return kib / 1024


def _with_full(chosen: list[Subject]) -> list[Subject]:
    """The peer once more with the whole browser, which it asks for unless it is told otherwise."""
    peers = [subject for subject in chosen if subject.name != OURS and FULL.exists()]
    return [*chosen, *(_engine(peer, str(FULL)) for peer in peers)]


def _engine(subject: Subject, path: str) -> Subject:
    at = subject.command.index("--executable-path") + 1
    command = [*subject.command[:at], path, *subject.command[at + 1 :]]
    return replace(subject, name=f"{subject.name}, whole browser", command=command)


def _many(subject: Subject, clients: int) -> Listening:
    more = ["--transport", "http"] if subject.name == OURS else ["--allowed-hosts", "*"]
    return Listening([*subject.command, *more, "--port", "{port}"], subject.era, clients)


async def _loads(url: str, times: int) -> Iterator[tuple[str, float]]:
    from playwright.async_api import async_playwright  # noqa: PLC0415  the other rows need none of it

    from mcp_ref_browser.guard.proxy import GuardProxy  # noqa: PLC0415  as above
    from mcp_ref_browser.settings import Settings  # noqa: PLC0415  as above
    from mcp_ref_browser.setup.discover import executable  # noqa: PLC0415  as above
    from mcp_ref_browser.setup.preset import preset  # noqa: PLC0415  as above

    settings = Settings(allowed_origins=[url])
    guard = GuardProxy(preset(settings, None).policy(), _unheard)
    proxy: Any = {"server": f"http://127.0.0.1:{await guard.start()}", "bypass": "<-loopback>"}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(settings), chromium_sandbox=False)
        pages = {OURS: await _page(browser, proxy), f"{OURS}, without guard": await _page(browser, None)}
        found: dict[str, list[float]] = {name: [] for name in pages}
        for turn in range(times + 1):
            for name, page in pages.items():
                began = time.perf_counter()
                await page.goto(f"{url}/parts?{turn}", wait_until="load")
                found[name].append((time.perf_counter() - began) * 1000)
        await browser.close()
    guard.close()
    return iter([(name, statistics.median(values[1:])) for name, values in found.items()])


def _unheard(*_: object) -> None:
    """What the guard answered is of no interest here."""


async def _page(browser: "Browser", proxy: Any) -> "Page":
    context = await browser.new_context(proxy=proxy)
    return await context.new_page()

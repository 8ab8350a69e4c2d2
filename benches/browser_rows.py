"""The rows about the browser server: ours and @playwright/mcp over the same pages, with the same Chromium."""

import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which
from typing import Any

from benches.browser_sessions import clicks_at_once, guarded, memory_of_one, memory_of_ten
from benches.messages import call
from benches.pipes import Piped, deadline
from benches.protocol_rows import piped
from benches.rounds import Row
from benches.subjects import NODE_FOLDER, OURS, Subject

SCRIPT = Path(sys.executable).with_name("mcp-ref-browser")
PEER = "@playwright/mcp"
# A folder with the peer in its node_modules, for whoever has installed it elsewhere.
PEER_FOLDER = Path(os.environ.get("BENCH_PLAYWRIGHT_MCP", NODE_FOLDER))
FORM = "<title>Form</title>" + "".join(f"<label>Field {i} <input name=f{i}></label>" for i in range(10)) + (
    "<button type=button onclick=\"out.textContent = 'done'\">Idle</button><p role=status id=out></p>"
)  # fmt: skip
ROW = "<tr><td>Item {0}</td><td><button onclick=\"this.textContent='sold {0}'\">Buy {0}</button></td></tr>"
BIG = f"<title>Big</title><table>{''.join(map(ROW.format, range(1000)))}</table>"
# A page of twenty parts, each asked for anew.
PARTS = """<title>Parts</title><script>for (let i = 0; i < 20; i++) {
  document.write(`<img src=part?${i}&${Date.now()}>`) }</script>"""
PAGES = {"/form": FORM.encode(), "/big": BIG.encode(), "/parts": PARTS.encode()}
WALL = "milliseconds on the clock"
CLICKS = 5


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A page."""
        body = PAGES.get(self.path.partition("?")[0], b"")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the class it overrides
        """Nothing."""


@contextmanager
def site() -> Generator[str]:
    """The pages on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def subjects(url: str) -> list[Subject]:
    """Ours, and the peer if it is installed; nobody without a Chromium."""
    chromium = _chromium()
    if chromium is None:
        return []
    given = ["--executable-path", chromium, "--no-sandbox"]
    found = [Subject(OURS, [str(SCRIPT), *given, "--allowed-origins", url])]
    script = PEER_FOLDER / "node_modules" / PEER / "cli.js"
    node = which("node")
    if script.exists() and node:
        kept = Path(tempfile.gettempdir()) / "bench-playwright-mcp"
        found.append(Subject(PEER, [node, str(script), "--headless", "--isolated", "--output-dir", str(kept), *given]))
    return found


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for; `quick` takes one round."""
    with site() as url:
        chosen = subjects(url)
        for name in names:
            yield ROWS[name](chosen, url, 1 if quick else rounds)


def start(chosen: list[Subject], url: str, rounds: int) -> Row:
    """From nothing to the first page."""
    row = Row("browser: start to first navigate result", WALL)
    for turn in range(1 + rounds):
        for subject in chosen:
            with piped(subject) as server, deadline():
                server.ask(call(subject.era, "browser_navigate", url=f"{url}/form"))
                if turn:
                    row.add(subject.name, (time.perf_counter() - server.started) * 1000)
    return row


def click(chosen: list[Subject], url: str, rounds: int) -> Row:
    """A click by ref that changes one line."""
    row = Row("browser: click by ref, static page", WALL)

    def prepare(server: Piped, subject: Subject) -> str:
        return _ref(_opened(server, subject, f"{url}/form"), "Idle")

    def work(server: Piped, subject: Subject, ref: str) -> float:
        return _timed(lambda: server.ask(call(subject.era, "browser_click", target=ref, element="Idle")))

    return _steady(row, chosen, rounds * CLICKS, prepare, work)


def small(chosen: list[Subject], url: str, rounds: int) -> Row:
    """A snapshot of a small page."""
    return _snapshots(Row("browser: snapshot, small page", WALL), chosen, f"{url}/form", rounds * CLICKS)


def large(chosen: list[Subject], url: str, rounds: int) -> Row:
    """A snapshot of a thousand rows, all of it."""
    return _snapshots(Row("browser: snapshot, 1,000 rows", WALL), chosen, f"{url}/big", rounds)


def effect(chosen: list[Subject], url: str, rounds: int) -> Row:
    """What a model must read to learn what a click on a long page did."""
    row = Row("browser: characters after a click, 1,000 rows", "characters")

    def prepare(server: Piped, subject: Subject) -> str:
        _opened(server, subject, f"{url}/big")
        return _ref(server.ask(call(subject.era, "browser_find", text="Buy 500")), "Buy 500")

    def work(server: Piped, subject: Subject, ref: str) -> float:
        clicking = call(subject.era, "browser_click", target=ref, element="Buy")
        return _characters(server.ask(clicking)) + _characters(_seen(server, subject))

    return _steady(row, chosen, min(rounds, 1), prepare, work)


def form(chosen: list[Subject], url: str, rounds: int) -> Row:
    """What a model reads while it fills in ten fields one by one."""
    row = Row("browser: characters, ten fields typed", "characters")

    def prepare(server: Piped, subject: Subject) -> str:
        return _opened(server, subject, f"{url}/form").decode("utf-8", "replace")

    def work(server: Piped, subject: Subject, page: str) -> float:
        total = 0.0
        for number in range(10):
            ref = _ref(page.encode(), f"Field {number}")
            typing = call(subject.era, "browser_type", target=ref, element="field", text="some words")
            total += _characters(server.ask(typing)) + _characters(_seen(server, subject))
        return total

    return _steady(row, chosen, min(rounds, 1), prepare, work)


def _opened(server: Piped, subject: Subject, url: str) -> bytes:
    """The page as each tells it; the peer writes it to a file, and shows it only when it is asked."""
    first = server.ask(call(subject.era, "browser_navigate", url=url))
    return _seen(server, subject) or first


def _seen(server: Piped, subject: Subject) -> bytes:
    """What has to be asked for after an action to know its effect: nothing of ours."""
    return b"" if subject.name == OURS else server.ask(call(subject.era, "browser_snapshot"))


def _snapshots(row: Row, chosen: list[Subject], url: str, times: int) -> Row:
    def prepare(server: Piped, subject: Subject) -> str:
        server.ask(call(subject.era, "browser_navigate", url=url))
        return ""

    def work(server: Piped, subject: Subject, _: str) -> float:
        more = {"maxChars": 200_000} if subject.name == OURS else {}
        return _timed(lambda: server.ask(call(subject.era, "browser_snapshot", **more)))

    return _steady(row, chosen, times, prepare, work)


def _steady(
    row: Row,
    chosen: list[Subject],
    times: int,
    prepare: Callable[[Piped, Subject], str],
    work: Callable[[Piped, Subject, str], float],
) -> Row:
    """The same work by each in turn, in browsers that are warm."""
    with ExitStack() as stack, deadline(300):
        live = [(subject, stack.enter_context(piped(subject))) for subject in chosen]
        ready = [(subject, server, prepare(server, subject)) for subject, server in live]
        for _ in range(times):
            for subject, server, prepared in ready:
                row.add(subject.name, work(server, subject, prepared))
    return row


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _ref(result: bytes, name: str) -> str:
    found = re.search(rf'{re.escape(name)}\\" (?:\[\w+\] )?\[ref=(\w+)\]', result.decode("utf-8", "replace"))
    assert found, f"{name} is not on the page: {result[:500]!r}"
    return found[1]


def _characters(result: bytes) -> float:
    return sum(len(block.get("text", "")) for block in json.loads(result)["content"]) if result else 0


def _chromium() -> str | None:
    beside = Path("/usr/lib/chromium/chromium-headless-shell")
    return str(beside) if beside.exists() else which("chromium-headless-shell") or which("chromium")


ROWS = {
    "start-browser": start,
    "click": click,
    "snapshot": small,
    "snapshot-1000": large,
    "effect": effect,
    "form": form,
    "memory-browser": memory_of_one,
    "memory-10-sessions": memory_of_ten,
    "clicks-8-sessions": clicks_at_once,
    "guard": guarded,
}
NAMES = list(ROWS)

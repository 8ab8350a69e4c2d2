"""The rows about the fetch server: a large page as Markdown, its next part, its source; ours, the peer, the floor."""

import http.server
import shutil
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from benches.messages import call
from benches.pipes import Piped, deadline
from benches.processes import resident_mib
from benches.protocol_rows import piped, starts
from benches.rounds import Row, steady
from benches.subjects import OURS, Subject

CALL = "CPU microseconds a call"
SIZES = {"page": 1 << 20, "page-300k": 300_000, "raw": 1 << 20, "part": 1 << 20}
PARAGRAPH = (
    '<p>Some words of a <a href="/x/y">paragraph</a> that is <b>as long</b> as paragraphs are, with a comma or two,'
    " and goes on for a while until it ends.</p>\n"
)
HEAD = (
    "<!doctype html><html lang=en><head><title>A page</title></head>"
    "<body><nav><a href=/>Home</a></nav><article><h1>A page</h1>"
)
TITLES = {
    "page": "1 MB page to Markdown",
    "page-300k": "300 kB page to Markdown",
    "raw": "1 MB page, raw",
    "part": "1 MB page, the next part",
}
NAMES = [*TITLES, "start-fetch", "memory-fetch"]
OPTIONS = ["--allow-cidr", "127.0.0.1/32", "--allow-port", "any", "--rate", "1000000/s", "--ignore-robots-txt"]
PEER = "official server (Python)"


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for, over pages of this machine."""
    del quick
    with _site() as origin:
        for name in names:
            if name == "start-fetch":
                yield from starts(rounds, lambda: _subjects(origin, "page"), of="fetch")
            elif name == "memory-fetch":
                yield _memory(origin)
            else:
                yield _row(name, origin, rounds)


def _row(name: str, origin: str, rounds: int) -> Row:
    row = Row(f"fetch: {TITLES[name]}", CALL)

    def work(server: Piped, subject: Subject) -> int:
        assert subject.request
        with deadline():
            server.ask(subject.request)
        return 1

    steady(row, _subjects(origin, name), piped, work, rounds=rounds)
    if name.startswith("page"):
        for _ in range(rounds):
            row.add("floor: html.parser", _floor(_page(SIZES[name])) * 1e6)
    return row


def _memory(origin: str) -> Row:
    """Resident memory before the first page."""
    row = Row("fetch: memory at start", "MiB")
    for subject in _subjects(origin, "page"):
        with piped(subject) as server:
            row.add(subject.name, resident_mib(server.pid))
    return row


def _subjects(origin: str, name: str) -> list[Subject]:
    ours = [str(Path(sys.executable).with_name("mcp-ref-fetch")), *OPTIONS]
    found = [Subject(OURS, ours, request=call("2025", "fetch", **_arguments(origin, name, ours=True)))]
    official = shutil.which("mcp-server-fetch")
    if official is not None:
        command = [official, "--ignore-robots-txt", "--allow-private-ips"]
        found.append(Subject(PEER, command, request=call("2025", "fetch", **_arguments(origin, name, ours=False))))
    return found


def _arguments(origin: str, name: str, *, ours: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {"url": f"{origin}/{SIZES[name]}", "max_length": 5000}
    if name == "raw":
        arguments["raw"] = True
    if name == "part":
        return arguments | {"start_index": 5000}
    # What is measured is the reading; ours would answer the second call from what it keeps.
    return arguments | ({"no_cache": True} if ours else {})


def _page(size: int) -> str:
    return HEAD + PARAGRAPH * (size // len(PARAGRAPH)) + "</article></body></html>"


def _floor(page: str) -> float:
    before = time.process_time()
    HTMLParser().feed(page)
    return time.process_time() - before


@contextmanager
def _site() -> Generator[str]:
    """A web server in this process: the path says how long its page is."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a page."""
        size = self.path.strip("/")
        body = _page(int(size)).encode() if size.isdecimal() else b"User-agent: *\nAllow: /\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8" if size.isdecimal() else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the standard library's name
        """Say nothing."""

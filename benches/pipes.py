"""A load client for stdio: plain blocking reads and writes on the pipes of one server process."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Self

import msgspec

from benches.messages import INITIALIZED, Failed, Request, answer, opening

PATIENCE = 120


class Page(msgspec.Struct, rename="camel"):
    """The part of a list that leads to the next."""

    next_cursor: str | None = None


_decode_page = msgspec.json.Decoder(Page).decode


@contextmanager
def deadline(seconds: int = PATIENCE) -> Generator[None]:
    """A blocking read that takes longer raises TimeoutError."""

    def ring(*_: object) -> None:
        raise TimeoutError(f"no answer in {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


# Starts as a user has them: with the compiled modules of an earlier start.
UNCOMPILED = "PYTHONDONTWRITEBYTECODE"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != UNCOMPILED}


class Piped:
    """One started server."""

    def __init__(self, command: list[str], era: str, env: dict[str, str] | None = None) -> None:
        self.era = era
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env={**ENVIRONMENT, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self._rest = b""
        self._last_id = 0

    @property
    def pid(self) -> int:
        """The process that is measured."""
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            with deadline():
                self.ask(opening(self.era))
        except (Failed, OSError):
            self.__exit__()
            raise
        if self.era == "2025":
            self._write(INITIALIZED + b"\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()

    def ask(self, request: Request) -> bytes:
        """One request, nothing else in flight; the result."""
        self._last_id += 1
        self._write(request.numbered(self._last_id) + b"\n")
        while True:
            for line in self._lines():
                found = answer(line)
                if found.id == self._last_id and found.method is None:
                    return bytes(found.result)

    def one_at_a_time(self, request: Request, times: int) -> None:
        """Each request waits for the answer of the one before."""
        with deadline():
            for _ in range(times):
                self.ask(request)

    def every_page(self, page: Callable[[dict[str, str]], Request]) -> None:
        """A list to its end; `page` makes the request from its params."""
        params: dict[str, str] = {}
        with deadline():
            while cursor := _decode_page(self.ask(page(params))).next_cursor:
                params = {"cursor": cursor}

    def in_flight(self, request: Request, times: int, window: int) -> None:
        """Always `window` requests in flight, which together must fit into a pipe (64 KiB)."""
        sent = done = 0
        with deadline():
            while done < times:
                room = min(window - (sent - done), times - sent)
                if room:
                    first = self._last_id + 1
                    self._last_id += room
                    self._write(b"".join(request.numbered(first + n) + b"\n" for n in range(room)))
                    sent += room
                done += sum(answer(line).method is None for line in self._lines())

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._in.fileno(), view) :]

    def _lines(self) -> list[bytes]:
        """Every whole line that the next read brings, at least one."""
        pieces = [self._rest]
        while True:
            chunk = os.read(self._out.fileno(), 1 << 20)
            if not chunk:
                raise Failed(f"the server closed stdout (exit code {self._process.poll()})")
            whole, newline, rest = chunk.rpartition(b"\n")
            if newline:
                pieces.append(whole)
                self._rest = rest
                return [line for line in b"".join(pieces).split(b"\n") if line]
            pieces.append(chunk)

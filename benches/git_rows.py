"""The rows about the git server: ours, the official one, and the program itself, over the same history."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benches.messages import Failed, call
from benches.pipes import Piped, deadline
from benches.processes import cpu_seconds
from benches.protocol_rows import piped, starts
from benches.rounds import Row
from benches.subjects import OURS, ROOT, Subject

HISTORY = ROOT / ".cache" / "bench" / "history"
SCRIPT = Path(sys.executable).with_name("mcp-ref-git")
# A virtual environment of its own, if somebody has made one: the peer is no dependency.
OFFICIAL = ROOT / ".cache" / "bench-git" / "bin" / "mcp-server-git"
UNIT = "CPU milliseconds a call, programs included"
FILES = 200
# The last commits change much, so that their diff has 4 MB.
LARGE, LINES = 60, 1600
TICKS = os.sysconf("SC_CLK_TCK")
ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}


def prepare(commits: int) -> Path:
    """A history of that many commits over two hundred files; the same bytes every time."""
    place = HISTORY / str(commits)
    if not (place / "ready").exists():
        place.mkdir(parents=True, exist_ok=True)
        _git(place, "init", "--quiet", "--initial-branch=main", "repository")
        repository = place / "repository"
        _git(repository, "fast-import", "--quiet", stdin="".join(_stream(commits)).encode())
        _git(repository, "reset", "--quiet", "--hard", "main")
        (place / "ready").touch()
    return place / "repository"


@dataclass(frozen=True)
class Case:
    """One task: the tool, its arguments for both servers, those for ours alone, and the program's own command."""

    title: str
    tool: str
    arguments: dict[str, Any]
    floor: tuple[str, ...]
    ours: dict[str, Any] = field(default_factory=dict[str, Any])
    calls: int = 20


CASES = {
    "git-status": Case("status", "git_status", {}, ("status", "--porcelain=v2", "--branch")),
    "git-log": Case("log of 10", "git_log", {"max_count": 10}, ("log", "-10")),
    "git-log-1000": Case("log of 1,000", "git_log", {"max_count": 1000}, ("log", "-1000"), calls=5),
    "git-log-5000": Case("log of 5,000", "git_log", {"max_count": 5000}, ("log", "-5000"), calls=2),
    "git-diff": Case("diff of 50 commits", "git_diff", {"target": "HEAD~50"}, ("diff", "HEAD~50"), calls=3),
    "git-show": Case("show", "git_show", {"revision": "HEAD"}, ("show", "HEAD")),
}
NAMES = [*CASES, "start-git"]


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for, over a long history; `quick`: over a short one."""
    repository = prepare(300 if quick else 5000)
    for name in names:
        if name == "start-git":
            yield from starts(rounds, lambda: subjects(repository, CASES["git-status"]), of="git")
        else:
            yield _row(CASES[name], repository, rounds)


def subjects(repository: Path, case: Case) -> list[Subject]:
    """Ours, and the official server where it is installed."""
    found = [Subject(OURS, [str(SCRIPT), "--repository", str(repository), "--roots", "off"], env=ENVIRONMENT)]
    if OFFICIAL.exists():
        found.append(Subject("official server", [str(OFFICIAL), "--repository", str(repository)], env=ENVIRONMENT))
    both = {"repo_path": str(repository), **case.arguments}
    return [
        replace(subject, request=call(subject.era, case.tool, **both, **(case.ours if subject.name == OURS else {})))
        for subject in found
    ]


def _row(case: Case, repository: Path, rounds: int) -> Row:
    row = Row(f"git: {case.title}", UNIT)
    with ExitStack() as stack:
        live: list[tuple[Subject, Piped]] = []
        for subject in subjects(repository, case):
            try:
                server = stack.enter_context(piped(subject))
                _ask(server, subject, 1)
                live.append((subject, server))
            except (Failed, OSError) as error:
                row.missing[subject.name] = str(error)
        for _ in range(rounds):
            for subject, server in live:
                before = _spent(server.pid)
                _ask(server, subject, case.calls)
                row.add(subject.name, (_spent(server.pid) - before) / case.calls * 1000)
            row.add("the git program", _floor(repository, case))
    return row


def _ask(server: Piped, subject: Subject, times: int) -> None:
    assert subject.request
    with deadline():
        for _ in range(times):
            server.ask(subject.request)


def _spent(pid: int) -> float:
    """The server's own time, and that of the programs it has run and seen end."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return cpu_seconds(pid) + (int(fields[13]) + int(fields[14])) / TICKS


def _floor(repository: Path, case: Case) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(case.calls):
        _git(repository, *case.floor)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / case.calls * 1000


def _git(place: Path, *words: str, stdin: bytes | None = None) -> None:
    subprocess.run(["git", *words], cwd=place, env=ENVIRONMENT, input=stdin, stdout=subprocess.DEVNULL, check=True)


def _stream(commits: int) -> Iterator[str]:
    """What `git fast-import` reads."""
    for number in range(commits):
        large = number >= commits - LARGE
        path = f"part_{number % 10}/file_{number % FILES}.txt"
        text = "".join(f"line {line} of change {number}, as such lines are\n" for line in range(LINES if large else 20))
        message = f"Change {number}\n\nWhy it was made, in a sentence or two.\n"
        yield f"commit refs/heads/main\nmark :{number + 1}\n"
        yield f"committer Ada <ada@example.org> {1_600_000_000 + number * 60} +0000\ndata {len(message)}\n{message}"
        yield f"from :{number}\n" if number else ""
        yield f"M 100644 inline {path}\ndata {len(text)}\n{text}\n"

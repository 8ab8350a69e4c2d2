"""Run sets of the official conformance suite, and add up what it says. Nothing is expected to fail."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from scripts.node import Unavailable, install, node

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".cache" / "conformance"
FIXTURES = ROOT / "tests" / "conformance"
SUITE = PLACE / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
SERVER = Path(sys.executable).with_name("mcp-ref-everything")
CLIENT = [sys.executable, str(FIXTURES / "client.py")]

# The suite imports `globSync` from `fs`, which older ones lack.
NODE = 22
# A client scenario may wait for a token to expire; the suite's default is 30 seconds.
CLIENT_MS = "90000"
SECONDS = 900

# Tasks on disk: the same scenarios against a server that is started otherwise.
ON_DISK = "server-2026-07-28-on-disk"

# Which requirements each set runs. `--suite all` is the one with scenarios that no revision requires yet: skills.
SETS: dict[str, tuple[str, ...]] = {
    "server-2025-11-25": ("--requirements", "2025-11-25"),
    "server-2026-07-28": ("--requirements", "2026-07-28"),
    ON_DISK: ("--requirements", "2026-07-28"),
    "server-all": ("--suite", "all"),
    "client-2025-11-25": ("--requirements", "2025-11-25", "--timeout", CLIENT_MS),
    "client-2026-07-28": ("--requirements", "2026-07-28", "--timeout", CLIENT_MS),
}

_SCENARIO = re.compile(r"^[✓✗] (\S+): (\d+) passed, (\d+) failed(?:, (\d+) warnings)?$", re.MULTILINE)
_UNSCORED = re.compile(r"^  [✓✗] (\S+) \(.*\)$", re.MULTILINE)
_LISTENING = re.compile(r"listening on (http://\S+)")


class Tally(NamedTuple):
    """Scenarios that passed and that ran, checks that passed and that were made."""

    passed: int
    ran: int
    checks_passed: int
    checks: int

    def __str__(self) -> str:
        """As a line of the report has it."""
        return f"{self.passed:3}/{self.ran:<3} scenarios {self.checks_passed:4}/{self.checks:<4} checks"


class Outcome(NamedTuple):
    """What one set came to; a set whose suite ended with an error, or ran nothing, has not passed."""

    name: str
    scored: Tally
    unscored: Tally
    status: int

    @property
    def is_good(self) -> bool:
        """Whether everything that ran passed, scored or not."""
        whole = self.scored.passed == self.scored.ran and self.unscored.passed == self.unscored.ran
        return self.status == 0 and whole and self.scored.ran + self.unscored.ran > 0


def run_sets(names: Sequence[str]) -> list[Outcome]:
    """Run the sets one after the other, each against a server of its own.

    Raises:
        Unavailable: Node or the suite cannot be had.
    """
    prepare()
    return [_run(name) for name in names]


def prepare() -> None:
    """Get the suite.

    Raises:
        Unavailable: there is no Node that can run it, or npm cannot get it.
    """
    said = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout
    if int(said.removeprefix("v").partition(".")[0]) < NODE:
        raise Unavailable(f"The conformance suite needs Node {NODE}, and {node()} is {said.strip()}")
    install(FIXTURES / "package.json", PLACE)


def _run(name: str) -> Outcome:
    if name.startswith("client"):
        return _judged(name, ["--command", " ".join(CLIENT)])
    with TemporaryDirectory() as place, _server(["--tasks-dir", place] if name == ON_DISK else []) as url:
        return _judged(name, ["--url", url])


def _judged(name: str, target: list[str]) -> Outcome:
    role = name.partition("-")[0]
    results = PLACE / "results" / name
    shutil.rmtree(results, ignore_errors=True)
    command = [node(), str(SUITE), role, *target, *SETS[name], "-o", str(results)]
    print("+", *command[1:], file=sys.stderr, flush=True)
    # The suite's shebangs and children look for `node` on PATH.
    path = os.pathsep.join([str(Path(node()).parent), os.environ.get("PATH", os.defpath)])
    log = PLACE / f"{name}.log"
    with log.open("w") as out:
        done = subprocess.run(
            command, cwd=PLACE, stdout=out, stderr=out, check=False, timeout=SECONDS, env={**os.environ, "PATH": path}
        )
    return outcome(name, log.read_text(), done.returncode)


def outcome(name: str, told: str, status: int) -> Outcome:
    """Add up what the suite told."""
    rows = [(row[0], int(row[1]), int(row[2]) + int(row[3] or 0)) for row in _SCENARIO.findall(told)]
    apart = {row[0] for row in rows} if name.endswith("-all") else set(_UNSCORED.findall(told))
    scored = [row for row in rows if row[0] not in apart]
    return Outcome(name, _tally(scored), _tally([row for row in rows if row[0] in apart]), status)


def _tally(rows: list[tuple[str, int, int]]) -> Tally:
    good = sum(passed for _, passed, _ in rows)
    return Tally(sum(not bad for *_, bad in rows), len(rows), good, good + sum(bad for *_, bad in rows))


@contextmanager
def _server(options: list[str]) -> Generator[str, None, None]:
    command = [str(SERVER), "--transport", "http", "--port", "0", *options]
    # Its log is read no further than the address: a server whose log nobody reads goes on.
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            yield _url(server)
        finally:
            server.terminate()
            server.communicate()


def _url(server: subprocess.Popen[bytes]) -> str:
    said = ""
    for line in server.stderr or ():
        said += line.decode()
        if found := _LISTENING.search(said):
            return found[1]
    raise RuntimeError(f"The server did not start to listen: {said}")


def main(chosen: Sequence[str]) -> int:
    """Run the sets whose names begin with one of these words, or all, and print what came of them."""
    names = [name for name in SETS if not chosen or name.startswith(tuple(chosen))]
    if not names:
        print(f"There are these sets: {', '.join(SETS)}", file=sys.stderr)
        return 2
    try:
        outcomes = run_sets(names)
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return 1
    for one in outcomes:
        unscored = f"; not scored {one.unscored}" if one.unscored.ran else ""
        print(f"{'ok    ' if one.is_good else 'FAILED'} {one.name:25} {one.scored}{unscored}")
    for one in outcomes:
        if not one.is_good:
            print(f"See {PLACE / one.name}.log")
    return 0 if all(one.is_good for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The rows about the filesystem server: ours, the official one, and the floor, over the same tree."""

import json
import os
import re
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benches.messages import call
from benches.pipes import Piped, deadline
from benches.protocol_rows import piped, starts
from benches.rounds import Row, steady
from benches.subjects import OURS, ROOT, Subject, filesystem_servers

TREE = ROOT / ".cache" / "bench" / "tree"
IN_A_DIRECTORY = 100
TEN_MB = 10_000_000
CALL = "CPU microseconds a call"
MIB4 = 4 << 20
NEXT_PAGE = re.compile(rb'"nextOffset":(\d+)')
GENEROUS = (
    *("--history", "off", "--roots", "off", "--max-results", "100000"),
    *("--max-read-bytes", str(MIB4), "--max-output-chars", str(MIB4)),
)


def prepare(files: int) -> Path:
    """A tree of that many small files in directories of a hundred, and one file of 10 MB beside it."""
    root = TREE / str(files)
    if not (root / "ready").exists():
        for number in range(files):
            path = root / "many" / f"part_{number // IN_A_DIRECTORY}" / f"module_{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# module {number}\n" + "value = compute(first, second)\n" * 12)
        line = "all work and no play makes a dull file\n"
        (root / "large.txt").write_text(line * (TEN_MB // len(line)))
        (root / "ready").touch()
    return root


@dataclass(frozen=True)
class Case:
    """One task: the tool, the arguments both servers take, those that ours needs to give the same data, the floor."""

    title: str
    tool: str
    path: str
    arguments: dict[str, Any]
    ours: dict[str, Any]
    floor: tuple[str, Callable[[Path], float]]
    peer: bool = True
    calls: int = 1


def measure(names: list[str], rounds: int, *, quick: bool) -> Iterator[Row]:
    """The rows asked for, over a tree of many files; `quick`: of some."""
    root = prepare(500 if quick else 20_000)
    for name in names:
        if name == "start-filesystem":
            yield from starts(rounds, lambda: _asked(root, CASES["info"]), of="filesystem")
        else:
            yield _row(CASES[name], root, rounds)


def _row(case: Case, root: Path, rounds: int) -> Row:
    row = Row(f"filesystem: {case.title}", CALL)
    subjects = [subject for subject in _asked(root, case) if case.peer or subject.name == OURS]

    def work(server: Piped, subject: Subject) -> int:
        for _ in range(case.calls):
            _ask_to_the_end(server, subject)
        return case.calls

    steady(row, subjects, piped, work, rounds=rounds)
    name, floor = case.floor
    for _ in range(rounds):
        row.add(name, floor(root / case.path) * 1e6)
    return row


def _asked(root: Path, case: Case) -> list[Subject]:
    both = {"path": str(root / case.path), **case.arguments}
    return [
        replace(subject, request=call(subject.era, case.tool, **both, **(case.ours if subject.name == OURS else {})))
        for subject in filesystem_servers(root, *GENEROUS)
    ]


def _ask_to_the_end(server: Piped, subject: Subject) -> None:
    """One task, however many pages ours makes of it."""
    assert subject.request
    with deadline():
        result = server.ask(subject.request)
        while found := NEXT_PAGE.search(result[-4096:]):
            arguments = json.loads(subject.request.tail.partition(b'"arguments":')[2][:-2])
            result = server.ask(call(subject.era, "read_text_file", **{**arguments, "offset": int(found[1])}))


def _own_cpu(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _read(path: Path) -> float:
    return _own_cpu(lambda: json.dumps(path.read_text()))


def _stat(path: Path) -> float:
    return _own_cpu(lambda: json.dumps(path.stat()))


def _scan(path: Path) -> float:
    wanted = re.compile(r"module_.*77\.py").fullmatch

    def scan(folder: str) -> int:
        with os.scandir(folder) as entries:
            return sum(scan(entry.path) if entry.is_dir() else bool(wanted(entry.name)) for entry in entries)

    return _own_cpu(lambda: scan(str(path)))


def _tree(path: Path) -> float:
    def tree(folder: str) -> list[dict[str, Any]]:
        with os.scandir(folder) as entries:
            return [
                {"name": entry.name, **({"children": tree(entry.path)} if entry.is_dir() else {})} for entry in entries
            ]

    return _own_cpu(lambda: json.dumps(tree(str(path))))


def _grep(path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["grep", "-rnF", "module 77", path], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


LITERAL = {"pattern": "module 77", "mode": "literal"}
WHOLE = {"format": "json", "maxDepth": 10, "maxEntries": 100_000, "filesPerDirectory": 1000}
PYTHON = "floor in Python"
CASES = {
    "read": Case("read 10 MB", "read_text_file", "large.txt", {}, {"maxBytes": MIB4}, (PYTHON, _read)),
    "names": Case("search names", "search_files", "many", {"pattern": "**/module_*77.py"}, {}, (PYTHON, _scan)),
    "tree": Case("directory tree", "directory_tree", "many", {}, WHOLE, (PYTHON, _tree)),
    "content": Case("search content", "search_content", "many", LITERAL, {}, ("grep", _grep), peer=False),
    "info": Case("get_file_info", "get_file_info", "ready", {}, {}, (PYTHON, _stat), calls=100),
}
NAMES = [*CASES, "start-filesystem"]

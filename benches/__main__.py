"""Run the benches and say what came of them: a table for people, a JSON file for programs. No figure fails anything."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator

from benches import (
    browser_rows,
    fetch_rows,
    filesystem_rows,
    git_rows,
    postgres_rows,
    protocol_rows,
    redis_rows,
    sqlite_rows,
)
from benches.rounds import Row
from benches.subjects import OURS, ROOT, install_peers

SERVERS = (filesystem_rows, sqlite_rows, postgres_rows, git_rows, fetch_rows, redis_rows, browser_rows)
RESULTS = ROOT / ".cache" / "bench"


def main() -> None:
    """Measure what was asked for."""
    names = [*protocol_rows.STEADY, "start", *(name for room in SERVERS for name in room.NAMES)]
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="one short round: does it run?")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the full run (default 5); medians are printed")
    parser.add_argument("--peers", action="store_true", help="first install the TypeScript peers into .cache")
    options = parser.parse_args()
    wanted: list[str] = options.rows or names
    if unknown := set(wanted) - set(names):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    if options.peers:
        install_peers()
    rows: list[Row] = []
    for row in measure(wanted, rounds=1 if options.quick else options.rounds, quick=options.quick):
        show(row)
        rows.append(row)
    save(rows)


def measure(wanted: list[str], *, rounds: int, quick: bool) -> Iterator[Row]:
    """The rows in their order."""
    steady = protocol_rows.QUICK if quick else protocol_rows.STEADY
    yield from (steady[name](rounds) for name in wanted if name in steady)
    if "start" in wanted:
        yield from protocol_rows.starts(rounds)
    for room in SERVERS:
        if chosen := [name for name in wanted if name in room.NAMES]:
            yield from room.measure(chosen, rounds, quick=quick)


def show(row: Row) -> None:
    """One row as a small table; the last column compares with ours."""
    print(f"\n{row.title} ({row.unit}, median of {max(map(len, row.values.values()), default=0)})")
    medians = row.medians()
    ours = medians.get(OURS)
    for name, value in medians.items():
        ratio = f"{value / ours:8.2f}x" if ours and name != OURS else ""
        print(f"  {name:28}{value:14,.2f}{ratio}")
    for name, reason in row.missing.items():
        print(f"  {name:28}not measured: {reason}")
    sys.stdout.flush()


def save(rows: list[Row]) -> None:
    """Everything that was measured, round by round."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    figures = [{"row": row.title, "unit": row.unit, "values": row.values, "missing": row.missing} for row in rows]
    path.write_text(json.dumps({"machine": machine, "rows": figures}, indent=1))
    print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()

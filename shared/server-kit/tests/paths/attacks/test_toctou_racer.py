"""Processes swap links, directories and names under the jail while it reads, writes and renames.

mark3labs/mcp-filesystem-server #63, cyanheads/filesystem-mcp-server #15: resolve, check, then open by name.
MCP_RACE_SECONDS makes the races longer (60 before a release).
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from mcp_ref_kit.paths import PathError, Root
from tests.racers import RACE_SECONDS, racing

ENOUGH, LONGEST = 1000, 30 + RACE_SECONDS  # on a busy machine it takes longer to try as often
SECRET = b"the secret of the neighbour"
INSIDE = b"what is inside"


def arena(inside: Path, outside: Path) -> list[tuple[Path, Path]]:
    """What is swapped: a directory with a link out, a file with one, a link's target, and two levels of names."""
    for name in ("d", "inner", "m/deep", "n/deep"):
        (inside / name).mkdir(parents=True)
        (inside / name / "x").write_bytes(INSIDE)
    (inside / "d-out").symlink_to(outside)
    (inside / "f").write_bytes(INSIDE)
    (inside / "f-out").symlink_to(outside / "x")
    (inside / "l").symlink_to("inner")
    (inside / "l-out").symlink_to("../R-evil")
    (inside / "m/out").symlink_to("..")
    return [
        (inside / "d", inside / "d-out"),
        (inside / "f", inside / "f-out"),
        (inside / "l", inside / "l-out"),
        (inside / "m/deep", inside / "m/out"),
    ]


def test_toctou_racer(root: Root, inside: Path, outside: Path) -> None:
    """FS5: no byte of the outside read, nothing made there, whatever is swapped when."""
    outcomes: Counter[str] = Counter()
    moves = (read, list_names, create, replace, rename, make_and_remove, climb)
    with racing(*arena(inside, outside)):
        began = time.monotonic()
        while (passed := time.monotonic() - began) < RACE_SECONDS or (outcomes["done"] < ENOUGH and passed < LONGEST):
            for number, move in enumerate(moves * 20):
                outcomes[attempt(move, root, number)] += 1
    assert outcomes["done"] >= ENOUGH
    assert outcomes["OutsideRoot"] > ENOUGH / 20, "hardly any link out was met: this proves nothing"
    assert set(outcomes) <= {
        "done",
        "OutsideRoot",
        "NotFound",
        "NotADirectory",
        "NotAFile",
        "AlreadyExists",
        "TooManyLinks",
    }
    assert (outside / "x").read_bytes() == SECRET
    assert [path.name for path in outside.iterdir()] == ["x"]
    assert sorted(path.name for path in inside.parent.iterdir()) == ["R", "R-evil"]


def test_the_racers_catch_whoever_checks_and_then_opens_by_name(inside: Path, outside: Path) -> None:
    """What the jail is for: the same races against realpath, a comparison and open."""
    allowed = str(inside.resolve())
    with racing(*arena(inside, outside)):
        until = time.monotonic() + 30
        while time.monotonic() < until:
            for name in ("d/x", "f", "l/x"):
                with suppress(OSError):
                    path = os.path.realpath(inside / name)
                    if os.path.commonpath([path, allowed]) == allowed and Path(path).read_bytes() == SECRET:
                        return
    pytest.fail("in 30 s nothing leaked: these racers prove nothing")


def attempt(move: Callable[[Root, int], None], root: Root, number: int) -> str:
    try:
        move(root, number)
    except PathError as error:
        return type(error).__name__
    return "done"


def read(root: Root, number: int) -> None:
    path = ("d/x", "f", "l/x", "m/deep/x", "m/deep/../../f")[number % 5]
    with root.open(path) as file:
        assert file.read_at(0, 100) == INSIDE, path
    assert root.stat(path).stat.st_size in {len(INSIDE), 4096}


def list_names(root: Root, number: int) -> None:
    with root.open_directory(("d", "l", "m/deep")[number % 3]) as directory:
        with directory.scan() as entries:
            names = {entry.name for entry in entries}
        with directory.open("x") as file:
            assert file.read_at(0, 100) == INSIDE
    assert "R-evil" not in names


def create(root: Root, number: int) -> None:
    with root.parent(("d/new", "l/new", "m/deep/new")[number % 3], follow=True) as spot:
        spot.create().close()
        spot.unlink()


def replace(root: Root, number: int) -> None:
    """As an atomic write does: a temporary beside the target, then a rename over it."""
    with root.parent(("d/kept", "l/kept", "m/deep/kept")[number % 3], follow=True) as spot:
        temporary = spot.beside(f"{spot.name}.tmp")
        with temporary.create() as file:
            os.write(file.fd, INSIDE)
        temporary.rename(spot, replace=True)


def rename(root: Root, number: int) -> None:
    with root.parent("inner/a") as source, root.parent(("d/b", "l/b", "m/deep/b")[number % 3]) as target:
        with suppress(PathError):
            source.create().close()
        source.rename(target, replace=bool(number % 2))
        target.unlink()


def make_and_remove(root: Root, number: int) -> None:
    with root.parent(("d/made", "l/made", "m/deep/made")[number % 3]) as spot:
        spot.mkdir()
        spot.rmdir()


def climb(root: Root, number: int) -> None:
    """`m/out` leads to the root itself: from there one more `..` would be outside."""
    with root.open(("m/out/f", "m/out/../R-evil/x", "m/deep/../../../R-evil/x")[number % 3]) as file:
        assert file.read_at(0, 100) == INSIDE

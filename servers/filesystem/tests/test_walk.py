"""The walk: its order, its bounds, and that one walk goes on where another ended."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_ref_filesystem.change.atomic import TEMPORARY_PREFIX
from mcp_ref_filesystem.search import walk
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.walk import Cut, Position, Scope, Walk, names_of
from mcp_ref_kit.paths import Directory, PathError, show

Bench = Any
EVERYTHING = Globs(["**"])


def make(root: Path, paths: list[str]) -> None:
    for path in paths:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"x")


def visited(bench: Bench, want: Globs = EVERYTHING, after: Position | None = None, **scope: Any) -> list[str]:
    found: list[str] = []
    for visit in Walk(bench.at("."), Scope(**scope), want, after):
        found += [visit.folder.path + show(name) + "/" * visit.directory for name in visit.names]
    return found


def test_directories_come_first_each_with_what_is_in_it(bench: Bench) -> None:
    make(bench.path, ["b/y", "b/x/1", "a", "é/", "Z"])
    assert visited(bench) == ["b/", "b/x/", "b/x/1", "b/y", "é/", "Z", "a"]


def test_what_cannot_hold_a_match_is_not_opened(bench: Bench) -> None:
    make(bench.path, ["src/a.py", "src/deep/b.py", "docs/c.py"])
    found = Walk(bench.at("."), Scope(), Globs(["src/*.py"]))
    assert [name for visit in found for name in visit.names] == ["a.py"]
    assert found.visited == 4


def test_patterns_hidden_names_and_gitignore_leave_things_out(bench: Bench) -> None:
    make(bench.path, ["keep", ".hidden", ".dir/x", "node_modules/x", "build/x", "a.log", "gen/a", "gen/b"])
    (bench.path / ".gitignore").write_text("*.log\nbuild/\n")
    exclude = Globs(["node_modules", "gen/**"], floating=True)
    assert visited(bench, exclude=exclude, hidden=False, gitignore=True) == ["gen/", "keep"]


def test_links_are_named_and_never_followed(bench: Bench) -> None:
    make(bench.path, ["real/x"])
    (bench.path / "link").symlink_to("real")
    (bench.path / "loop").symlink_to(".")
    with bench.at(".").open_directory() as directory:
        names = names_of(directory, most=100)
    assert (names.directories, names.files) == (["real"], ["link", "loop"])
    assert [names.kind(name) for name in names.files] == ["symlink", "symlink"]
    assert visited(bench) == ["real/", "real/x", "link", "loop"]


def test_our_own_temporary_files_are_never_there(bench: Bench) -> None:
    make(bench.path, [f"{TEMPORARY_PREFIX}abc", f"{TEMPORARY_PREFIX}def", ".m", ".n", "a"])
    assert visited(bench) == [".m", ".n", "a"]


def test_what_a_rule_denies_is_known_and_counted(strict_bench: Bench) -> None:
    make(strict_bench.path, ["secret/x", "open/y"])
    found = Walk(strict_bench.at("."), Scope(), EVERYTHING)
    assert [name for visit in found for name in visit.names if found.allows(visit.folder, name)] == [
        "open",
        "y",
        "secret",
    ]
    assert found.denied == 1


def test_an_unreadable_directory_is_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    make(bench.path, ["a/x", "b/y"])
    original = Directory.open_directory

    def refuse(directory: Any, name: str) -> Any:
        if name == "a":
            raise PathError("a")
        return original(directory, name)

    monkeypatch.setattr(Directory, "open_directory", refuse)
    found = Walk(bench.at("."), Scope(), EVERYTHING)
    assert [name for visit in found for name in visit.names] == ["a", "b", "y"]
    assert found.unreadable == 1


def test_levels_are_bounded(bench: Bench) -> None:
    make(bench.path, ["a/b/c/d"])
    found = Walk(bench.at("."), Scope(max_depth=2), EVERYTHING)
    assert [name for visit in found for name in visit.names] == ["a", "b", "c"]
    assert found.unseen == 1


def test_a_directory_with_too_many_names_is_said_to_be_seen_in_part(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(bench.path, ["a", "b", "c"])
    monkeypatch.setattr(walk, "MOST_NAMES", 2)
    found = Walk(bench.at("."), Scope(), EVERYTHING)
    assert sum(len(visit.names) for visit in found) == 2
    assert found.unseen == 1


def test_enough_visited_ends_the_walk_where_another_goes_on(bench: Bench) -> None:
    make(bench.path, [f"d{number}/f{index}" for number in range(5) for index in range(3)])
    found: list[str] = []
    position: Position | None = None
    for _ in range(20):
        names, reason, position = some(bench, position)
        found += names
        if reason is None:
            break
        assert reason == "visited"
    assert found == [name.rstrip("/") for name in visited(bench)]


def some(bench: Bench, after: Position | None) -> tuple[list[str], str | None, Position | None]:
    walked = Walk(bench.at("."), Scope(max_visited=4), EVERYTHING, after)
    names: list[str] = []
    try:
        for visit in walked:
            names += [visit.folder.path + name for name in visit.names]
    except Cut as cut:
        return names, cut.reason, walked.position
    return names, None, None


def test_a_passed_deadline_ends_the_walk_but_not_before_something_new(bench: Bench) -> None:
    make(bench.path, ["a/x", "b/y"])
    step = Walk(bench.at("."), Scope(deadline=0), EVERYTHING)
    with pytest.raises(Cut, match="time"):
        list(step)
    assert step.position == Position("a", directory=True)


def test_names_that_are_not_utf8_can_be_gone_on_from(bench: Bench) -> None:
    for name in (b"a\xff", b"b\n", b"c"):
        Path(os.fsdecode(os.fsencode(bench.path) + b"/" + name)).touch()
    assert visited(bench) == ["a\\xff", "b\\x0a", "c"]
    assert visited(bench, after=Position("a\\xff")) == ["b\\x0a", "c"]


PATHS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join), min_size=1, max_size=12, unique=True
)


@given(paths=PATHS, at=st.integers(0, 20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_from_any_position_the_rest_follows(bench: Bench, paths: list[str], at: int) -> None:
    name = f"tree{sum(1 for _ in bench.path.iterdir())}"
    make(bench.path / name, [path for path in paths if not any(other.startswith(f"{path}/") for other in paths)])
    everything = visits(bench, name)
    at %= len(everything)
    path, directory = everything[at]
    assert visits(bench, name, Position(path, directory=directory)) == everything[at + 1 :]


def visits(bench: Bench, start: str, after: Position | None = None) -> list[tuple[str, bool]]:
    walked = Walk(bench.at(start), Scope(), EVERYTHING, after)
    return [(visit.folder.path + name, visit.directory) for visit in walked for name in visit.names]

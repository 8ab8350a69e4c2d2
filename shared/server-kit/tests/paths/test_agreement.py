"""openat2, the component walk, the kernel's own lookup and a model in memory agree on where every path leads."""

import errno
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_ref_kit.paths import JailPath, PathError, Root, open_root
from mcp_ref_kit.paths.kernel import RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, kernel

INSIDE, OUTSIDE = "<inside>", "<outside>"  # stand for the absolute paths of R and of its neighbour
MOST_LINKS = 40


@dataclass(frozen=True)
class Link:
    target: str


Node: TypeAlias = "Mapping[str, Node] | Link | bytes"
Answer = tuple[str, tuple[str, ...]] | str

names = st.sampled_from(["a", "b", "c"])
steps = st.sampled_from(["a", "b", "c", "..", "."])
relative = st.lists(steps, min_size=1, max_size=5).map("/".join)
targets = st.one_of(
    relative,
    relative.map(lambda path: f"{path}/"),
    relative.map(lambda path: f"{INSIDE}/{path}"),
    relative.map(lambda path: f"{OUTSIDE}/{path}"),
    st.sampled_from([INSIDE, OUTSIDE, "/", f"{INSIDE}-evil/x"]),
)
leaves: st.SearchStrategy[Node] = st.one_of(st.just(b"file"), targets.map(Link))
trees: st.SearchStrategy[Node] = st.recursive(
    leaves, lambda children: st.dictionaries(names, children, max_size=3), max_leaves=12
)
roots = st.dictionaries(names, trees, min_size=1, max_size=3)


class Model:
    """The same tree in memory, and the rules of the jail in a page."""

    def __init__(self, tree: Mapping[str, Node]) -> None:
        self.tree = tree
        self.links = 0

    def leads(self, path: Sequence[str], *, to_a_place: bool = False) -> Answer:
        """("file" | "directory", names), with `to_a_place` ("place", names), or the name of the error."""
        todo, at = list(path), list[str]()
        self.links = 0
        while todo:
            name = todo.pop(0)
            node = self.node(at).get(name)
            ended: Answer | None = None
            if name in {".", ".."}:
                ended = self.climbs(at) if name == ".." else None
            elif isinstance(node, Link):
                ended = self.follows(node, at, todo)
            elif to_a_place and not todo:
                ended = "place", (*at, name)
            else:
                ended = self.enters(node, name, at, last=not todo)
            if ended is not None:
                return ended
        if to_a_place:
            return ("place", tuple(at)) if at else "RootItself"
        return "directory", tuple(at)

    def climbs(self, at: list[str]) -> Answer | None:
        if not at:
            return "OutsideRoot"
        at.pop()
        return None

    def follows(self, link: Link, at: list[str], todo: list[str]) -> Answer | None:
        self.links += 1
        if self.links > MOST_LINKS:
            return "TooManyLinks"
        absolute, rest = _parsed(link.target)
        if absolute == OUTSIDE:
            return "OutsideRoot"
        if absolute:
            at.clear()
        todo[:0] = rest
        return None

    def enters(self, node: "Node | None", name: str, at: list[str], *, last: bool) -> Answer | None:
        if node is None:
            return "NotFound"
        if isinstance(node, bytes):
            return ("file", (*at, name)) if last else "NotADirectory"
        at.append(name)
        return None

    def node(self, at: Sequence[str]) -> Mapping[str, Node]:
        here = self.tree
        for name in at:
            below = here[name]
            assert isinstance(below, Mapping)
            here = below
        return here


def _parsed(target: str) -> tuple[str, list[str]]:
    if target == "/" or target.startswith((OUTSIDE, f"{INSIDE}-")):
        return OUTSIDE, []
    absolute = INSIDE if target.startswith(INSIDE) else ""
    parts = [part for part in target.removeprefix(INSIDE).split("/") if part not in {"", "."}]
    return absolute, [*parts, "."] if target.endswith(("/", "/.")) else parts


def build(here: Path, tree: Mapping[str, Node], top: Path) -> None:
    for name, node in tree.items():
        if isinstance(node, Mapping):
            (here / name).mkdir()
            build(here / name, node, top)
        elif isinstance(node, Link):
            target = node.target.replace(INSIDE, str(top)).replace(OUTSIDE, f"{top}-evil")
            (here / name).symlink_to(target)
        else:
            (here / name).write_bytes(node)


def outcome(root: Root, path: JailPath) -> Answer:
    """What opening as a file, then as a directory, comes to."""
    try:
        with root.open(path) as file:
            return "file", file.resolved.parts
    except PathError as error:
        if type(error).__name__ != "NotAFile":
            return type(error).__name__
    with root.open_directory(path) as directory:
        return "directory", directory.resolved.parts


def place(root: Root, path: JailPath) -> Answer:
    try:
        with root.parent(path, follow=True) as spot:
            return "place", spot.resolved.parts
    except PathError as error:
        return type(error).__name__


def seen(root: Root, path: JailPath) -> tuple[str, ...] | str:
    try:
        return root.stat(path).resolved.parts
    except PathError as error:
        return type(error).__name__


@settings(max_examples=300, deadline=None)
@given(tree=roots, paths=st.lists(st.lists(steps, min_size=1, max_size=6), min_size=1, max_size=12))
def test_all_ways_of_looking_agree(tree: Mapping[str, Node], paths: list[list[str]]) -> None:
    model = Model(tree)
    with tempfile.TemporaryDirectory() as made:
        top = Path(made).resolve() / "R"
        top.mkdir()
        build(top, tree, top)
        fast, slow = open_root(top), open_root(top, mechanism="walk")
        for parts in paths:
            path = JailPath.parse("/".join(parts))
            expected = model.leads(path.parts)
            assert outcome(fast, path) == outcome(slow, path) == expected
            placed = model.leads(path.parts, to_a_place=True)
            assert place(fast, path) == place(slow, path) == placed
            assert seen(fast, path) == seen(slow, path) == (expected[1] if isinstance(expected, tuple) else expected)
            _agrees_with_the_kernel(top, path, expected)
        fast.close()
        slow.close()


def _agrees_with_the_kernel(top: Path, path: JailPath, expected: Answer) -> None:
    """The kernel follows links itself here; it refuses every absolute one, also those that lead inside."""
    calls = kernel()
    if calls is None:
        return
    held = os.open(top, os.O_PATH)
    failed = 0
    try:
        fd = calls.open(held, "/".join(path.parts) or ".", os.O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        found = os.fstat(fd)
        os.close(fd)
    except OSError as error:
        found, failed = None, error.errno or 0
    finally:
        os.close(held)
    if isinstance(expected, tuple) and found is not None:
        assert os.path.samestat(found, top.joinpath(*expected[1]).lstat())
    elif failed != errno.EXDEV:  # outside, or an absolute link inside: the model knows which
        assert expected == _ERRORS[failed]


_ERRORS = {
    errno.ENOENT: "NotFound",
    errno.ENOTDIR: "NotADirectory",
    errno.ELOOP: "TooManyLinks",
}


@pytest.mark.parametrize("length", [39, 40, 41])
def test_a_chain_of_forty_links_is_the_longest(tmp_path: Path, length: int) -> None:
    (tmp_path / "l0").write_bytes(b"end")
    for number in range(1, length + 1):
        (tmp_path / f"l{number}").symlink_to(f"l{number - 1}")
    for mechanism in ("auto", "walk"):
        root = open_root(tmp_path, mechanism=mechanism)
        expected = ("file", ("l0",)) if length <= MOST_LINKS else "TooManyLinks"
        assert outcome(root, JailPath.parse(f"l{length}")) == expected
        root.close()

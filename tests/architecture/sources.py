"""The repository as the architecture tests see it: parsed Python files and the imports in them."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(
    path.parent for pattern in ("packages", "shared", "servers") for path in ROOT.glob(f"{pattern}/*/pyproject.toml")
)


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name, for a file under a `src` folder."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        inside = parts[parts.index("src") + 1 :]
        return ".".join(inside[:-1] if inside[-1] == "__init__" else inside)

    def at(self, line: int) -> str:
        """How a finding names its place."""
        return f"{self.path.relative_to(ROOT)}:{line}"


@dataclass(frozen=True)
class Import:
    """One imported module; `lazy` when a function does it, `typing` when only the type checker sees it."""

    target: str
    line: int
    lazy: bool
    typing: bool


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository that is there and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


@cache
def python_files() -> tuple[Source, ...]:
    """Every Python file of the repository, tests and scripts too."""
    found = tuple(_parse(path) for path in tracked() if path.suffix == ".py")
    gc.freeze()  # they stay: whatever test comes next, the collector need not look through millions of nodes again
    return found


@cache
def product() -> tuple[Source, ...]:
    """The Python files that are installed."""
    inside = tuple(member / "src" for member in MEMBERS)
    return tuple(source for source in python_files() if any(source.path.is_relative_to(src) for src in inside))


def _parse(path: Path) -> Source:
    text = path.read_text()
    return Source(path, text, ast.parse(text, str(path)))


def imports(source: Source) -> Iterator[Import]:
    """Each module that the file imports; `from a import b` is `a.b` if that is a module of ours, else `a`."""
    yield from _walk(source.tree, lazy=False, typing=False)


def _walk(node: ast.AST, *, lazy: bool, typing: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield from (Import(target, child.lineno, lazy, typing) for target in _targets(child))
        in_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for_types = isinstance(child, ast.If) and dotted(child.test).endswith("TYPE_CHECKING")
        yield from _walk(child, lazy=lazy or in_function, typing=typing or for_types)


def _targets(node: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    module = node.module or ""
    full = {f"{module}.{alias.name}" for alias in node.names}
    return {name if name in _modules() else module for name in full}


@cache
def _modules() -> frozenset[str]:
    return frozenset(
        ".".join(path.relative_to(member / "src").with_suffix("").parts).removesuffix(".__init__")
        for member in MEMBERS
        for path in (member / "src").rglob("*.py")
    )


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    """Each call with its dotted name as written: `os.system`, `group.create_task`, `print`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case _:
            return ""

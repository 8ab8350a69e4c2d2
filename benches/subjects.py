"""Who is measured: this project's servers, the floors, and the peers that are installed."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from benches.messages import Request
from scripts.node import install, node

ROOT = Path(__file__).parents[1]
SERVERS = ROOT / "benches" / "servers"
NODE_FOLDER = ROOT / ".cache" / "bench-node"
OURS = "ours"


@dataclass(frozen=True)
class Subject:
    """One server as it is started, and the era in which it is asked."""

    name: str
    command: list[str]
    era: str = "2025"
    env: dict[str, str] = field(default_factory=dict[str, str])
    request: Request | None = None


def install_peers() -> None:
    """Get the TypeScript peers; the Python ones are among the development dependencies."""
    install(ROOT / "benches" / "node" / "package.json", NODE_FOLDER)


def echo_servers(*, http: bool = False, tools: int = 1) -> list[Subject]:
    """The echo server in every implementation; ours in both eras, first, because the others are compared with it."""
    port = ["{port}"] if http else []
    ours = [sys.executable, str(SERVERS / "ours.py"), *(["--transport", "http", "--port", *port] if http else [])]
    floor = "floor_http.py" if http else "floor_stdio.py"
    env = {"BENCH_TOOLS": str(tools)}
    subjects = [
        Subject(OURS, ours, env=env),
        Subject("ours, 2026-07-28", ours, era="2026", env=env),
        Subject("floor in Python", [sys.executable, str(SERVERS / floor), *port]),
        Subject("Python SDK, low level", [sys.executable, str(SERVERS / "sdk_low.py"), *port], env=env),
        Subject("  the same, 2026-07-28", [sys.executable, str(SERVERS / "sdk_low.py"), *port], era="2026", env=env),
        Subject("Python SDK, high level", [sys.executable, str(SERVERS / "sdk_high.py"), *port], env=env),
    ]
    if tools > 1:
        subjects = [subject for subject in subjects if "floor" not in subject.name]
    return [*subjects, *(Subject("TypeScript SDK v1", [*_node("echo.mjs"), *port], env=env) for _ in _peers())]


def filesystem_servers(directory: Path, *options: str) -> list[Subject]:
    """Ours and the official filesystem server over one directory."""
    ours = [str(Path(sys.executable).with_name("mcp-ref-filesystem")), str(directory), *options]
    official = NODE_FOLDER / "node_modules" / "@modelcontextprotocol" / "server-filesystem" / "dist" / "index.js"
    peers = [Subject("official server (Node)", [node(), str(official), str(directory)]) for _ in _peers()]
    return [Subject(OURS, ours), *peers]


def _peers() -> list[Path]:
    """The folder of the TypeScript peers, if they are installed."""
    return [NODE_FOLDER] if (NODE_FOLDER / "node_modules").exists() else []


def _node(program: str) -> list[str]:
    # Node looks for packages beside the program.
    target = NODE_FOLDER / program
    target.write_bytes((ROOT / "benches" / "node" / program).read_bytes())
    return [node(), str(target)]

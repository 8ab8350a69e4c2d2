"""One directory that calls may reach, held open and opened again when it was missing or has been replaced. Blocking."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.paths import NotFound, PathError, Root

_log = logging.getLogger(__name__)


class Place:
    """A directory by its name; `source` says whether the operator named it, or the client inside the operator's.

    `path` is as it was named (absolute), `real` the same without links, so far as it existed then.
    """

    __slots__ = ("_held", "_lock", "_missed", "_open", "path", "read_only", "real", "source")

    def __init__(
        self,
        path: Path,
        real: Path,
        open_root: Callable[[], Root],
        *,
        read_only: bool,
        source: Literal["operator", "root"] = "operator",
    ) -> None:
        self.path = path
        self.real = real
        self.read_only = read_only
        self.source: Literal["operator", "root"] = source
        self._open = open_root
        self._held: Root | None = None
        self._missed = False
        self._lock = threading.Lock()

    def root(self) -> Root:
        """The directory's handle.

        What has been replaced by another real directory is opened anew; while its name is gone, or has become a
        link, the handle stays on the directory that was there before.

        Raises:
            NotFound: the directory was never there.
        """
        with self._lock:
            held = self._held
            if held is None or not held.is_current():
                held = self._held = self._reopened(held)
            return held

    def exists(self) -> bool:
        """Whether it is there now."""
        try:
            return self.root().is_current()
        except NotFound:
            return False

    def close(self) -> None:
        """Let the handle go; calls that still use it keep it open until they end."""
        with self._lock:
            self._held = None

    def _reopened(self, held: Root | None) -> Root:
        try:
            root = self._open()
        except (SettingsError, PathError) as error:
            if held is None:
                sentence = f"The allowed directory `{self.path}` cannot be opened at the moment."
                raise NotFound(str(self.path), sentence) from error
            if not self._missed:
                _log.warning("The directory %s is gone or no plain directory; the one held is still used.", self.path)
            self._missed = True
            return held
        if held is not None:
            _log.warning("The directory %s has been replaced; the new one is used from now on.", self.path)
        self._missed = False
        return root

"""The directory into which the browser writes downloads under names of its own; who waits claims a file of it."""

from pathlib import Path


class Landing:
    """One directory of one engine; each file belongs to the download that was newest when it appeared."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._claimed: set[str] = set()

    def newest(self) -> Path | None:
        """The newest file that nobody has claimed; it is claimed by this. Blocking."""
        try:
            fresh = [path for path in self.place.iterdir() if path.name not in self._claimed and path.is_file()]
            newest = max(fresh, key=lambda path: path.stat().st_mtime, default=None)
        except OSError:  # the engine has ended, or a file went while it was looked at
            return None
        if newest is not None:
            self._claimed.add(newest.name)
        return newest

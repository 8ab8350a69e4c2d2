"""What one call may reach, and where in it a caller's path is."""

from hashlib import sha256
from typing import Literal

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.access.rules import Parts, Rules
from mcp_ref_kit.paths import JailPath, OutsideRoot, PathError, printable
from mcp_ref_kit.paths.names import check_text, split

RootsMode = Literal["off", "narrow", "require"]


class Ambiguous(ToolError):
    """A relative path that exists in several directories."""

    def __init__(self, written: str, places: list[Place]) -> None:
        where = " and ".join(f"`{place.path}`" for place in places[:2])
        hint = "Use the absolute path of the one you mean."
        super().__init__(f"`{written}` exists in {where}.", code="ambiguous", hint=hint)


class Reach:
    """The directories of one call. `fingerprint` changes with them, for cursors.

    `roots` are the URIs that the client gave, `roots_mode` what they do.
    """

    def __init__(
        self,
        places: tuple[Place, ...],
        rules: Rules,
        *,
        roots_mode: RootsMode = "off",
        roots: tuple[str, ...] = (),
        allowed: tuple[Place, ...] = (),
    ) -> None:
        self.places = places
        self.rules = rules
        self.roots_mode: RootsMode = roots_mode
        self.roots = roots
        self._allowed = allowed
        names = "\0".join(str(place.real) for place in places)
        self.fingerprint = sha256(names.encode(errors="surrogateescape")).hexdigest()[:16]

    def locate(self, text: str, *, write: bool = False) -> Located:
        """Place a caller's path; `..` is taken away by the text, before any link is looked at.

        Blocking where `needs_disk` says so.

        Raises:
            OutsideRoot: in none of the directories.
            Ambiguous: a relative path that exists in two.
            InvalidPath: no path at all.
        """
        check_text(text, written=text)
        if not self.places:
            raise OutsideRoot(text, self._nothing(text))
        parts = _normal(split(text, written=text))
        if parts is None:
            raise OutsideRoot(printable(text))
        if text.startswith("/"):
            place, below = self._of_absolute(parts, text)
        else:
            place, below = self._of_relative(parts, text, write=write), parts
        return Located(place.root, JailPath(below, text), self.rules, write=write)

    def at(self, parts: Parts, written: str, *, write: bool = False) -> Located:
        """Place the names of an absolute path in the system's spelling, as the undo journal has them.

        Raises:
            OutsideRoot: in none of the directories.
        """
        place, below = self._of_absolute(parts, written)
        return Located(place.root, JailPath(below, written), self.rules, write=write)

    def needs_disk(self, text: str) -> bool:
        """Whether placing this path looks at the disk: a relative one, with several directories."""
        return len(self.places) > 1 and not text.startswith("/")

    def _of_absolute(self, parts: Parts, text: str) -> tuple[Place, Parts]:
        named = [(place, own) for place in self.places for own in _names(place) if parts[: len(own)] == own]
        if not named:
            raise OutsideRoot(text)
        place, own = max(named, key=lambda found: len(found[1]))
        below = parts[len(own) :]
        # Of directories inside each other the outermost holds the path, so that links between them work.
        real = place.real.parts[1:]
        for outer in self.places:
            start = outer.real.parts[1:]
            if len(start) < len(real) and real[: len(start)] == start:
                place, below, real = outer, (*real[len(start) :], *below), start
        return place, below

    def _of_relative(self, parts: Parts, text: str, *, write: bool) -> Place:
        if len(self.places) == 1:
            return self.places[0]
        path = JailPath(parts, text)
        there = [place for place in self.places if _has(place, path)]
        if len(there) > 1:
            raise Ambiguous(text, there)
        if there:
            return there[0]
        willing = [place for place in self.places if not (write and place.read_only)] or list(self.places)
        above = JailPath(parts[:-1], text)
        return next((place for place in willing if _has(place, above)), willing[0])

    def _nothing(self, text: str) -> str:
        if self.roots_mode == "require" and not self.roots:
            return f"`{text}` is not allowed: this server needs a client that names its roots, and yours named none."
        roots = _listed(self.roots) or "none"
        allowed = _listed(tuple(str(place.path) for place in self._allowed))
        return (
            f"`{text}` is not allowed: the client's roots ({roots}) and the allowed directories ({allowed}) are apart."
        )


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(printable(name) for name in names[:5])
    return f"{shown}, ..." if len(names) > 5 else shown  # noqa: PLR2004  five are enough to see which


def _names(place: Place) -> tuple[Parts, ...]:
    return place.path.parts[1:], place.real.parts[1:]


def _normal(parts: Parts) -> Parts | None:
    """The names without `..`; None if they lead above where they began."""
    if ".." not in parts:
        return parts
    names: list[str] = []
    for part in parts:
        if part != "..":
            names.append(part)
        elif names:
            names.pop()
        else:
            return None
    return tuple(names)


def _has(place: Place, path: JailPath) -> bool:
    try:
        place.root().lstat(path)
    except PathError:
        return False
    return True

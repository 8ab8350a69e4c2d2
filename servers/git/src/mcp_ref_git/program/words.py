"""What callers may say in a command line: each value enters through a type, and stands for itself alone. Pure.

A revision never gets into a command line at all: it is resolved to an object id first.
"""

import re

from msgspec import Struct

from mcp_ref_git.errors import BadArgument, BadRef, BadRevision
from mcp_ref_git.program.redaction import named
from mcp_ref_kit.paths import unshow

LONGEST_REVISION = 1024
LONGEST_PATH = 4096
LONGEST_PATTERN = 1024

_CONTROL = re.compile("[\x00-\x1f\x7f]")
_OBJECT_ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
# git-check-ref-format(1), for a name of one or more components without `refs/`.
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-./]|[./]$|^@$|^HEAD$")
_NO_PATTERN = re.compile(r"[\x00-\x20\x7f~^:\\]|\.\.|@\{|//|/$|^[-/]")
_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}")
# git's own delimiters of an identity, and what would begin a line of its own.
_NAME = re.compile(r"[^<>\x00-\x1f\x7f]*[^<>\x00-\x20\x7f.,:;\"'][^<>\x00-\x1f\x7f]*")
_EMAIL = re.compile(r"[^<>\s\x00-\x1f\x7f]+")


class Value(Struct, frozen=True):
    """A checked text of a caller, or of git itself."""

    text: str


class ObjectId(Value, frozen=True):
    """The full id of an object."""

    @classmethod
    def of(cls, text: str) -> "ObjectId":
        """Read what git printed, or what a caller gave as a full id.

        Raises:
            BadRevision: it is no full id.
        """
        if not _OBJECT_ID.fullmatch(text):
            raise BadRevision(f"`{named(text)}` is no full object id of 40 or 64 digits.")
        return cls(text)


class Rev(Value, frozen=True):
    """What names a commit, tag, tree or file; good for being resolved and for nothing else."""

    @classmethod
    def of(cls, text: str, argument: str = "revision") -> "Rev":
        """Read a caller's text.

        Raises:
            BadRevision: it is empty, or more than one revision, or could be taken for an option.
        """
        if not text or len(text) > LONGEST_REVISION:
            raise BadRevision(f"`{argument}` must name a revision, in at most {LONGEST_REVISION} characters.")
        if text[0] in "-^" or ".." in text or ":/" in text or " " in text or _CONTROL.search(text):
            sentence = f"`{named(text)}` is not the name of one revision."
            raise BadRevision(sentence, hint="Give a branch, a tag or a commit id.")
        return cls(text)


class Ref(Value, frozen=True):
    """The name of a branch or tag, without `refs/heads/` or `refs/tags/`."""

    @classmethod
    def of(cls, text: str) -> "Ref":
        """Read a caller's text.

        Raises:
            BadRef: git allows no such name, or it could be taken for an option.
        """
        if not text or len(text) > LONGEST_REVISION // 4 or _NO_REF.search(text):
            raise BadRef(f"`{named(text)}` cannot be the name of a branch or tag.")
        return cls(text)


class RefPattern(Value, frozen=True):
    """A glob over names of branches or tags."""

    @classmethod
    def of(cls, text: str) -> "RefPattern":
        """Read a caller's text.

        Raises:
            BadArgument: it could match no name.
        """
        if not text or len(text) > LONGEST_REVISION // 4 or _NO_PATTERN.search(text):
            raise BadArgument(f"`{named(text)}` is not a pattern for names of branches or tags.")
        return cls(text)


class RepoPath(Value, frozen=True):
    """A path relative to the top level, in the system's spelling; always literal, never a pattern."""

    @classmethod
    def of(cls, text: str) -> "RepoPath":
        r"""Read a caller's text; a name that listings show with `\xff` may be given in that form.

        Raises:
            BadArgument: it is empty, absolute, leads upwards or into `.git`, or holds a control character.
        """
        if not text or len(text) > LONGEST_PATH:
            raise BadArgument(f"A path has 1 to {LONGEST_PATH} characters; `.` is the whole repository.")
        if _CONTROL.search(text) or text.startswith("/"):
            kind = "absolute" if text.startswith("/") else "holding a control character"
            hint = "Paths are relative to the top level of the repository."
            raise BadArgument(f"`{named(text)}` is {kind}.", hint=hint)
        parts = [part for part in text.split("/") if part not in {"", "."}]
        if ".." in parts or any(part.casefold() == ".git" for part in parts):
            raise BadArgument(f"`{named(text)}` leads out of the files of the repository.")
        return cls("/".join(parts) or ".")

    @property
    def other(self) -> "RepoPath | None":
        """The odd name that this text may stand for in its escaped form."""
        parts = [unshow(part) for part in self.text.split("/")]
        if not any(parts):
            return None
        names = zip(self.text.split("/"), parts, strict=True)
        return RepoPath("/".join(written if odd is None else odd for written, odd in names))


class Literally(RepoPath, frozen=True):
    """A path that says of itself that it is no pattern, for a command that cannot be told so of all."""


class Pattern(Value, frozen=True):
    """A text to look for; always attached to its option, so that it is never one itself."""

    @classmethod
    def of(cls, text: str, argument: str) -> "Pattern":
        """Read a caller's text.

        Raises:
            BadArgument: it is empty, too long, or holds a control character other than a tab.
        """
        if not text or len(text) > LONGEST_PATTERN or _CONTROL.search(text.replace("\t", "")):
            raise BadArgument(f"`{argument}` must be one line of 1 to {LONGEST_PATTERN} characters.")
        return cls(text)


class RemoteName(Value, frozen=True):
    """The name of a configured remote."""

    @classmethod
    def of(cls, text: str) -> "RemoteName":
        """Read a caller's text.

        Raises:
            BadArgument: no remote can be called that.
        """
        if not _REMOTE.fullmatch(text) or ".." in text or text.endswith(("/", ".lock", ".")):
            raise BadArgument(f"`{named(text)}` cannot be the name of a remote.")
        return cls(text)


class Identity(Value, frozen=True):
    """An author as `Name <email>`."""

    @classmethod
    def of(cls, text: str) -> "Identity":
        """Read a caller's text.

        Raises:
            BadArgument: it is not of that form, or would say more than one identity.
        """
        name, opening, rest = text.partition("<")
        email, closing, after = rest.partition(">")
        if not (opening and closing) or after or not (_NAME.fullmatch(name) and _EMAIL.fullmatch(email)):
            raise BadArgument(f"`{named(text)}` is not of the form `Name <email>`.")
        return cls(f"{name.strip()} <{email}>")


class Place(Value, frozen=True):
    """An absolute path of the file system that has been judged already."""


class Url(Value, frozen=True):
    """The address of a remote that has been judged already."""


class Glued(Value, frozen=True):
    """Several checked values in one word, as `<id>:<path>` or `<start>,<end>`; made here and by `argv` alone."""

    @classmethod
    def lines(cls, start: int, end: int) -> "Glued":
        """Lines from one to another, as `-L` takes them."""
        return cls(f"{start},{end}")

    @classmethod
    def span(cls, start: int, end: int, path: RepoPath) -> "Glued":
        """Lines of a file whose history is followed."""
        return cls(f"{start},{end}:{path.text}")

    @classmethod
    def between(cls, old: ObjectId, new: ObjectId, *, common: bool) -> "Glued":
        """The commits of the second that the first has not; `common`: from where they parted."""
        return cls(f"{old.text}{'...' if common else '..'}{new.text}")

    @classmethod
    def leaving(cls, excluded: ObjectId) -> "Glued":
        """All commits that this one reaches are left out."""
        return cls(f"^{excluded.text}")

    @classmethod
    def refspec(cls, source: Value | None, target: Value) -> "Glued":
        """From where to where; nothing is pushed to delete."""
        return cls(f"{source.text if source else ''}:{target.text}")

    @classmethod
    def lease(cls, ref: Value, expected: ObjectId) -> "Glued":
        """That a ref is still where it was seen."""
        return cls(f"{ref.text}:{expected.text}")

    @classmethod
    def branch(cls, name: Ref) -> "Glued":
        """A branch by its whole name."""
        return cls(f"refs/heads/{name.text}")

    @classmethod
    def tag(cls, name: Ref) -> "Glued":
        """A tag by its whole name."""
        return cls(f"refs/tags/{name.text}")


Told = Value | int

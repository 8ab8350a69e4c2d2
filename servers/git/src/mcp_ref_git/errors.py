"""The server's own failures, as tool errors with their words."""

from mcp_protocol.errors import Refused, ToolError


class Denied(Refused):
    """A repository or path outside of what the operator allows; the same words whether or not it exists."""

    def __init__(self, what: str) -> None:
        hint = "Call git_repositories to see what is allowed."
        super().__init__(f"`{what}` is not in an allowed repository.", code="denied_outside_root", hint=hint)


class Unsafe(Refused):
    """A repository that reaches outside of what is allowed, or whose configuration cannot be made harmless."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence, code="unsafe_repository", hint=hint)


class Policy(Refused):
    """A rule of the operator, or of this server, forbids it."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence, code="denied_policy", hint=hint)


class NoRepository(ToolError):
    """There is no repository at that path."""

    def __init__(self, what: str) -> None:
        hint = "Call git_repositories to see those there are."
        super().__init__(f"`{what}` is not a Git repository.", code="not_a_repository", hint=hint)


class BadArgument(ToolError):
    """An argument that no repository could make sense of."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence, code="invalid_argument", hint=hint)


class BadRevision(ToolError):
    """A text that names no commit, tree or file of this repository."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence, code="bad_revision", hint=hint)


class BadRef(ToolError):
    """A text that cannot be, or is not, the name of a branch or tag."""

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence, code="bad_ref", hint=hint)

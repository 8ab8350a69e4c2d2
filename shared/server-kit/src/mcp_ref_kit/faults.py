"""Why a server could not start, in words for its operator. Pure."""

from typing import cast

from mcp_protocol.errors import McpError, SettingsError


def settings_error_in(error: BaseException) -> SettingsError | None:
    """The bad setting behind an error: itself, or inside a group from a lifespan's tasks."""
    if isinstance(error, SettingsError):
        return error
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return next(filter(None, map(settings_error_in, members)), None)
    return None


def in_words(error: BaseException) -> str:
    """One line: our own errors are sentences already, others are named by their kind."""
    found = settings_error_in(error)
    if found is not None:
        return str(found)
    if isinstance(error, McpError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it took too long"
    return f"{type(error).__name__}: {error}"

"""What the demo tells: one story a server, in this order."""

NAMES = ("filesystem", "sqlite", "postgres", "git", "fetch", "redis", "browser")

__all__ = ["NAMES"]

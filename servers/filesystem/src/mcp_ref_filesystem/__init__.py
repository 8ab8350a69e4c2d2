"""The filesystem server."""

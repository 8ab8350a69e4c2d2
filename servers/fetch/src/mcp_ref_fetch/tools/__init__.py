"""The tools, one module a group."""

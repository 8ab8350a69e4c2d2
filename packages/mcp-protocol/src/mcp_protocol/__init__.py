"""The Model Context Protocol for Python: one tool code path, five revisions, stdio and HTTP."""

"""Text as bytes hold it, and edits of it: pure functions."""

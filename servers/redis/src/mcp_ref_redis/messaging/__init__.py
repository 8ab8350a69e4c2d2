"""Streams and channels: what is read of them, and what waits for more."""

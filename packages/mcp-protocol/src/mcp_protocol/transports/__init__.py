"""The ways bytes come and go: pipes, memory, HTTP. The only rooms that touch streams and make tasks."""

"""Sessions of callers: their contexts, tabs, logs and artifacts."""

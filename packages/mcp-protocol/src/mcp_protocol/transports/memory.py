"""Two ends joined in one process: a client and a running server, for tests and embedding."""

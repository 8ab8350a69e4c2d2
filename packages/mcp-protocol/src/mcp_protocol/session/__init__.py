"""Protocol state without I/O: who is asking, in which revision, and what may come next."""

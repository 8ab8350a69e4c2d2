"""SQLite behind its gates: connections on threads of their own, readers that cannot write, one writer."""

"""Changes from outside: one native watcher for all who listen."""

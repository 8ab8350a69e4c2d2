"""The git program: how its command lines are built, what it may not do, and how it is run."""

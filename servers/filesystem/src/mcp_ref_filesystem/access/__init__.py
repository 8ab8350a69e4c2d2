"""Where a call may go: directories, roots, rules, and a path placed in one of them."""

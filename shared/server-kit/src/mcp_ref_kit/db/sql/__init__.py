"""What can be read from the text of a statement; never to decide alone."""

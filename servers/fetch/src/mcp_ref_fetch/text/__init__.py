"""From bytes to text: charsets, types, the tree of a page, Markdown."""

"""What is kept of a page: its snapshot, its chunks, its facts."""

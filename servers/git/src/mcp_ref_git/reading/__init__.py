"""What repositories are asked, and how the answers are read."""

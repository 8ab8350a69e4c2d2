"""What is shown of files and directories: blocking functions over handles."""

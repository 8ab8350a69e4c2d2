"""Zip and tar: members in bounded memory, unpacking whole or not at all, packing."""

"""Changing files so that names never show a mixture, and every step can be taken back."""

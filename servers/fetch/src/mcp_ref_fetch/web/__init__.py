"""Asking web servers: who asks, how often, what robots.txt says, redirects hop by hop."""

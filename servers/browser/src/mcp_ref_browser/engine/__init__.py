"""The driver and the browser process: launched when needed, watched, launched again."""

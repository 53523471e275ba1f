"""The gallery: a static site over experiments, made of files that a browser opens without a server."""

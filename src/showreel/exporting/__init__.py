"""Formats that other programs run, a file each.

Each file offers `write(network, path, trained)`, which writes a float32 network that takes any number of images, and
`opened(path)`, which returns a function that runs it in the format's own runtime: images uint8 (n, h', w', c) →
float32 (n, h, w, c) in [0, 1]. `trained` is the SHA-256 of the trained network's file; a format that has a place for it
keeps it, so that an export can be told from that of another training.
"""

"""Files that are whole or refused: HDF5 of our own, examples read from it, atomic writing."""

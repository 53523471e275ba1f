"""How networks are trained and run: batches, devices, checkpoints, network files."""

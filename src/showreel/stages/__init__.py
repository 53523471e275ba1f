"""The pipeline's steps: one file a stage, each a function from paths and plain values to files."""

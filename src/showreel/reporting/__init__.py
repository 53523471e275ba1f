"""What is said of experiments: their state, their scores, where their results are."""

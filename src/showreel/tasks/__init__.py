"""What is learnt from input to target: one folder a task.

`learning.py` holds the loss and the score that chooses the best epoch, `scores.py` the scores of the test set.
"""

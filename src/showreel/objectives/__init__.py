"""What is learnt from input to target: one folder an objective.

`learning.py` holds the loss and the score that chooses the best epoch, `scores.py` the scores of the test set, and
`frame.py` the drawing of one frame of the reel. They are apart so that a new drawing does not train anything again.
"""

"""How answers are scored and compared: scores, baselines and their tuning, paired statistics."""

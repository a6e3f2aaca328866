"""The student: a small encoder of our own, its heads, losses and training."""

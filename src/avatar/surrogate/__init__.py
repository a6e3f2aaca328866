"""Predicting the accuracy of students that were not trained, and knowing when that is not possible."""

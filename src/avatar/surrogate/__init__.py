"""Surrogates: predict the accuracy of students without a training, and measure whether that is possible."""

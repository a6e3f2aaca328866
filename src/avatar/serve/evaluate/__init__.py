"""Scores of a student on a file of labelled examples, without torch."""

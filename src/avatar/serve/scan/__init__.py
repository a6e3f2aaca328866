"""Clones and suspicious functions in a folder of source code. Scanned code is never executed."""

"""Clones and suspicious functions in a folder of source code. Nothing that is looked at is executed."""

"""The genes of a student, which combinations are legal, and their exact size and FLOPs."""

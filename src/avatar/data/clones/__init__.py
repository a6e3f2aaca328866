"""Makes clone pairs offline from any folder of Python code. The code is read but never executed."""

"""Clone pairs made offline from any folder of Python code; nothing that is read is ever executed."""

"""Source code as grammars see it: parsing, and rewriting that changes the text and keeps the meaning."""

"""Source code: parsing with grammars, and rewrites that change the text and keep the meaning."""

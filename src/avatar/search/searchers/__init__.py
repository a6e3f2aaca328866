"""The searchers, a module each; `search.result.SEARCHERS` lists them."""

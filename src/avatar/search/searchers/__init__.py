"""The searchers, one module each; `search.result.SEARCHERS` lists them."""

"""The page, and what a browser may do on it: nothing but ask this server."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


@cache
def page() -> str:
    """The page as HTML; style and script are inside."""
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The content security policy: the page's own style and script by their digests, requests to this server."""
    digests: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page()):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
        digests[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(digests['script'])}; style-src {' '.join(digests['style'])}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

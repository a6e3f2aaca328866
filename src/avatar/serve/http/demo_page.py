"""The demo page, and its security policy: it may only send requests to this server."""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


@cache
def page() -> str:
    """The page as HTML, with style and script inline."""
    return files(__package__).joinpath("page.html").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """The content security policy. It allows the page's style and script, by digest, and requests to this server."""
    digests: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page()):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
        digests[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(digests['script'])}; style-src {' '.join(digests['style'])}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

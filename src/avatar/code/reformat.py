"""Changes the layout of code and nothing else."""

from random import Random

from avatar.code.languages import LANGUAGES
from avatar.code.parsing import parse
from avatar.code.tree_layout import relayout


def reformat(code: str, language: str, random: Random) -> str:
    """`code` in another layout: indentation, line breaks, spaces, blank lines, comments; the tokens do not change.

    Comments may be removed or added (in Python all are removed). Code with syntax errors, or longer than
    `parsing.MAX_BYTES`, is returned unchanged. The same arguments give the same text.
    """
    parsed = parse(code, language)
    if parsed is None:
        return code
    rules = parsed.language.tree_layout
    if rules is None:
        return LANGUAGES.get(language).reformat(code, random)
    span = (parsed.before, len(parsed.source) - parsed.after)
    return relayout(parsed.root, parsed.source, span, parsed.language.comments, rules, random)

"""TypeScript with JSX: another grammar, in which `<T>value` is a tag."""

from dataclasses import replace

from avatar.code.languages import javascript
from avatar.code.languages.base import register, words
from avatar.code.languages.javascript import JAVASCRIPT
from avatar.code.languages.typescript import TYPESCRIPT

TSX = register(
    replace(
        TYPESCRIPT,
        name="tsx",
        title="TSX",
        suffixes=(".tsx",),
        editor_ids=("typescriptreact",),
        grammar="language_tsx",
        variables=TYPESCRIPT.variables + javascript.MARKUP,
        fallback=None,
        tree_layout=replace(JAVASCRIPT.tree_layout, whole=words("string template_string regex template_literal_type")),
    )
)

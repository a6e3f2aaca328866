"""TypeScript with JSX: another grammar, in which `<T>value` is a tag."""

from dataclasses import replace

from avatar.code.languages import javascript, typescript
from avatar.code.languages.base import register
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
        tree_layout=replace(javascript.LAYOUT, whole=typescript.LAYOUT.whole),
    )
)

"""Changed copies of a function in any language: with other names, more, fewer or other lines.

Copies by `edit` and `log` are clones of type 3: near copies, but not always of the same meaning or valid code.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence

from avatar.code.rewrite import harvest_names, rewrites
from avatar.code.text import REMOVED, TextRules, function_text

RULES = TextRules(REMOVED)
"""How the functions of n-gram students are normalised: comments do not count, and docstrings are removed."""
KINDS = ("rename", "reformat", "dead_code", "log", "edit", "several")
"""Kinds of copies. `several` has another layout of names, dead code, a log line and edited lines at once."""
LINES_PER_EDIT = 10
"""An edit changes one line in so many."""

_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_C_LOGS = ('printf("here %d\\n", {});', 'fprintf(stderr, "value\\n");', 'log_debug("step", {});', "assert({});")
_JAVASCRIPT_LOGS = ('console.log("here", {});', 'logger.debug("value", {});')
LOGS: Mapping[str, Sequence[str]] = {
    "c": _C_LOGS,
    "cpp": (*_C_LOGS, 'std::cout << "here " << {} << std::endl;', "LOG(INFO) << {};"),
    "csharp": ('Console.WriteLine("here " + {});', 'logger.LogDebug("value", {});'),
    "go": ('fmt.Println("here", {})', 'log.Printf("value %v", {})'),
    "java": ('System.out.println("here " + {});', 'LOG.debug("value {{}}", {});', "if ({} == null) return;"),
    "javascript": _JAVASCRIPT_LOGS,
    "kotlin": ('println("here")', 'logger.debug("value")'),
    "php": ('error_log("here");', 'echo "value";'),
    "python": ('print("here", {})', 'logger.debug("value %s", {})', "assert {} is not None"),
    "ruby": ('puts "here"', 'logger.debug("value")'),
    "rust": ('println!("here {{}}", {});', 'log::debug!("value {{:?}}", {});'),
    "tsx": _JAVASCRIPT_LOGS,
    "typescript": _JAVASCRIPT_LOGS,
}
"""Lines that people add to look at a program, with {} for a name. A language without an entry has no `log` copies."""


class NearClones:
    """Makes copies of functions in one language. `codes` are its functions: new names and lines come from them."""

    def __init__(self, language: str, codes: Sequence[str], names_from: int = 2_000) -> None:
        self._language, self._codes = language, codes
        self._rewrites = rewrites(language, harvest_names(list(codes[:names_from]), language))

    def __call__(self, code: str, seed: int) -> dict[str, str]:
        """The copies that differ from `code`, a text by `RULES`, by kind. Equal seeds give equal copies."""
        rng = random.Random(seed)
        copies = {}
        for kind in KINDS:
            copy = function_text(self._copy(kind, code, rng), RULES, self._language)
            if copy != code:
                copies[kind] = copy
        return copies

    def _copy(self, kind: str, code: str, rng: random.Random) -> str:
        changes: dict[str, Callable[[str], str]] = {
            "log": lambda text: self._logged(text, rng, rng.randint(1, 2)),
            "edit": lambda text: self._edited(text, rng),
            **{name: self._bound(name, rng) for name in ("rename", "reformat", "dead_code")},
        }
        for step in ("rename", "dead_code", "log", "edit") if kind == "several" else (kind,):
            code = changes[step](code)
        return code

    def _bound(self, name: str, rng: random.Random) -> Callable[[str], str]:
        return lambda text: self._rewrites[name](text, rng)

    def _logged(self, code: str, rng: random.Random, count: int) -> str:
        lines, names = code.rstrip("\n").split("\n"), _NAME.findall(code) or ["value"]
        for _ in range(count if len(lines) > 1 and self._language in LOGS else 0):
            row = rng.randrange(1, len(lines))
            margin = lines[row][: len(lines[row]) - len(lines[row].lstrip())]
            lines.insert(row, margin + rng.choice(LOGS[self._language]).format(rng.choice(names)))
        return "\n".join(lines) + "\n"

    def _edited(self, code: str, rng: random.Random) -> str:
        """Remove lines, or insert lines of another function."""
        lines = code.rstrip("\n").split("\n")
        others = [line for line in rng.choice(self._codes).split("\n")[1:-1] if len(line.strip()) > 5]
        for _ in range(max(1, len(lines) // LINES_PER_EDIT)):
            if len(lines) > 5 and (rng.random() < 0.5 or not others):
                del lines[rng.randrange(1, len(lines) - 1)]
            elif others and len(lines) > 1:
                lines.insert(rng.randrange(1, len(lines)), rng.choice(others))
        return "\n".join(lines) + "\n"

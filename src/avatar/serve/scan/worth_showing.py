"""Which findings of a scan are shown, and how much was left out."""

from collections.abc import Sequence

from avatar.serve.scan.clone_rules import CloneRules
from avatar.serve.scan.code_of_tests import is_test
from avatar.serve.scan.copied_parts import with_copied_parts
from avatar.serve.scan.findings import Finding, LeftOut, Location
from avatar.serve.scan.shared_code import LENGTH, Sources, with_shared_code

FOLDERS = 5
"""Most folders that are left out and named."""


def worth_showing(
    findings: Sequence[Finding],
    locations: Sequence[Location],
    rules: CloneRules,
    split_copies: bool,
    sources: Sources,
) -> tuple[list[Finding], list[LeftOut]]:
    """The groups that are not of tests only and have enough in common; copied files and classes are one finding each
    unless `split_copies`.

    `locations` are all functions that were compared; `sources` returns the text of their files. Also what was left out
    or joined. Suspicious functions are all shown.
    """
    if not rules.clones:
        return list(findings), []
    shown = [one for one in findings if rules.tests or not all(map(is_test, one.functions))]
    tests = len(findings) - len(shown)
    kept = [one for one in shown if one.exact or not rules.is_overload(one.functions)]
    overloads, shown = len(shown) - len(kept), kept
    if not split_copies:
        shown = with_copied_parts(shown, locations)
    copies, joined = sum(one.copies > 0 for one in shown), sum(one.copies for one in shown)
    shown, different = with_shared_code(shown, rules.least_runs, sources)
    what = f"groups shown as {copies} copied folders, files or classes"
    return shown, [
        LeftOut("groups of tests and examples only", tests, "--tests"),
        LeftOut("groups of short overloads of one function", overloads, "--simple, --min-words"),
        LeftOut(
            f"groups that have fewer than {rules.least_runs(exact=False)} different runs of {LENGTH} words in common "
            f"(exact copies: {rules.least_runs(exact=True)})",
            different,
            "--min-words",
        ),
        LeftOut(what, joined, "--split-copies"),
    ]


def left_out(
    rules: CloneRules, locations: Sequence[Location], lookalikes: int, folders: Sequence[str]
) -> list[LeftOut]:
    """What was left out before: of all `locations`, of the groups, and of the `folders`."""
    named = ", ".join([*folders[:FOLDERS], *(["..."] if len(folders) > FOLDERS else [])])
    return [
        LeftOut(
            f"folders of third-party code or build results ({named})", len(folders), "scan such a folder by its name"
        ),
        *rules.left_out(locations),
        LeftOut(
            "groups that differ in more than names: of straight code, of standard methods, or of functions with fewer "
            f"than {rules.min_words_near} words",
            lookalikes,
            "--simple, --min-words",
        ),
    ]

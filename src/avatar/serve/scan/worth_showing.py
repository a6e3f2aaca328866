"""Which findings of a scan are shown, and how much was left out."""

from collections.abc import Sequence

from avatar.serve.scan.clone_rules import CloneRules
from avatar.serve.scan.code_of_tests import is_test
from avatar.serve.scan.copied_parts import with_copied_parts
from avatar.serve.scan.findings import Finding, LeftOut, Location


def worth_showing(
    findings: Sequence[Finding], locations: Sequence[Location], rules: CloneRules, split_copies: bool
) -> tuple[list[Finding], list[LeftOut]]:
    """The groups that are not of tests only; copied files and classes are one finding each unless `split_copies`.

    `locations` are all functions that were compared. Also what was left out or joined.
    """
    shown = [one for one in findings if rules.tests or not all(map(is_test, one.functions))]
    tests = len(findings) - len(shown)
    if not split_copies and shown:
        shown = with_copied_parts(shown, locations)
    joined = sum(one.copies for one in shown)
    files = sum(one.copies > 0 for one in shown)
    return shown, [
        LeftOut("groups of tests only", tests, "--tests"),
        LeftOut(f"groups that are shown as {files} copied files or classes", joined, "--split-copies"),
    ]

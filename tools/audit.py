"""Look up the locked packages in a database of known vulnerabilities, with pip-audit: `make audit`.

    .venv/bin/python tools/audit.py [OPTIONS OF PIP-AUDIT]      # for example: --vulnerability-service osv

Exit status: 0 if every package was looked up and none has a known vulnerability, 1 if one has, 2 if the database could
not be asked about every package.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import install

SHOWN = 5


def report(dependencies: list[dict[str, Any]]) -> tuple[int, str]:
    """Exit status and text for the packages in pip-audit's answer."""
    skipped = [one for one in dependencies if "skip_reason" in one]
    wrong = [one for one in dependencies if one.get("vulns")]
    lines = [
        f"{one['name']} {one['version']}: {problem['id']}, fixed in {', '.join(problem['fix_versions']) or 'none'}"
        for one in wrong
        for problem in one["vulns"]
    ]
    if skipped:
        names = ", ".join(one["name"] for one in skipped[:SHOWN]) + (", ..." if len(skipped) > SHOWN else "")
        lines.append(
            f"{len(skipped)} of {len(dependencies)} packages were not looked up: {names}\n"
            f"  reason: {skipped[0]['skip_reason']}\n"
            "  hint: the database is asked at pypi.org; a mirror of the index does not have it. Run this on a machine "
            "that reaches pypi.org"
        )
    checked = len(dependencies) - len(skipped)
    lines.append(f"{checked} packages looked up, {len(wrong)} with known vulnerabilities")
    return (1 if wrong else 2 if skipped or not dependencies else 0), "\n".join(lines)


def main() -> int:
    """Ask about the packages of all lock files, and print what is known."""
    locks = [option for path in (install.RUN, install.CUDA, install.DEV) for option in ("--requirement", str(path))]
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run([*command, "--format", "json", *locks, *sys.argv[1:]], capture_output=True, text=True)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        print(
            f"pip-audit could not ask the database of vulnerabilities: {last[:500]}\n"
            "  hint: it needs a network connection to pypi.org (or to api.osv.dev with --vulnerability-service osv)",
            file=sys.stderr,
        )
        return 2
    status, text = report(dependencies)
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())

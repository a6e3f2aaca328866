"""Install the locked packages and Avatar into the environment of this Python. The Makefile uses it.

    .venv/bin/python tools/install.py run          # what Avatar needs to run
    .venv/bin/python tools/install.py run dev      # also what tests and linters need

With the environment variable `TORCH_FROM=FOLDER_OR_PAGE` torch is installed only from there: a folder with PyTorch's
CPU wheel, or the page that lists PyTorch's CPU wheels. Without it pip chooses; on Linux that is usually a CUDA build.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, CUDA, DEV = (ROOT / f"requirements{part}.lock" for part in ("", "-cuda", "-dev"))
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
LOCKED = ["install", "--no-deps", "--require-hashes", "--no-build-isolation", "--use-pep517"]
LARGE_MB = 50


def packages(lock: Path) -> list[str]:
    """The entries of a lock file: each is a requirement with its hashes."""
    return [block for block in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text()) if not block.startswith("#")]


def needs_cuda() -> bool:
    """Whether the installed torch needs CUDA libraries. This is read from its metadata; the version may not show it."""
    requirements = metadata.requires("torch") or []
    return sys.platform == "linux" and any(re.match(r"(nvidia|cuda)-", line) for line in requirements)


def torch_source(torch: list[str]) -> str | None:
    """The source of torch instead of the index: TORCH_FROM, or the find-links of pip if torch is there.

    Without this, pip prefers the index, because an index publishes hashes and a folder does not.
    """
    if source := os.environ.get("TORCH_FROM"):
        return source
    settings = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True).stdout
    links = re.findall(r"^\S*\.?find-links='(.*)'$", settings, re.MULTILINE)
    pin = torch[0].split(" ")[0]
    dry_run = [*PIP, "install", "--dry-run", "--quiet", "--no-index", "--no-deps", "--ignore-installed", pin]
    if links and not subprocess.run(dry_run, capture_output=True).returncode:
        return " ".join(dict.fromkeys(links))
    return None


def install(title: str, entries: list[str], *options: str) -> None:
    """Install `entries` without their dependencies, and check their hashes."""
    print(f"{title}: {len(entries)} packages", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text("\n".join(entries))
        _pip([*LOCKED, *options, "-r", str(path)], len(entries))


def _pip(arguments: list[str], count: int = 0) -> None:
    process = subprocess.Popen(
        [*PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    assert process.stdout
    last: deque[str] = deque(maxlen=15)
    collected = 0
    for line in process.stdout:
        last.append(line)
        collected += line.startswith(("Collecting ", "Requirement already satisfied: "))
        if line.startswith("Collecting ") and collected % 25 == 0:
            print(f"  {collected} of {count}", flush=True)
        if (size := re.search(r"Downloading .*?([^/ ]+) \(([\d.]+) MB\)", line)) and float(size[2]) >= LARGE_MB:
            print(f"  downloading {size[1]}, {float(size[2]):.0f} MB", flush=True)
        if line.startswith("Installing collected packages"):
            print("  all packages collected; installing", flush=True)
    if process.wait():
        _give_up(last)


def _give_up(last: "deque[str]") -> None:
    text = "".join(last)
    if "DO NOT MATCH THE HASHES" in text and "torch" in text:
        text += (
            "\npip found a build of torch whose hash is not in requirements.lock.\n"
            "Set TORCH_FROM=FOLDER_OR_PAGE to a source of PyTorch's own wheels,\n"
            "or unset PIP_FIND_LINKS and PIP_EXTRA_INDEX_URL to use the default index.\n"
        )
    sys.exit(
        f"{text}\nThe environment is not complete. Correct the error that pip reports above, "
        "then run the same command again."
    )


def run_part() -> None:
    """Install the packages that Avatar needs to run, and Avatar itself from this folder."""
    entries = packages(RUN)
    install("Build tools", [entry for entry in entries if entry.startswith("setuptools==")])
    if source := torch_source([entry for entry in entries if entry.startswith("torch==")]):
        os.environ["PIP_FIND_LINKS"] = source  # an option would be added to the configured sources, not replace them
        install(f"torch from {source}", [entry for entry in entries if entry.startswith("torch==")], "--no-index")
    install("Packages to run Avatar", entries)
    if needs_cuda():
        install("CUDA libraries for this build of torch (about 3 GB)", packages(CUDA))
    print("Avatar", flush=True)
    _pip(["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])


def dev_part() -> None:
    """Install the additional packages for tests and linters."""
    install("Packages for tests and linters", packages(DEV))


PARTS = {"run": run_part, "dev": dev_part}


def main() -> None:
    """Install the parts named on the command line, and check that no dependency is missing."""
    names = sys.argv[1:] or ["run"]
    if unknown := set(names) - set(PARTS):
        sys.exit(f"tools/install.py: {', '.join(sorted(unknown))} is not a part; available: {', '.join(PARTS)}")
    for name in names:
        PARTS[name]()
    if (check := subprocess.run([*PIP, "check"], capture_output=True, text=True)).returncode:
        sys.exit(
            f"{check.stdout}\nThe installed packages conflict. Delete the environment and make it again: "
            f"rm -r {sys.prefix}"
        )
    print(f"Installed: Python {sys.version.split()[0]}, torch {metadata.version('torch')}, {sys.prefix}", flush=True)


if __name__ == "__main__":
    main()

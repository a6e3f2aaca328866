"""Install the locked packages and Avatar into the environment of the Python that runs this; used by the Makefile.

    .venv/bin/python tools/install.py run          # what Avatar runs on
    .venv/bin/python tools/install.py run dev      # what tests and linters need as well

`TORCH_FROM=FOLDER_OR_PAGE` takes torch from there and nowhere else: a folder with PyTorch's CPU wheel, or the page
that lists PyTorch's CPU wheels. Without it torch comes from where pip finds it, on Linux usually a CUDA build.
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
    """The entries of a lock: a requirement and its hashes each."""
    return [block for block in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text()) if not block.startswith("#")]


def needs_cuda() -> bool:
    """Whether the installed torch asks for CUDA libraries; its metadata says so, its version need not."""
    wanted = metadata.requires("torch") or []
    return sys.platform == "linux" and any(re.match(r"(nvidia|cuda)-", line) for line in wanted)


def torch_source(torch: list[str]) -> str | None:
    """Where torch is taken from instead of the index: TORCH_FROM, or pip's own find-links where they have it.

    Left to itself pip prefers the index, since it publishes hashes and a folder does not.
    """
    if source := os.environ.get("TORCH_FROM"):
        return source
    settings = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True).stdout
    links = re.findall(r"^\S*\.?find-links='(.*)'$", settings, re.MULTILINE)
    pin = torch[0].split(" ")[0]
    offered = [*PIP, "install", "--dry-run", "--quiet", "--no-index", "--no-deps", "--ignore-installed", pin]
    if links and not subprocess.run(offered, capture_output=True).returncode:
        return " ".join(dict.fromkeys(links))
    return None


def install(title: str, entries: list[str], *options: str) -> None:
    """Install `entries` and nothing else, each against its hashes."""
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
            print("  all collected; installing them", flush=True)
    if process.wait():
        _give_up(last)


def _give_up(last: "deque[str]") -> None:
    text = "".join(last)
    if "DO NOT MATCH THE HASHES" in text and "torch" in text:
        text += "\npip found a build of torch that requirements.lock does not know. TORCH_FROM=FOLDER_OR_PAGE names"
        text += (
            "\nwhere PyTorch's own wheels are; unset PIP_FIND_LINKS and PIP_EXTRA_INDEX_URL to take the usual one.\n"
        )
    sys.exit(f"{text}\nThe environment is not complete. Mend what pip says above, and run the same command again.")


def run_part() -> None:
    """What Avatar runs on, and Avatar itself from this folder."""
    entries = packages(RUN)
    install("What builds packages", [entry for entry in entries if entry.startswith("setuptools==")])
    if source := torch_source([entry for entry in entries if entry.startswith("torch==")]):
        os.environ["PIP_FIND_LINKS"] = source  # pip would add an option to its configured places
        install(f"torch from {source}", [entry for entry in entries if entry.startswith("torch==")], "--no-index")
    install("What Avatar runs on", entries)
    if needs_cuda():
        install("The CUDA libraries of this build of torch (about 3 GB)", packages(CUDA))
    print("Avatar itself", flush=True)
    _pip(["install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])


def dev_part() -> None:
    """What tests and linters need beside that."""
    install("What tests and linters need", packages(DEV))


PARTS = {"run": run_part, "dev": dev_part}


def main() -> None:
    """Install the parts that the command line names, and check that no package misses another."""
    names = sys.argv[1:] or ["run"]
    if unknown := set(names) - set(PARTS):
        sys.exit(f"tools/install.py: {', '.join(sorted(unknown))} is none of the parts {', '.join(PARTS)}")
    for name in names:
        PARTS[name]()
    if (check := subprocess.run([*PIP, "check"], capture_output=True, text=True)).returncode:
        sys.exit(f"{check.stdout}\nPackages do not fit together. Make the environment anew: rm -r {sys.prefix}")
    print(f"Complete: Python {sys.version.split()[0]}, torch {metadata.version('torch')}, {sys.prefix}", flush=True)


if __name__ == "__main__":
    main()

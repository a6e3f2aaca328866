"""Write the software bill of materials (CycloneDX 1.6, JSON) of the locked packages that Avatar runs with.

    .venv/bin/python tools/sbom.py dist/avatar-code.cdx.json

It lists the packages of requirements.lock and requirements-cuda.lock with their hashes. `scope` is "required" for what
`pip install avatar-code` installs, else "optional": the extras for servers and training. Which package needs which is
read from the packages that are installed here. The same locks and packages give the same file.
"""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import install
import lock

Bom = dict[str, Any]
ROOT_REF = "root-component"


def written(locks: list[str]) -> Bom:
    """The bill of materials that cyclonedx-py makes of the lock files' texts."""
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "requirements",
        "--pyproject",
        str(install.ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(
        [*command, "--output-reproducible", "--sv", "1.6", "--of", "JSON", "-"],
        input="\n".join(locks),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit("cyclonedx-py failed; `make dev` installs it")
    return json.loads(done.stdout)


def needs(names: set[str]) -> dict[str, set[str]]:
    """For each of `names` that is installed here, those of `names` that it needs."""
    known = {}
    for name in names:
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        wanted = {lock.normal(re.split(r"[\[ <>=!~;(]", line)[0]) for line in lines if "extra ==" not in line}
        known[name] = wanted & names - {name}
    return known


def completed(bom: Bom, direct: set[str], base: set[str], known: dict[str, set[str]]) -> Bom:
    """`bom` with the scope of each package, and with the packages that each one needs.

    `direct` are the packages that Avatar needs with its extras, `base` those that it needs without them.
    """
    ref = {lock.normal(one["name"]): one["bom-ref"] for one in bom["components"]}
    required, waiting = set(), base & ref.keys()
    while waiting:
        required |= waiting
        waiting = {name for one in waiting for name in known.get(one, ())} - required
    for one in bom["components"]:
        del one["description"]  # the line of the lock, with all hashes
        one["scope"] = "required" if lock.normal(one["name"]) in required else "optional"
    graph = {ROOT_REF: direct & ref.keys()} | {ref[name]: wanted for name, wanted in known.items() if name in ref}
    bom["dependencies"] = [
        {"ref": one, "dependsOn": sorted(ref[name] for name in wanted)} if wanted else {"ref": one}
        for one, wanted in sorted(graph.items())
    ]
    return bom


def main() -> None:
    """Write the file named on the command line."""
    path = Path(sys.argv[1])
    bom = written([file.read_text(encoding="utf-8") for file in (install.RUN, install.CUDA)])
    project = (install.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = {lock.normal(one["name"]) for one in bom["components"]}
    completed(bom, lock.direct(project, lock.RUN_EXTRAS), lock.direct(project, ()), needs(names))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bom, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(names)} packages")


if __name__ == "__main__":
    main()

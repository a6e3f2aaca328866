"""Programs that people use to find copied code: jscpd from npm, and `sim` from Debian's similarity-tester.

They get functions as files, and report pairs of files with the parts that both share. The score of a reported pair is
the share of a function that is in the other one, the smaller of the two; a pair that is not reported has the score 0.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.cores import allowed_cores
from avatar.common.errors import AvatarError
from avatar.common.logging import progress

ENDINGS = {
    "c": "c",
    "cpp": "cpp",
    "csharp": "cs",
    "go": "go",
    "java": "java",
    "javascript": "js",
    "kotlin": "kt",
    "php": "php",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "tsx": "tsx",
    "typescript": "ts",
}
"""The ending of a file by language."""
BEFORE = {"php": "<?php\n"}
"""What a file needs before its first function."""
SIM = {"c": "sim_c", "cpp": "sim_c++", "java": "sim_java"}
"""The program of `sim` for a language. For the others there is only sim_text, which compares words."""
LEAST_SCORE = 1e-3
"""Score of a pair that is reported, but of which no part has a length."""

Report = dict[tuple[int, int], float]
"""Scores of the reported pairs of functions, the smaller index first."""

_PERCENT = re.compile(r"(\d+)\.\w+ consists for (\d+) % of .*?(\d+)\.\w+ material")


@dataclass(frozen=True)
class Detector:
    """A program with its settings. `reads` gives the report on a folder of functions; `languages` are those it knows.

    `command` is its command line on a folder. Of a `scored` one, the share that is covered is also used as a score.
    """

    title: str
    languages: Sequence[str]
    command: Callable[[Path, str], list[str]]
    reads: Callable[[Path, str, Mapping[int, int]], Report]
    scored: bool = False

    def report(self, codes: Mapping[int, str], language: str) -> Report:
        """The reported pairs of functions in one run."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            lines = write_functions(folder / "functions", codes, language)
            _run(self.command(folder, language))
            return self.reads(folder, language, lines)

    def pair_scores(
        self, codes: Sequence[str], pairs: tuple[NDArray[np.int64], NDArray[np.int64]], language: str
    ) -> NDArray[np.float32]:
        """The score of each pair, each in a run of its own: a detector then loses no pair to a third function."""
        both = list(zip(pairs[0].tolist(), pairs[1].tolist(), strict=True))

        def score(pair: tuple[int, int]) -> float:
            report = self.report({row: codes[one] for row, one in enumerate(pair)}, language)
            return report.get((0, 1), 0.0)

        with ThreadPoolExecutor(allowed_cores()) as pool:
            scores = list(progress(pool.map(score, both), f"{self.title}, pairs in {language}", len(both)))
        return np.asarray(scores, dtype=np.float32)


def write_functions(folder: Path, codes: Mapping[int, str], language: str) -> dict[int, int]:
    """Write each function into a file of its own; returns the number of lines of each file."""
    folder.mkdir(parents=True)
    lines = {}
    for row, code in codes.items():
        text = BEFORE.get(language, "") + code
        (folder / f"{row}.{ENDINGS[language]}").write_text(text, encoding="utf-8")
        lines[row] = max(1, text.count("\n"))
    return lines


def installed_detectors(jscpd: Path | None) -> tuple[list[Detector], list[str]]:
    """The detectors of this machine, and a line for each that is not installed."""
    detectors, missing = [], []
    program = native_jscpd(jscpd or (Path(found) if (found := shutil.which("jscpd")) else None))
    if program is None:
        missing.append("jscpd is not installed, so its rows are missing: npm install jscpd@5, then --jscpd FILE.")
    else:
        detectors += [_jscpd(program, title, *settings) for title, settings in JSCPD.items()]
    if any(shutil.which(name) is None for name in SIM.values()):
        missing.append("sim is not installed, so its rows are missing: apt-get install similarity-tester.")
    else:
        detectors += [_sim(*settings) for settings in SIM_RUNS]
    return detectors, missing


def native_jscpd(program: Path | None) -> Path | None:
    """The program itself, without the script that starts it by Node (which takes longer than to compare a pair)."""
    if program is None:
        return None
    if not program.exists():
        raise AvatarError(f"--jscpd {program}: there is no such file", "give the file node_modules/.bin/jscpd")
    modules = program.resolve().parent.parent
    return next(iter(sorted(modules.glob("jscpd-*/bin/jscpd"))), program)


def version(program: str, option: str = "--version") -> str:
    """The first line that a program prints about itself."""
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().partition("\n")[0]


JSCPD = {
    "jscpd, plain": ((), False),
    "jscpd, best settings": (
        ("--mode", "weak", "--min-tokens", "20", "--min-lines", "3", "--ignore-identifiers", "--max-gap-lines", "5"),
        True,
    ),
}
"""Titles and settings of jscpd."""
SIM_RUNS = (("sim, plain", 24, False), ("sim, runs of 12 tokens", 12, True))
"""Titles of sim, and the tokens of the shortest run; 24 is its default."""


def _jscpd(program: Path, title: str, settings: Sequence[str], scored: bool) -> Detector:
    def command(folder: Path, language: str) -> list[str]:
        fixed = ["--no-gitignore", "--silent", "--no-tips", "--reporters", "json", "--output", str(folder / "report")]
        return [str(program), str(folder / "functions"), *fixed, *settings]

    return Detector(title, tuple(ENDINGS), command, _read_jscpd, scored)


def _read_jscpd(folder: Path, language: str, lines: Mapping[int, int]) -> Report:
    duplicates = json.loads((folder / "report" / "jscpd-report.json").read_text(encoding="utf-8"))["duplicates"]
    covered: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for found in duplicates:
        sides = [(int(Path(found[side]["name"]).stem), found[side]) for side in ("firstFile", "secondFile")]
        first, second = sorted(row for row, _ in sides)
        if first != second:
            for row, side in sides:
                covered[first, second][row].update(range(side["start"], side["end"] + 1))
    return {
        pair: max(LEAST_SCORE, min(1.0, *(len(rows) / lines[row] for row, rows in sides.items())))
        for pair, sides in covered.items()
    }


def _sim(title: str, run: int, scored: bool) -> Detector:
    def command(folder: Path, language: str) -> list[str]:
        names = folder / "names"
        files = sorted((folder / "functions").iterdir())
        names.write_text("".join(f"{file}\n" for file in files), encoding="utf-8")
        options = f'-e -a -p -s -T -r {run} -o "{folder}/report"'
        return ["sh", "-c", f'{SIM[language]} {options} -i < "{names}"']

    return Detector(title, tuple(SIM), command, _read_sim, scored)


def _read_sim(folder: Path, language: str, lines: Mapping[int, int]) -> Report:
    shares: dict[tuple[int, int], list[float]] = defaultdict(list)
    for match in _PERCENT.finditer((folder / "report").read_text(encoding="utf-8")):
        one, percent, other = (int(text) for text in match.groups())
        shares[min(one, other), max(one, other)].append(percent / 100)
    return {pair: max(LEAST_SCORE, min(values)) for pair, values in shares.items() if pair[0] != pair[1]}


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AvatarError(
            f"{command[0]} ended with the status {done.returncode}: {done.stderr.strip()[-300:]}", "run it by hand"
        )

"""How many clones a student finds, beside cheap similarities and the programs that people use: one table.

    python benchmarks/clones.py --corpus FOLDER [--bundle FOLDER] [--jscpd FILE] [--only java python] [--functions N]

`--corpus` is the folder that tools/corpus.py wrote; its test split has projects that no training saw. For each language
and kind of clone, the table shows the share that is found, at the same share of false positives for all: one of 10,000
random pairs of functions in different projects, and one of 100 pairs of different functions of one file. Detectors only
say which files they report; their share of false positives stands beside. With $AVATAR_DATA, BigCloneBench and the
programs of `solutions` are measured too. Writes benchmarks/results/clones.md. Run by `make bench-clones`.
"""

import argparse
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from clone_cost import detector_cost, method_cost
from clone_data import ALL_KINDS, CloneSet, read_clone_sets
from clone_detectors import JSCPD, SIM_RUNS, Detector, installed_detectors
from clone_methods import METHODS, Encode
from clone_public import LANGUAGES, bigclonebench, solutions
from clone_recall import OURS, RATES, Result, Sizes, ahead_of, detector_results, mean_results, method_results

from avatar.bundle import MANIFEST, read_bundle
from avatar.common.cores import described_cores
from avatar.common.errors import AvatarError
from avatar.common.hashing import file_digest
from avatar.common.logging import format_seconds, get_logger
from avatar.serve.default_student import FOLDER

RESULTS = Path(__file__).resolve().parent / "results"
COST_LANGUAGE = "java"
log = get_logger("benchmark")


def main() -> int:
    """Measure, print the report and write it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=FOLDER, help="default: the student installed with avatar")
    parser.add_argument("--jscpd", type=Path, help="the file node_modules/.bin/jscpd (default: the one on the path)")
    parser.add_argument("--only", nargs="+", default=[], metavar="LANGUAGE")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument(
        "--slow-in", nargs="+", default=["java", "python"], help="languages for slow methods (default: java python)"
    )
    parser.add_argument("--functions", type=int, default=600, help="of each language (default: %(default)s)")
    parser.add_argument("--public", type=int, help="most pairs and programs of the public sets (default: all)")
    parser.add_argument("--no-detectors", action="store_true")
    parser.add_argument("--to", type=Path, default=RESULTS / "clones.md", help="default: %(default)s")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    try:
        options.to.parent.mkdir(parents=True, exist_ok=True)
        with options.to.open("w", encoding="utf-8") as file:
            for number, section in enumerate(report(options)):
                text = "\n" * bool(number) + section
                print(text, flush=True)
                print(text, file=file, flush=True)
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


def report(options: argparse.Namespace) -> Iterator[str]:
    """The sections of the report as markdown, each when it is measured."""
    start = time.perf_counter()
    megabytes = read_bundle(options.bundle).size_bytes / 1e6
    detectors, notes = ([], ["Detectors were not run."]) if options.no_detectors else installed_detectors(options.jscpd)
    for note in notes:
        log.warning(note)
    methods = {name: METHODS[name].load(options.bundle) for name in options.methods}
    sets, missing = read_clone_sets(options.corpus, options.functions, options.only)
    results: list[Result] = []
    for number, one in enumerate(sets):
        begun = time.perf_counter()
        mine = method_results(one, methods, Sizes(), options.slow_in) + detector_results(one, detectors, Sizes())
        results += mine
        left = (time.perf_counter() - begun) * (len(sets) - number - 1)
        log.info("%s: done; about %s left for other languages", one.language, format_seconds(left))
    yield "# Clones that are found"
    yield (
        f"Student {file_digest(options.bundle / MANIFEST)[:16]} (the digest of its manifest), {megabytes:.2f} MB. "
        f"Machine: {platform.machine()}, {described_cores()}."
    )
    yield from _recall_sections(results)
    yield WHY
    yield "\n".join(["## Data", "", *_data_notes(sets), *(f"- {note}" for note in [*missing, *notes])])
    yield _costs(options, sets, detectors)
    yield from _public_sections(methods, options.public)
    yield f"Measured in {format_seconds(time.perf_counter() - start)}."


def _recall_sections(results: Sequence[Result]) -> list[str]:
    sections = []
    for name, rate in RATES.items():
        rows = [one for one in [*mean_results(results), *results] if one.rate == name]
        cells = [
            [
                one.language,
                one.title + (", as reported" if one.as_reported else ""),
                *(_percent(one.recall[kind]) for kind in ALL_KINDS),
                f"{100 * one.false_positives:.3f}",
                _behind(one, rows),
            ]
            for one in rows
        ]
        header = ["language", "method", *ALL_KINDS, "false positives", "who finds more"]
        sections.append(f"## Found at false positives in {rate.title}, in %\n\n{_table(header, cells)}")
    return sections


def _behind(one: Result, rows: Sequence[Result]) -> str:
    """In a row of ours: the kinds of which another method finds more, that method, and its share."""
    if not one.title.startswith(OURS):
        return ""
    more = ahead_of(one, rows)
    return "; ".join(f"{kind}: {title} {100 * share:.1f}" for kind, (title, share) in more.items()) or "nobody"


WHY = """## Why another method finds more in some rows

- **TF-IDF and token overlap** keep every token or n-gram of every function; the student keeps 532 numbers of a
  function. After an edit, or from one release to the next, names and most lines stay, and counting what is equal is
  the best that can be done. They lose where names change (`rename`, `several`), most of all among functions of one
  file, and where clones are written anew (the last two tables).
- **MiniLM** and the **detectors** see only a part of the pairs, so their shares are coarse: one clone is 2 % or more.
- **Pairs of one file** are the hardest: some are near copies of each other, which nobody labelled. The third table
  leaves out those that are clones by definition. Among the rest there are pairs with up to 70 % of their tokens in the
  same order, and many clones with several rewrites, and some releases, have no more than that (the notes below give
  the share): what tells them apart is no longer in the text."""


def _data_notes(sets: Sequence[CloneSet]) -> list[str]:
    settings = "; ".join(f"{title}: {' '.join(options) or 'its defaults'}" for title, (options, _) in JSCPD.items())
    sizes = Sizes()
    lines = [
        "Functions of the test split: no training saw these projects. `rename` are clones of type 2, `reformat` of "
        "type 1 (another layout), `log`, `edit`, `dead_code` and `several` of type 3, `release` one function in two "
        "releases of its project (changed). Each share of found clones is at the lowest threshold with this share of "
        "false positives.",
        "Not counted as false positives: pairs with equal text up to the names of variables, and functions with the "
        "same name in different projects.",
        f"`(a part)`: the method is slow and got {sizes.functions} functions, {sizes.clones} clones of each kind and "
        f"{sizes.siblings} pairs of one file in a language, and not in all languages. Token overlap and TF-IDF do not "
        "see comments; frequencies are counted in the functions that are compared.",
        f"Detectors got {sizes.detector_clones} clones of each kind and {sizes.detector_siblings} pairs of one file, "
        "each pair in a run of its own, which is best for them. Pairs of different projects come from one run on all "
        "functions, which does not list each pair of several similar functions: the true share of false positives is "
        "higher. `By the part covered`: the share of the function that is reported is used as a score.",
        f"Settings: {settings}; sim: minimum run {', '.join(str(run) for _, run, _ in SIM_RUNS)} tokens. `sim` reads "
        "C, C++ and Java only.",
    ]
    for one in sets:
        counts = ", ".join(f"{kind} {len(one.clones.get(kind, []))}" for kind in ALL_KINDS)
        lines.append(
            f"{one.language}: {one.originals} functions of {one.projects} projects; {counts}; "
            f"{len(one.elsewhere[0]):,} pairs of different projects ({one.same_names} with one name left out), "
            f"{len(one.siblings[0]):,} of one file ({int((~one.unlike).sum())} of them clones of type 2 or strong ones "
            f"of type 3); {one.true_clones} true clones left out; 70 % of the tokens in the same order have "
            + ", ".join(f"{_percent(one.strong(kind))} % of {kind}" for kind in ("edit", "several", "release"))
        )
    return [f"- {line}" for line in lines]


def _costs(options: argparse.Namespace, sets: Sequence[CloneSet], detectors: Sequence[Detector]) -> str:
    one = next((one for one in sets if one.language == COST_LANGUAGE), sets[0])
    codes = one.codes[: one.originals]
    rows = []
    for name in options.methods:
        log.info("time and memory: %s", METHODS[name].title)
        title, part = METHODS[name].title, codes[: Sizes().functions] if METHODS[name].slow else codes
        title += f" ({len(part):,} functions)" if METHODS[name].slow else ""
        rows.append((title, *method_cost(name, options.bundle, part, one.language)))
    for detector in detectors:
        if one.language in detector.languages:
            rows.append((detector.title, *detector_cost(detector, codes, one.language)))
    cells = [[title, f"{seconds:.2f}", f"{megabytes:.0f}"] for title, seconds, megabytes in rows]
    table = _table(["method", "seconds", "largest memory, MB"], cells)
    return (
        f"## Time and memory: all pairs of {len(codes):,} functions in {one.language}\n\nOne process each, "
        f"from its start, with its default threads; loading of libraries and weights counts.\n\n{table}"
    )


def _public_sections(methods: Mapping[str, Encode], most: int | None) -> Iterator[str]:
    root = os.environ.get("AVATAR_DATA")
    if not root:
        yield "AVATAR_DATA is not set: BigCloneBench and the programs of `solutions` were not measured."
        return
    titles = {name: METHODS[name].title for name in methods}
    zero_shot = bigclonebench(Path(root) / "bcb", methods, most)
    yield "## BigCloneBench, test pairs: AUC; nothing of it was learned\n\n" + _table(
        ["method", "AUC"], [[titles[name], f"{value:.3f}"] for name, value in zero_shot.items()]
    )
    programs = solutions(Path(root) / "solutions", methods, most)
    keys = [*LANGUAGES, "mean", "java to python, AUC", "java to python, MRR"]
    yield (
        "## Programs that solve one problem (solutions, test): MAP@R within a language, and Java to Python\n\n"
        + _table(
            ["method", *keys], [[titles[name], *(_score(row[key]) for key in keys)] for name, row in programs.items()]
        )
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.1f}"


def _score(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main())

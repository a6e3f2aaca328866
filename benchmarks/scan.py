"""How fast `avatar scan` is: a first scan, a second one, one after a change; and what the vector search misses.

By default the environment's own site-packages are scanned (more than 20,000 functions). The bundle is a folder
that train.py wrote. The cache is a folder that is thrown away. Recall is measured on a random part of the
functions that is small enough to compare all pairs. Run by `make bench-scan`.
"""

import argparse
import os
import platform
import resource
import shutil
import sysconfig
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from avatar.common.cores import described_cores
from avatar.serve import Predictor
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.chance_neighbours import NeighbourLimit
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.parsed_files import Reading
from avatar.serve.scan.run_scan import Options, scan
from avatar.serve.scan.similar_pairs import find_pairs
from avatar.serve.scan.source_files import SourceFile, source_files
from avatar.serve.scan.student import CLONE_THRESHOLD, LazyStudent


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, default=os.environ.get("AVATAR_BUNDLE"), help="default: $AVATAR_BUNDLE")
    parser.add_argument("--path", type=Path, default=Path(sysconfig.get_path("purelib")))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--recall-functions", type=int, default=3_000)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.9, CLONE_THRESHOLD])
    options = parser.parse_args()
    if options.bundle is None:
        parser.error("--bundle FOLDER is needed, or AVATAR_BUNDLE")
    rows = [("machine", f"{platform.machine()}, {described_cores()}, {options.threads} thread(s)")]
    with tempfile.TemporaryDirectory() as cache:
        rows += _scans(options, Path(cache))
    rows += _parts(options)
    for name, value in rows:
        print(f"{name:<40} {value}")


def _scans(options: argparse.Namespace, cache: Path) -> list[tuple[str, str]]:
    """Wall time of a first scan, of a second one, and of one after a file was added."""
    settings = Options(threads=options.threads, cache_folder=cache)
    first = scan(options.path, options.bundle, settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    second = scan(options.path, options.bundle, settings)
    assert second.findings == first.findings
    counts = first.counts
    return [
        ("files, functions, distinct", f"{counts.files}, {counts.functions}, {counts.functions_distinct}"),
        ("comparisons", f"{counts.comparisons:,}"),
        ("findings", str(len(first.findings))),
        ("first scan", f"{counts.seconds:.2f} s, {counts.functions / counts.seconds:,.0f} functions/s"),
        ("second scan", f"{second.counts.seconds:.3f} s, {counts.seconds / second.counts.seconds:.0f} times as fast"),
        ("one file added", _changed(options, settings)),
        ("peak memory", f"{peak:.0f} MB"),
    ]


def _changed(options: argparse.Namespace, settings: Options) -> str:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "code"
        for file in source_files(options.path):
            if isinstance(file, SourceFile):
                (copy / file.name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.path, copy / file.name)
        scan(copy, options.bundle, settings)
        (copy / "added.py").write_text("def added(values):\n" + "".join(f"    values += {n}\n" for n in range(9)))
        report = scan(copy, options.bundle, settings)
    return f"{report.counts.seconds:.3f} s, {report.counts.functions_encoded} encoded"


def _parts(options: argparse.Namespace) -> list[tuple[str, str]]:
    predictor = Predictor(options.bundle, threads=options.threads)
    start = time.perf_counter()
    reading = Reading(source_files(options.path), NoCache(), Outliner(predictor.config.text))
    rows = [("parsed", f"{len(reading.places) / (time.perf_counter() - start):,.0f} functions/s")]
    large = [place for place in reading.places if place.code_lines >= 5 and place.words >= 20]
    texts = list(reading.texts(large).values())
    start = time.perf_counter()
    vectors = predictor.encode_texts(texts)
    rows.append(("encoded", f"{len(texts) / (time.perf_counter() - start):,.0f} functions/s"))
    if predictor.config.arity != 2:
        return rows
    chosen = np.random.default_rng(1).permutation(len(vectors))[: options.recall_functions]
    part, everyone = vectors[chosen], np.arange(len(chosen))
    size = len(part)
    for threshold in options.thresholds:
        found = []
        for exact in (size * size, 0):
            start = time.perf_counter()
            compare = partial(LazyStudent(options.bundle, options.threads).compare_near, NeighbourLimit(part))
            pairs, comparisons = find_pairs(part, everyone, compare, threshold, exact_comparisons=exact)
            found.append((set((pairs.first * size + pairs.second).tolist()), comparisons, time.perf_counter() - start))
        (all_pairs, every, slow), (near, some, fast) = found
        recall = len(near & all_pairs) / len(all_pairs) if all_pairs else float("nan")
        said = f"{recall:.2%} of {len(all_pairs)} pairs; {some:,} of {every:,} comparisons, "
        said += f"{fast:.1f} s instead of {slow:.1f} s"
        rows.append((f"recall at {threshold:g} of {size} functions", said))
    return rows


if __name__ == "__main__":
    main()

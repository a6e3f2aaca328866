"""Functions per second whose data flow is extracted, for each language, and how much of it is the authors' own.

The functions are those of BigCloneBench (Java) and Devign (C), and the programs of `solutions` (all languages). The
time is the CPU time of one process, from text to tokens and edges. `dfg` is the extraction of GraphCodeBERT's
and Compressor's authors.
    AVATAR_DATA=FOLDER python benchmarks/data_flow.py
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from avatar.code.dataflow import data_flow
from avatar.code.languages import LANGUAGES
from avatar.measure.machine import machine_name
from common import data_folder, store


def main() -> None:
    """Time every language, compare with the authors' extraction, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", type=int, default=1000, help="largest number of functions of each language")
    options = parser.parse_args()
    samples = list(_samples(options.functions))
    rows = [{"data": name, "language": language, **_measured(texts, language)} for name, language, texts in samples]
    agreement = {language: _agreement(language) for language in ("java", "python", "c")}
    store(
        pd.DataFrame(rows),
        "data_flow",
        "Data flow: functions per second",
        [
            f"Machine: {machine_name()}, one process, CPU time.",
            "",
            *(
                f"- {language}: {functions} functions of `dfg`: {tokens} with the same tokens; {edges:.2f} % of the "
                "edges are the same."
                for language, (functions, tokens, edges) in agreement.items()
            ),
        ],
    )


def _samples(most: int) -> Iterator[tuple[str, str, list[str]]]:
    """Name of the data, language, and texts."""
    yield "bcb", "java", _spread([row["func"] for row in _rows(data_folder("bcb") / "data.jsonl")], most)
    yield "devign", "c", _spread([row["func"] for row in _rows(data_folder("devign") / "test.jsonl")], most)
    programs: dict[str, list[str]] = {}
    for row in _rows(data_folder("solutions") / "test.jsonl"):
        programs.setdefault(row["language"], []).append(row["code"])
    for language in sorted(set(programs) & set(LANGUAGES.names())):
        yield "solutions", language, _spread(programs[language], most)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _spread(texts: list[str], most: int) -> list[str]:
    return texts[:: max(1, len(texts) // most)][:most]


def _measured(texts: list[str], language: str) -> dict[str, float]:
    data_flow(texts[0], language)  # loads the grammar
    begin = time.process_time()
    flows = [data_flow(text, language) for text in texts]
    seconds = time.process_time() - begin
    known = [flow for flow in flows if flow is not None]
    return {
        "functions": len(texts),
        "functions/s": round(len(texts) / seconds),
        "tokens": round(sum(len(flow.tokens) for flow in known) / len(known), 1),
        "edges": round(sum(len(edge.sources) for flow in known for edge in flow.edges) / len(known), 1),
        "without flow": len(flows) - len(known),
    }


def _agreement(language: str) -> tuple[int, int, float]:
    """Functions, those with the same tokens, and the share of the authors' edges that are the same, in %."""
    rows = list(_rows(data_folder("dfg") / f"{language}.jsonl"))
    same_tokens, same, total = 0, 0, 0
    for row in rows:
        flow = data_flow(row["func"], language)
        if flow is None:
            continue
        same_tokens += flow.tokens == row["code_tokens"]
        ours = Counter((edge.token, edge.kind, source) for edge in flow.edges for source in edge.sources)
        theirs = Counter((edge[1], edge[2], source) for edge in row["dfg"] for source in edge[4])
        same += (ours & theirs).total()
        total += (ours | theirs).total()
    return len(rows), same_tokens, 100 * same / total


if __name__ == "__main__":
    main()

"""Small data sets on disk, one for each layout that a reader knows."""

import csv
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from avatar.config.schema import DatasetConfig

PAIRS = {"train": 48, "train_label": 24, "train_unlabel": 24, "valid": 8, "test": 10}


def body(name: str) -> str:
    return f"int f_{name}(int x) {{\n  return x + {name!r};\n}}"


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)


WRITERS: dict[str, Callable[[Path, list[dict[str, Any]]], None]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}


def pair_ids(split: str) -> list[tuple[str, str, int]]:
    """Pairs of a split, made of functions that no other split uses (the two halves may share theirs)."""
    return [(f"{split}{n}", f"{split}{n + 1}", n % 2) for n in range(PAIRS[split])]


def bcb(root: Path, halves: bool = True) -> DatasetConfig:
    splits = ["train_label", "train_unlabel"] if halves else ["train"]
    splits += ["valid", "test"]
    names = {name for split in splits for pair in pair_ids(split) for name in pair[:2]}
    write_jsonl(root / "data.jsonl", ({"idx": name, "func": body(name)} for name in sorted(names)))
    for split in splits:
        lines = ("\t".join(map(str, pair)) + "\n" for pair in pair_ids(split))
        (root / f"{split}.txt").write_text("".join(lines))
    return DatasetConfig(name="bcb", root=str(root))


def bcb_train(root: Path) -> DatasetConfig:
    return bcb(root, halves=False)


def bcb_hub(root: Path) -> DatasetConfig:
    for split, file in (("train", "train"), ("valid", "validation"), ("test", "test")):
        rows = [
            {
                "id": n,
                "id1": hash_id(first),
                "id2": hash_id(second),
                "func1": body(first),
                "func2": body(second),
                "label": bool(label),
            }
            for n, (first, second, label) in enumerate(pair_ids(split))
        ]
        half = len(rows) // 2
        write_parquet(root / "data" / f"{file}-00000-of-00002.parquet", rows[:half])
        write_parquet(root / "data" / f"{file}-00001-of-00002.parquet", rows[half:])
    return DatasetConfig(name="bcb", root=str(root))


def hash_id(name: str) -> int:
    return zlib.crc32(name.encode()) >> 1


def samples(split: str, count: int) -> list[dict[str, Any]]:
    """Functions sorted by project, as Devign's training file is."""
    return [
        {
            "func": body(f"{split}{n}"),
            "target": n % 2,
            "project": "FFmpeg" if n < count / 4 else "qemu",
            "idx": f"{split}{n}",
        }
        for n in range(count)
    ]


DEVIGN = {"train": 40, "valid": 8, "test": 12}


def devign(root: Path) -> DatasetConfig:
    for split, count in DEVIGN.items():
        write_jsonl(root / f"{split}.jsonl", samples(split, count))
    return DatasetConfig(name="devign", root=str(root))


def devign_indexed(root: Path) -> DatasetConfig:
    entries: list[dict[str, Any]] = []
    for split, count in DEVIGN.items():
        numbers = range(len(entries), len(entries) + count)
        (root / f"{split}.txt").write_text("".join(f"{number}\n" for number in numbers))
        entries += [{k: v for k, v in row.items() if k != "idx"} for row in samples(split, count)]
    (root / "function.json").write_text(json.dumps(entries))
    return DatasetConfig(name="devign", root=str(root))


def devign_hub(root: Path) -> DatasetConfig:
    for split, file in (("train", "train"), ("valid", "validation"), ("test", "test")):
        rows = [
            {
                "id": 1000 * len(split) + n,
                "func": row["func"],
                "target": bool(row["target"]),
                "project": row["project"],
            }
            for n, row in enumerate(samples(split, DEVIGN[split]))
        ]
        write_parquet(root / "data" / f"{file}-00000-of-00001.parquet", rows)
    return DatasetConfig(name="devign", root=str(root))


def reveal(root: Path) -> DatasetConfig:
    write_jsonl(root / "functions.jsonl", samples("all", 60))
    return DatasetConfig(name="reveal", root=str(root))


def reveal_json(root: Path) -> DatasetConfig:
    for stem, count in (("vulnerables", 20), ("non-vulnerables", 60)):
        rows = [{"code": body(f"{stem}{n}"), "hash": "c0ffee", "project": "debian"} for n in range(count)]
        (root / f"{stem}.json").write_text(json.dumps(rows))
    return DatasetConfig(name="reveal", root=str(root))


def pairs(root: Path, suffix: str = "jsonl") -> DatasetConfig:
    for split in ("train", "valid", "test"):
        rows = [
            {"code1": body(first), "code2": body(second), "label": label} for first, second, label in pair_ids(split)
        ]
        WRITERS[suffix](root / f"{split}.{suffix}", rows)
    return DatasetConfig(name="pairs", root=str(root))


def own_samples(root: Path, suffix: str = "csv") -> DatasetConfig:
    rows = [
        {"text": row["func"], "bad": row["target"], "team": f"team {number // 4}"}
        for number, row in enumerate(samples("own", 60))
    ]
    WRITERS[suffix](root / f"mine.{suffix}", rows)
    return DatasetConfig(
        name="samples",
        root=str(root),
        files={"train": f"mine.{suffix}"},
        columns={"code": "text", "label": "bad", "group": "team"},
    )


def group_rows(split: str, groups: int, members: int = 3) -> list[dict[str, Any]]:
    """Functions of `groups` groups of clones, and one function whose group has no other."""
    rows = [
        {"code": body(f"{split}{group}_{n}"), "group": f"{split}{group}", "language": ("c", "java")[n % 2]}
        for group in range(groups)
        for n in range(members)
    ]
    return [*rows, {"code": body(f"{split}_alone"), "group": f"{split}_alone", "language": "c"}]


def groups(root: Path, suffix: str = "jsonl") -> DatasetConfig:
    for split, count in (("train", 12), ("valid", 3), ("test", 4)):
        WRITERS[suffix](root / f"{split}.{suffix}", group_rows(split, count))
    columns = {"code": "code", "group": "group", "language": "language"}
    return DatasetConfig(name="groups", root=str(root), columns=columns, metric="map_at_r")


def groups_in_one_file(root: Path) -> DatasetConfig:
    rows = [{"text": row["code"], "problem": row["group"]} for row in group_rows("all", 24)]
    write_csv(root / "train.csv", rows)
    columns = {"code": "text", "group": "problem"}
    return DatasetConfig(name="groups", root=str(root), columns=columns, metric="map_at_r")


def fixes(root: Path, suffix: str = "jsonl") -> DatasetConfig:
    for split, count in (("train", 40), ("valid", 8), ("test", 10)):
        rows = [{"before": body(f"{split}{n}"), "after": body(f"{split}{n} fixed")} for n in range(count)]
        WRITERS[suffix](root / f"{split}.{suffix}", rows)
    return DatasetConfig(name="fixes", root=str(root))


STATEMENTS = (
    "    total = start + 1\n",
    "    for item in items:\n        start += item * start\n",
    "    if start > 3:\n        start = start - len(items)\n",
    "    while start < 0:\n        start += abs(start)\n",
    "    items = [item for item in items if item]\n",
    "    items.append(max(start, min(items)))\n",
)


def stdlib(root: Path) -> DatasetConfig:
    """Fifteen modules of the user's own code, four functions each, every one of another shape."""
    for module in range(15):
        functions = []
        for number in range(4 * module + 3, 4 * module + 7):
            chosen = [text for place, text in enumerate(STATEMENTS) if number >> place & 1]
            functions.append(
                f"def step_{number}(items, start):\n    before = start * {number}\n    print(before)\n"
                f"{''.join(chosen)}    return start + before\n"
            )
        (root / f"module_{module}.py").write_text("\n\n".join(functions))
    return DatasetConfig(name="stdlib", source=str(root), max_functions=60)


LAYOUTS: dict[str, Callable[[Path], DatasetConfig]] = {
    "bcb": bcb,
    "bcb_train": bcb_train,
    "bcb_hub": bcb_hub,
    "devign": devign,
    "devign_indexed": devign_indexed,
    "devign_hub": devign_hub,
    "reveal": reveal,
    "reveal_json": reveal_json,
    "fixes": fixes,
    "groups": groups,
    "groups_in_one_file": groups_in_one_file,
    "pairs": pairs,
    "samples": own_samples,
    "stdlib": stdlib,
}

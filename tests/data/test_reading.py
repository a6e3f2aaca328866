"""What the readers return for valid input."""

import dataclasses
import json
from pathlib import Path

import pytest

from avatar.code.text import DOCSTRINGS_KEPT, REMOVED, TextRules
from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.overlaps import count_overlaps
from avatar.data.records import Corpus, Pair, SplitName, Task
from avatar.data.twins import body_key
from function_variants import METHODS, variants
from reader_folders import (
    LAYOUTS,
    WRITERS,
    bcb,
    bcb_hub,
    body,
    devign,
    devign_hub,
    devign_indexed,
    own_samples,
    pair_ids,
    pairs,
    reveal_json,
    samples,
    write_csv,
    write_jsonl,
)


def bodies(corpus: Corpus, split: SplitName) -> list[tuple[str, ...]]:
    return [tuple(corpus.functions[name].code for name in example.ids) for example in corpus.splits[split]]


def test_the_halves_of_bigclonebench_stay_in_file_order(tmp_path):
    corpus = load_corpus(bcb(tmp_path), 1)
    assert corpus.task is Task.PAIR
    assert list(corpus.splits[SplitName.UNLABELED]) == [Pair(*row) for row in pair_ids("train_unlabel")]
    assert not corpus.rows


def test_a_whole_training_file_is_halved(tmp_path):
    corpus = load_corpus(bcb(tmp_path, halves=False), 1)
    labeled, unlabeled = (corpus.splits[split] for split in (SplitName.LABELED, SplitName.UNLABELED))
    assert sorted([*labeled, *unlabeled], key=str) == sorted((Pair(*row) for row in pair_ids("train")), key=str)
    assert len(labeled) == len(unlabeled) == 24
    assert corpus.labels(SplitName.LABELED).sum() == 12
    assert corpus.source_rows[SplitName.LABELED] == 48
    assert "24 labelled and 24 unlabelled" in corpus.notes[0]


def test_the_hub_copy_holds_the_same_pairs(tmp_path):
    (tmp_path / "text").mkdir()
    text = load_corpus(bcb(tmp_path / "text", halves=False), 1)
    hub = load_corpus(bcb_hub(tmp_path), 1)
    for split in SplitName:
        assert bodies(hub, split) == bodies(text, split)
        assert hub.labels(split).tolist() == text.labels(split).tolist()


def test_line_ends_and_blank_lines_do_not_matter(tmp_path):
    cfg = bcb(tmp_path)
    plain = load_corpus(cfg, 1)
    for name in ("data.jsonl", "test.txt"):
        text = (tmp_path / name).read_bytes().replace(b"\n", b"\r\n")
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text + b"\r\n")
    changed = load_corpus(cfg, 1)
    assert changed.functions == plain.functions
    assert changed.splits == plain.splits


def test_ids_may_be_numbers_and_repeat_with_the_same_body(tmp_path):
    rows = [{"idx": n, "func": body(str(n))} for n in range(8)]
    write_jsonl(tmp_path / "data.jsonl", [*rows, rows[0]])
    for n, name in enumerate(("train_label", "train_unlabel", "valid", "test")):
        (tmp_path / f"{name}.txt").write_text(f"{2 * n}\t{2 * n + 1}\t1\n{2 * n}\t{2 * n}\t0\n")
    corpus = load_corpus(DatasetConfig(name="bcb", root=str(tmp_path)), 1)
    assert list(corpus.functions) == [str(n) for n in range(8)]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_function_of_a_hundred_thousand_lines(suffix, tmp_path):
    cfg = own_samples(tmp_path, suffix)
    long = "int x = 1; // a line of an unrolled table\n" * 100_000
    rows = [{"text": row["func"], "bad": row["target"], "team": ""} for row in samples("own", 60)]
    rows[0]["text"] = long
    WRITERS[suffix](tmp_path / f"mine.{suffix}", rows)
    assert long in {function.code for function in load_corpus(cfg, 1).functions.values()}


def test_devign_is_halved_by_label_and_project(tmp_path):
    corpus = load_corpus(devign(tmp_path), 1)
    for split in (SplitName.LABELED, SplitName.UNLABELED):
        groups = [corpus.functions[sample.ids[0]].group for sample in corpus.splits[split]]
        assert len(groups) == 20
        assert 4 <= groups.count("FFmpeg") <= 6
        assert corpus.labels(split).sum() == 10


@pytest.mark.parametrize("layout", [devign_indexed, devign_hub])
def test_the_layouts_of_devign_hold_the_same_functions(layout, tmp_path):
    (tmp_path / "jsonl").mkdir()
    plain = load_corpus(devign(tmp_path / "jsonl"), 1)
    other = load_corpus(layout(tmp_path), 1)
    for split in SplitName:
        assert bodies(other, split) == bodies(plain, split)
        assert other.labels(split).tolist() == plain.labels(split).tolist()
    assert {function.group for function in other.functions.values()} == {"FFmpeg", "qemu"}


def test_an_index_that_another_body_has_gets_a_new_id(tmp_path):
    cfg = devign(tmp_path)
    rows = samples("test", 12)
    for row in rows:
        row["idx"] = 5
    rows.append(rows[0])
    write_jsonl(tmp_path / "test.jsonl", rows)
    corpus = load_corpus(cfg, 1)
    ids = [sample.ids[0] for sample in corpus.splits[SplitName.TEST]]
    assert ids[:3] == ["5", "5#2", "5#3"]
    assert ids[12] == "5"
    assert [code for (code,) in bodies(corpus, SplitName.TEST)] == [row["func"] + "\n" for row in rows]
    assert "11 functions had the id of another function" in " ".join(corpus.notes)


def test_functions_without_an_index_are_numbered(tmp_path):
    cfg = devign(tmp_path)
    write_jsonl(tmp_path / "test.jsonl", [{"func": f"f({n})", "target": n % 2} for n in range(4)])
    corpus = load_corpus(cfg, 1)
    assert [sample.ids[0] for sample in corpus.splits[SplitName.TEST]] == [f"test-{n}" for n in range(4)]


def test_reveal_is_divided_by_the_shares_of_the_config(tmp_path):
    cfg = reveal_json(tmp_path)
    corpus = load_corpus(cfg, 1)
    sizes = {split: len(corpus.splits[split]) for split in SplitName}
    assert sizes[SplitName.TEST] == 16
    assert sizes[SplitName.VALID] == 6
    assert sizes[SplitName.LABELED] == sizes[SplitName.UNLABELED] == 29
    for split in SplitName:
        assert abs(corpus.labels(split).mean() - 0.25) < 0.1
    assert len(corpus.functions) == 80


def test_twins_stay_in_one_split_when_the_reader_divides(tmp_path):
    rows = [{"func": f"f( {n // 2} )" + " " * (n % 2), "target": n // 2 % 2, "idx": n} for n in range(200)]
    write_jsonl(tmp_path / "functions.jsonl", rows)
    for seed in range(3):
        overlaps = count_overlaps(load_corpus(DatasetConfig(name="reveal", root=str(tmp_path)), seed))
        assert overlaps.test.functions == 40
        assert (overlaps.test.twin_functions, overlaps.valid.twin_functions, overlaps.valid_and_test) == (
            0,
            0,
            0,
        )


def test_pairs_that_share_functions_stay_in_one_split(tmp_path):
    rows = [{"code1": f"f({n})", "code2": f"{side}({n})", "label": side == "g"} for n in range(60) for side in "gh"]
    write_jsonl(tmp_path / "train.jsonl", rows)
    corpus = load_corpus(DatasetConfig(name="pairs", root=str(tmp_path)), 1)
    overlaps = count_overlaps(corpus)
    assert overlaps.test.examples == 24
    assert overlaps.test.twin_functions == overlaps.valid.twin_functions == overlaps.valid_and_test == 0


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_the_format_of_a_table_does_not_matter(suffix, tmp_path):
    (tmp_path / "reference").mkdir()
    reference = load_corpus(pairs(tmp_path / "reference"), 1)
    corpus = load_corpus(pairs(tmp_path, suffix), 1)
    assert corpus.functions == reference.functions
    assert corpus.splits == reference.splits


@pytest.mark.parametrize("name", ["validation", "val", "dev", "Valid", "VALIDATION"])
@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "CSV"])
def test_other_names_of_valid_are_read(name, suffix, tmp_path):
    (tmp_path / "reference").mkdir()
    reference = load_corpus(pairs(tmp_path / "reference"), 1)
    cfg = pairs(tmp_path, suffix.lower())
    (tmp_path / f"valid.{suffix.lower()}").rename(tmp_path / f"{name}.{suffix}")
    corpus = load_corpus(cfg, 1)
    assert corpus.splits[SplitName.VALID] == reference.splits[SplitName.VALID]
    assert not any("belong to no split" in note for note in corpus.notes)


def test_data_files_that_are_not_read_are_mentioned(tmp_path):
    cfg = pairs(tmp_path)
    for name in ("more.jsonl", "old.tsv", "valid.txt", "README.md", "notes.txt"):
        (tmp_path / name).write_text("")
    (note,) = [text for text in load_corpus(cfg, 1).notes if "belong to no split" in text]
    assert "more.jsonl, old.tsv, valid.txt;" in note
    named = dataclasses.replace(cfg, files={"train": "train.jsonl", "dev": "valid.jsonl"})
    assert "test.jsonl" in next(text for text in load_corpus(named, 1).notes if "belong to no split" in text)


def test_equal_bodies_are_one_function(tmp_path):
    corpus = load_corpus(pairs(tmp_path), 1)
    assert len(corpus.functions) == len({function.code for function in corpus.functions.values()}) == 49 + 9 + 11


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("language", sorted(METHODS))
def test_one_function_in_several_forms_is_one_function(suffix: str, language: str, tmp_path: Path) -> None:
    known = list(variants(METHODS[language], language).values())
    rows = [{"code": text, "label": row % 2} for row, text in enumerate(known)]
    rows += [{"code": f"int f_{row}() {{\r\n\treturn {row};\r\n}}", "label": row % 2} for row in range(40)]
    WRITERS[suffix](tmp_path / f"train.{suffix}", rows)
    corpus = load_corpus(DatasetConfig(name="samples", root=str(tmp_path), language=language), 1)
    assert [one.code for one in corpus.functions.values() if "weigh" in one.code] == [METHODS[language]]
    assert "int f_7() {\n    return 7;\n}\n" in {one.code for one in corpus.functions.values()}
    assert (corpus.languages, corpus.text) == ((language,), DOCSTRINGS_KEPT)


def test_readers_say_what_they_know_of_their_functions(tmp_path: Path) -> None:
    for name, languages, rules in (
        ("stdlib", ("python",), TextRules(docstrings=REMOVED)),
        ("reveal", ("c", "cpp"), DOCSTRINGS_KEPT),
        ("pairs", (), DOCSTRINGS_KEPT),
    ):
        folder = tmp_path / name
        folder.mkdir()
        corpus = load_corpus(LAYOUTS[name](folder), 1)
        assert (corpus.languages, corpus.text) == (languages, rules)


@pytest.mark.parametrize("code", ["", " \n", "\ufeff", "\ufeff\r\n\u200b"])
def test_nothing_but_marks_is_an_empty_function(code: str, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "train.jsonl", [{"code": code, "label": 0}])
    with pytest.raises(DataError, match="empty function"):
        load_corpus(DatasetConfig(name="samples", root=str(tmp_path)), 1)


def test_named_files_and_columns(tmp_path):
    corpus = load_corpus(own_samples(tmp_path), 1)
    assert {function.group for function in corpus.functions.values()} == {f"team {n}" for n in range(15)}
    assert sum(len(examples) for examples in corpus.splits.values()) == 60
    assert all(body_key(row["func"]) for row in samples("own", 60))


def test_given_halves_lose_only_what_becomes_valid(tmp_path):
    for name, count in (("known", 30), ("unknown", 70), ("held_out", 10)):
        write_jsonl(tmp_path / f"{name}.jsonl", ({"code": f"{name}({n})", "label": n % 2} for n in range(count)))
    files = {"train_labeled": "known.jsonl", "train_unlabeled": "unknown.jsonl", "test": "held_out.jsonl"}
    corpus = load_corpus(DatasetConfig(name="samples", root=str(tmp_path), files=files), 1)
    assert len(corpus.splits[SplitName.VALID]) == 10
    assert len(corpus.splits[SplitName.LABELED]) + len(corpus.splits[SplitName.UNLABELED]) == 90
    rows = corpus.rows[SplitName.UNLABELED]
    assert [code for (code,) in bodies(corpus, SplitName.UNLABELED)] == [f"unknown({n})\n" for n in rows]
    assert (corpus.source_rows[SplitName.UNLABELED], corpus.source_rows[SplitName.VALID]) == (70, 100)


def test_labels_may_be_written_as_truth_values(tmp_path):
    rows = [{"code": f"f({n})", "label": n % 2 == 1} for n in range(40)]
    write_csv(tmp_path / "train.csv", rows)
    written = load_corpus(DatasetConfig(name="samples", root=str(tmp_path)), 1)
    (tmp_path / "train.csv").unlink()
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert load_corpus(DatasetConfig(name="samples", root=str(tmp_path)), 1).splits == written.splits


@pytest.mark.parametrize(("name", "test", "functions"), [("devign", 2732, 27298), ("reveal", 1262, 6311)])
def test_the_real_sets_of_vulnerabilities(name, test, functions, avatar_data: Path):
    corpus = load_corpus(DatasetConfig(name=name, root=str(avatar_data / name)), 1)
    assert len(corpus.splits[SplitName.TEST]) == test
    assert len(corpus.functions) == functions
    shares = {
        split: sum(corpus.functions[s.ids[0]].group in ("FFmpeg", "chrome") for s in corpus.splits[split])
        for split in (SplitName.LABELED, SplitName.UNLABELED)
    }
    assert abs(shares[SplitName.LABELED] - shares[SplitName.UNLABELED]) <= 4

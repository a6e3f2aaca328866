"""`avatar evaluate`: scores of students on functions, pairs, groups and fixes, against those of other libraries."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference
from test_without_torch import BLOCK

from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
from avatar.serve import Student
from avatar.serve.cli import main
from avatar.serve.predictor import Predictor
from reader_folders import WRITERS, write_jsonl
from students import TEXTS

LABELS = np.random.default_rng(3).integers(0, 2, len(TEXTS))


def labelled() -> list[dict[str, Any]]:
    return [{"code": text, "label": int(label)} for text, label in zip(TEXTS, LABELS, strict=True)]


def fixes() -> list[dict[str, Any]]:
    """Functions with a check that their fix adds."""
    return [{"before": text, "after": text.replace("return", "assert self\n    return", 1)} for text in TEXTS]


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["evaluate", *map(str, arguments), "--format", "json", "--quiet"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["evaluate", *map(str, arguments)]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_functions(suffix: str, fault_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"functions.{suffix}"
    WRITERS[suffix](path, labelled())
    result = evaluated(capsys, fault_student, "--data", path)
    predictor = Predictor(fault_student)
    chances = predictor.predict(TEXTS)[:, 1]
    answers = chances >= predictor.config.threshold
    assert result["kind"] == "functions"
    assert result["counts"] == {"functions": len(TEXTS), "with label 1": int(LABELS.sum())}
    scores = result["scores"]
    assert scores["accuracy"] == pytest.approx(reference.accuracy_score(LABELS, answers))
    assert scores["mcc"] == pytest.approx(reference.matthews_corrcoef(LABELS, answers))
    assert scores["precision"] == pytest.approx(reference.precision_score(LABELS, answers, zero_division=0))
    assert scores["auc"] == pytest.approx(reference.roc_auc_score(LABELS, chances))
    assert scores["average_precision"] == pytest.approx(reference.average_precision_score(LABELS, chances))
    assert {"precision_at_01", "precision_at_05", "precision_at_10", "recall_at_1_fpr", "ece"} <= scores.keys()


def test_pairs(clone_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = list(zip(TEXTS, reversed(TEXTS), strict=True))
    rows = [{"left": a, "right": b, "same": bool(y)} for (a, b), y in zip(pairs, LABELS, strict=True)]
    write_jsonl(tmp_path / "pairs.jsonl", rows)
    columns = ["--columns", "code1=left", "code2=right", "label=same"]
    result = evaluated(capsys, clone_student, "--data", tmp_path / "pairs.jsonl", *columns)
    chances = Predictor(clone_student).predict(pairs)[:, 1]
    assert result["kind"] == "pairs"
    assert result["scores"]["auc"] == pytest.approx(reference.roc_auc_score(LABELS, chances))


def test_pairs_with_the_student_in_the_box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [text.replace("self", "other") for text in TEXTS[:6]]
    pairs = [(TEXTS[n], codes[(n + shift) % 6], int(shift == 0)) for n in range(6) for shift in (0, 1)]
    rows = [{"code1": a, "code2": b, "label": y, "language": "python"} for a, b, y in pairs]
    write_jsonl(tmp_path / "pairs.jsonl", rows)
    result = evaluated(capsys, "--data", tmp_path / "pairs.jsonl")
    answers = Student.default().answer([[a, b] for a, b, _ in pairs], ["python", "python"])
    labels, chances = np.asarray([y for *_, y in pairs]), answers.probabilities[:, 1]
    assert result["scores"]["auc"] == pytest.approx(reference.roc_auc_score(labels, chances))
    assert result["scores"]["average_precision"] == pytest.approx(reference.average_precision_score(labels, chances))
    assert result["scores"]["accuracy"] == pytest.approx(((chances >= result["threshold"]) == labels).mean())
    assert any("one pair of 10,000 is a clone; in this file it is one of 2.0" in note for note in result["notes"])


def test_groups_with_the_student_in_the_box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"code": text, "group": f"g{n % 9}", "language": "python"} for n, text in enumerate(TEXTS)]
    write_jsonl(tmp_path / "groups.jsonl", [*rows, rows[0]])
    result = evaluated(capsys, "--data", tmp_path / "groups.jsonl")
    vectors = Student.default().encode(TEXTS, "python")
    space = VectorSpace(vectors, np.arange(len(TEXTS)) % 9, ["python"] * len(TEXTS))
    expected = {name: VECTOR_METRICS.get(name).score(space) for name in VECTOR_METRICS}
    assert result["scores"] == pytest.approx(expected)
    assert result["counts"] == {"functions": len(TEXTS), "groups": 9}
    assert "1 rows repeat a function of their group and are left out" in result["notes"]


def test_fixes(fault_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = {"before": TEXTS[0], "after": TEXTS[0] + "\n\n"}
    write_jsonl(tmp_path / "fixes.jsonl", [*fixes(), same])
    result = evaluated(capsys, fault_student, "--data", tmp_path / "fixes.jsonl")
    rows = [row for row in fixes() if row["before"] != row["after"]]
    predictor = Predictor(fault_student)
    before, after = (predictor.predict([row[side] for row in rows])[:, 1] for side in ("before", "after"))
    right = np.mean((before > after) + 0.5 * (before == after))
    assert result["scores"]["pairwise_accuracy"] == pytest.approx(right)
    assert result["counts"]["fixes"] == len(rows)
    assert any("95 % interval); chance is 50 %" in note for note in result["notes"])
    assert any("change nothing that the student reads" in note for note in result["notes"])


def test_the_table_names_the_scores(fault_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(tmp_path / "functions.jsonl", labelled())
    target = tmp_path / "out.txt"
    command = ["evaluate", fault_student, "--data", tmp_path / "functions.jsonl", "--output", target]
    assert main(list(map(str, command))) == 0
    assert capsys.readouterr().out == ""
    text = target.read_text()
    for title in ("accuracy", "F1", "MCC", "precision", "AUC", "average precision", "precision at top 5 %"):
        assert f"{title} " in text, title
    assert f"functions {len(TEXTS)}" in text
    assert "label 1 from probability" in text


def test_what_does_not_fit_is_named(
    fault_student: Path, clone_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    functions, empty, other = tmp_path / "functions.jsonl", tmp_path / "empty.csv", tmp_path / "other.jsonl"
    write_jsonl(functions, labelled())
    empty.write_text("code,label\n")
    write_jsonl(other, [{"func": TEXTS[0], "target": 1}])
    said = refused(capsys, "--data", functions)
    assert "has functions with labels" in said
    assert "the task 'embedding', which they do not fit" in said
    assert "a student for the task function" in said
    assert "'pair', which they do not fit" in refused(capsys, clone_student, "--data", functions)
    assert "has no rows" in refused(capsys, fault_student, "--data", empty)
    said = refused(capsys, fault_student, "--data", other)
    assert "has the columns func, target; no kind of data has all of its columns there" in said
    assert "--columns code=func label=target" in said
    columns = ["--columns", "code=func", "label=target"]
    assert evaluated(capsys, fault_student, "--data", other, *columns)["kind"] == "functions"
    said = refused(capsys, fault_student, "--data", other, *columns, "lable=target")
    assert "the field 'lable'" in said
    assert "'.txt' is not a supported format" in refused(capsys, fault_student, "--data", tmp_path / "x.txt")
    assert "is not a file" in refused(capsys, fault_student, "--data", tmp_path / "x.csv")
    write_jsonl(other, [{"code": TEXTS[0], "label": 1}, {"code": TEXTS[1], "label": 2}])
    assert "other.jsonl:2: the label 2 is out of range" in refused(capsys, fault_student, "--data", other)
    write_jsonl(other, [{"code": TEXTS[0], "label": 1, "before": TEXTS[0], "after": TEXTS[1]}])
    assert "choose one: --kind" in refused(capsys, fault_student, "--data", other)
    assert evaluated(capsys, fault_student, "--data", other, "--kind", "fixes")["kind"] == "fixes"
    write_jsonl(other, [{"before": TEXTS[0], "after": TEXTS[0]}])
    assert "are the same to the student in all 1 rows" in refused(capsys, fault_student, "--data", other)
    with pytest.raises(SystemExit):
        main(["evaluate", str(fault_student), "--data", str(other), "--columns", "code"])


def test_it_needs_neither_torch_nor_pyarrow(fault_student: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "fixes.jsonl", fixes())
    WRITERS["parquet"](tmp_path / "fixes.parquet", fixes())
    block = BLOCK.replace("('torch',", "('torch', 'pyarrow', 'scipy', 'sklearn',")
    assert "'pyarrow'" in block
    program = f"{block}from avatar.serve.cli import main\nsys.exit(main(sys.argv[1:]))"
    for name, status in (("fixes.jsonl", 0), ("fixes.parquet", 2)):
        command = [sys.executable, "-c", program, "evaluate", str(fault_student), "--data", str(tmp_path / name)]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert answer.returncode == status, answer.stderr
        if status:
            assert "pip install pyarrow, or convert the file to jsonl or csv" in answer.stderr
        else:
            assert "fixes ranked right" in answer.stdout

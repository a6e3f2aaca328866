"""A new kind of data for `avatar evaluate`: functions with the name of the right label."""

from changed import MOST, changed, check_run

from conftest import Scratch

KIND = '''"""Functions with the name of their label."""

import numpy as np

from avatar.common.errors import DataError
from avatar.serve.evaluate.functions import encoded
from avatar.serve.evaluate.kinds.base import KINDS, Kind, Scored


def read_name(row, column, where):
    if row[column] not in ("clean", "vulnerable"):
        raise DataError(f"{where}: the name {row[column]!r} is unknown", "write clean or vulnerable")
    return row[column]


def score(predictor, examples):
    read = encoded(predictor, [example.functions[0] for example in examples])
    said = predictor.label(predictor.compare(read.vectors))
    right = np.mean([name == example.answer for name, example in zip(said, examples, strict=True)])
    return Scored({"accuracy": float(right)}, {"functions": len(examples)})


KINDS.register("names")(Kind("functions with names of labels", ("code",), ("function",), score, "name", read_name))
'''

PROGRAM = """
import contextlib, io, json
from avatar.data.records import Task
from avatar.serve.cli import main
from avatar.serve.predictor import Predictor
from students import TEXTS, tiny_bundle

folder = Path(sys.argv[1])
bundle = tiny_bundle(folder / "bundle", Task.FUNCTION).folder
student = Predictor(bundle)
said = student.label(student.predict(TEXTS))
rows = [json.dumps({"code": text, "name": name}) for text, name in zip(TEXTS, said)]
(folder / "names.jsonl").write_text("\\n".join(rows))
out = io.StringIO()
with contextlib.redirect_stdout(out):
    assert main(["evaluate", str(bundle), "--data", str(folder / "names.jsonl"), "--quiet"]) == 0
assert "100.00 %" in out.getvalue() and "(names)" in out.getvalue(), out.getvalue()
(folder / "names.jsonl").write_text(json.dumps({"code": TEXTS[0], "name": "good"}))
assert main(["evaluate", str(bundle), "--data", str(folder / "names.jsonl"), "--quiet"]) == 2
"""


def test_a_kind_of_data_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/serve/evaluate/kinds/names.py", KIND)
    scratch.add_after(
        "src/avatar/serve/evaluate/kinds/__init__.py",
        "from avatar.serve.evaluate.kinds import fixes, functions, groups, pairs",
        "from avatar.serve.evaluate.kinds import names",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))

"""A new runtime: ONNX's reference implementation."""

from changed import MOST, changed, check_run

from conftest import Scratch

RUNTIME = '''"""ONNX's reference implementation: slow, and pure numpy."""

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from avatar.serve.runtimes.base import RUNTIMES


@RUNTIMES.register("reference")
class Reference:
    def __init__(self, bundle, precision=None, threads=1):
        parts = bundle.parts(precision)
        self.encoder, self.head = (
            ReferenceEvaluator(onnx.load(str(bundle.path(name)))) for name in (parts.encoder, parts.head)
        )
        mask = ids = np.ones((1, 1), dtype=np.int64)
        self.hidden_size = self.encode(ids, mask).shape[1]

    def encode(self, input_ids, attention_mask):
        return self.encoder.run(None, {"input_ids": input_ids, "attention_mask": attention_mask})[0]

    def classify(self, *vectors):
        return self.head.run(None, dict(zip(self.head.input_names, vectors, strict=True)))[0]
'''

PROGRAM = """
import contextlib, io, json
import numpy as np
from avatar.data.records import Task
from avatar.serve import Predictor
from avatar.serve.cli import main
from students import TEXTS, tiny_bundle

root = Path(sys.argv[1])
folder = tiny_bundle(root / "bundle", Task.PAIR, head="interaction").folder
pairs = list(zip(TEXTS[:4], TEXTS[4:8]))
expected = Predictor(folder).predict(pairs)
np.testing.assert_allclose(Predictor(folder, runtime="reference").predict(pairs), expected, atol=1e-4)
assert np.ptp(expected) > 1e-3
files = []
for number, text in enumerate(pairs[0]):
    files.append(str(root / f"{number}.py"))
    Path(files[-1]).write_text(text)
with contextlib.redirect_stdout(io.StringIO()) as printed:
    assert main(["predict", str(folder), *files, "--runtime", "reference"]) == 0
assert abs(json.loads(printed.getvalue())["probability"] - expected[0, 1]) < 1e-4
with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
    main(["predict", "--help"])
assert "reference" in printed.getvalue()
"""


def test_a_runtime_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/serve/runtimes/reference_runtime.py", RUNTIME)
    scratch.add_after(
        "src/avatar/serve/runtimes/__init__.py",
        "from avatar.serve.runtimes import onnx_runtime, openvino_runtime  # noqa: F401  (they register themselves)",
        "from avatar.serve.runtimes import reference_runtime",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))

"""A new gene: a learned factor for each feature of a token's state, which students with layers may have."""

from changed import MOST, changed, check_run

from conftest import Scratch

GENE = '''"""A learned factor for each feature of a token's state."""

import numpy as np

from avatar.space.genes.base import Cost, Number


class Scale(Number):
    """1: there is one; 0: there is none."""

    name = "scale"
    smallest = 0
    largest = 1
    cost = Cost.LISTED
    shrinks = True
    ties = ("layers", "scale")
    rule = "a scale needs layers"

    def legal(self, columns):
        return np.asarray((columns["layers"] > 0) | (columns["scale"] == 0))

    def params(self, columns, task):
        return columns["scale"] * columns["hidden_size"]

    def time(self, columns, tokens):
        return [columns["scale"] * tokens * columns["hidden_size"] / 1e5]

    def phrase(self, arch):
        return "scaled" if arch.scale else ""
'''

PROGRAM = """
import numpy as np, torch
from avatar.bundle import read_bundle
from avatar.config.schema import GeneConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.export import export_bundle, load_student
from avatar.measure.latency_model import columns_of, parts
from avatar.serve import Predictor
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, Feasible
from avatar.space.enumerate import count, enumerate_feasible
from avatar.space.repair import Repairer
from avatar.space.sampling import sample_uniform
from avatar.space.cost import count_params
from avatar.space.space import SearchSpace
from avatar.student.encoder import StudentModel
from students import TEXTS, tiny_architecture, tiny_student, tiny_tokenizer

genes = {
    "layers": GeneConfig(low=0, high=2),
    "scale": GeneConfig(choices=[0, 1]),
    "vocab_size": GeneConfig(low=100, high=104),
}
fixed = {"hidden_size": 8, "heads": 2, "intermediate_size": 16, "pooling": "mean", "max_length": 32}
space = SearchSpace.from_config(SearchSpaceConfig("scales", genes, fixed))
feasible = Feasible(space, Budgets(mb=0.1), Task.PAIR)
archs = [arch for block in enumerate_feasible(feasible) for arch in block]
assert count(feasible) == len(archs) == 5 * (1 + 2 * 2), len(archs)
assert {(arch.layers, arch.scale) for arch in archs} == {(0, 0), (1, 0), (1, 1), (2, 0), (2, 1)}
assert "scale" in space.encoded_names and space.encode(archs).shape == (25, 3)
for arch in archs:
    assert sum(weight.numel() for weight in StudentModel(arch, Task.PAIR).parameters()) == count_params(arch, Task.PAIR)
    assert ("scaled" in str(arch)) is bool(arch.scale)
assert parts(columns_of(archs), 20).shape[1] == parts(columns_of([Architecture(hidden_size=8, heads=2)]), 20).shape[1]
repair, rng = Repairer(feasible), np.random.default_rng(0)
broken = space.architectures([archs[0]]).indices[0].copy()
broken[space.names.index("scale")] = 1
assert space.architecture(repair(broken, rng)) == archs[0]
assert len(set(sample_uniform(10, rng, feasible))) == 10
try:
    wrong = {"scale": GeneConfig(choices=[1])}
    SearchSpace.from_config(SearchSpaceConfig("wrong", wrong, {"layers": 0, "pooling": "mean"}))
except Exception as error:
    assert "a scale needs layers" in str(error), error
else:
    raise AssertionError("an illegal space was accepted")
arch = tiny_architecture(scale=1)
model = tiny_student(arch, Task.PAIR)
folder = Path(sys.argv[1]) / "scaled"
export_bundle(model, tiny_tokenizer(), arch, Task.PAIR, folder, TEXTS[:8], "# A student")
assert load_student(read_bundle(folder)).arch.scale == 1
pairs = list(zip(TEXTS[:6], TEXTS[6:12]))
expected = Predictor(folder, runtime="torch").predict(pairs)
np.testing.assert_allclose(Predictor(folder).predict(pairs), expected, atol=1e-4)
"""


def test_a_gene_is_its_own_file_a_field_a_line_and_what_it_does_in_a_student(scratch: Scratch) -> None:
    scratch.write("src/avatar/space/genes/scale.py", GENE)
    scratch.add_after("src/avatar/space/architecture.py", "    window: int = 1", "    scale: int = 0")
    listing = "src/avatar/space/genes/__init__.py"
    scratch.add_after(
        listing,
        "from avatar.space.genes.position import Position",
        "from avatar.space.genes.scale import Scale",
    )
    scratch.add_after(listing, "    Window,", "    Scale,")
    encoder = "src/avatar/student/encoder.py"
    scratch.add_after(
        encoder,
        "        self.windows = Windows(arch.hidden_size, arch.window) if arch.window > 1 else None",
        "        self.factor = nn.Parameter(torch.ones(arch.hidden_size)) if arch.scale else None",
    )
    scratch.add_after(
        encoder,
        "        states = self._embed(input_ids)",
        "        states = states if self.factor is None else states * self.factor",
    )
    assert len(changed(scratch)) <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))

"""A new head and a new pooling: the product of both vectors, and the sum over the tokens."""

from changed import MOST, changed, check_run

from conftest import Scratch

HEAD = '''

@HEADS.register("product")
class Product(nn.Module):
    """The product alone."""

    def __init__(self, vector_size: int, hidden_size: int, dropout: float, num_labels: int) -> None:
        super().__init__()
        self.classifier = _Classifier(vector_size, hidden_size, dropout, num_labels)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.classifier(vectors[:, 0] * vectors[:, 1])
'''

POOLING = '''

@POOLINGS.register("sum")
class Sum(nn.Module):
    """The sum over the tokens."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        return (states * attention_mask.to(states.dtype)[:, :, None]).sum(1)
'''

PROGRAM = """
import pytest
suite = sys.path[0] + "/conformance/"
options = ["-q", "-x", "-p", "no:cacheprovider", "--rootdir", sys.path[0]]
assert pytest.main([*options, suite + "test_heads.py", suite + "test_genes.py"]) == 0
from avatar.bundle import read_bundle
from avatar.data.records import Task
from students import tiny_bundle
genes = {"head": "product", "pooling": "sum", "layers": 0}
check = tiny_bundle(Path(sys.argv[1]) / "bundle", Task.PAIR, scale=1.0, **genes)
assert read_bundle(check.folder).config.symmetric
"""


def test_a_head_and_a_pooling_are_a_module_and_a_line_of_facts_each(scratch: Scratch) -> None:
    scratch.add_after(
        "src/avatar/student/heads.py",
        "        return self.classifier(torch.cat([first + second, (first - second).abs(), first * second], dim=1))",
        HEAD,
    )
    scratch.add_after(
        "src/avatar/space/genes/head.py",
        '    "interaction": HeadFacts(3, symmetric=True),',
        '    "product": HeadFacts(1, symmetric=True),',
    )
    assert len(changed(scratch)) == 2 <= MOST
    scratch.add_after("src/avatar/student/pooling.py", "        return (states * weights).sum(1)", POOLING)
    scratch.add_after("src/avatar/space/genes/pooling.py", '    "mean": PoolingFacts(),', '    "sum": PoolingFacts(),')
    assert len(changed(scratch)) == 4
    check_run(scratch, PROGRAM, str(scratch.root))

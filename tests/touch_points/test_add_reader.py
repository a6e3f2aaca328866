"""A new reader: a folder for each label."""

from changed import MOST, changed, check_run

from conftest import Scratch

READER = '''"""Functions in two folders, good/ and bad/, a file each."""

from avatar.config.schema import DatasetConfig
from avatar.data.readers.assemble import TRAIN, assemble
from avatar.data.readers.function_table import FunctionTable
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Sample, Task
from avatar.data.data_location import locate


@READERS.register("shelves")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    source = locate(cfg, "good/ and bad/")
    table, samples = FunctionTable(), []
    for label, name in enumerate(("good", "bad")):
        for path in sorted((source.folder / name).iterdir()):
            samples.append(Sample(table.add_body(path.read_text(encoding="utf-8")), label))
    return assemble(Task.FUNCTION, table.by_id, {TRAIN: samples}, cfg, seed, source.notes)
'''

CONFIG = "# Functions in two folders\nname: shelves\nfolder: shelves\n"

PROGRAM = """
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import SplitName

for name in ("good", "bad"):
    folder = Path(sys.argv[1]) / "data" / name
    folder.mkdir(parents=True)
    for number in range(40):
        (folder / f"{number}.c").write_text(f"int {name}_{number}(int x) {{ return x + {number}; }}")
corpus = load_corpus(DatasetConfig(name="shelves", root=str(folder.parent)), seed=1)
assert len(corpus.functions) == 80
assert all(set(corpus.labels(split).tolist()) == {0, 1} for split in SplitName)
"""


def test_a_reader_is_a_file_a_line_and_a_config(scratch: Scratch) -> None:
    scratch.write("src/avatar/data/readers/shelves.py", READER)
    scratch.write("conf/dataset/shelves.yaml", CONFIG)
    scratch.add_after(
        "src/avatar/data/readers/__init__.py",
        "from avatar.data.readers import bcb, devign, fixes, groups, pairs, reveal, samples",
        "from avatar.data.readers import shelves",
    )
    assert len(changed(scratch)) == 3 <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))
    composed = scratch.run("train.py", "dataset=shelves", "--cfg", "job", "--package", "dataset")
    assert composed.returncode == 0, composed.stderr
    assert "name: shelves" in composed.stdout

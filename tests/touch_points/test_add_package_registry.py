"""A new registry of packages: archives in a folder of this machine."""

from changed import MOST, changed, check_run

from conftest import Scratch

CLIENT = '''"""Archives in a folder, named NAME-VERSION.tgz."""

import os
import shutil
from pathlib import Path

from avatar.data.corpus.clients.base import CLIENTS


class Folder:
    """Copies an archive from the folder that ARCHIVES names."""

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Client`."""
        return Path(shutil.copy(Path(os.environ["ARCHIVES"]) / f"{name}-{version}.tgz", folder))


CLIENTS.register("folder")(Folder())
'''

PROGRAM = """
import os, tarfile
from avatar.data.corpus.assemble import assemble
from avatar.data.corpus.extract import Rules
from avatar.data.corpus.fetch import fetch
from avatar.data.corpus.package_list import read_list
from avatar.data.corpus.shards import write_shards

root = Path(sys.argv[1])
lines = ["def total_of(values):", "result = 0", "for value in values:", "    result += value * 3 + len(values)"]
(root / "total.py").write_text("\\n    ".join([*lines, "return result"]) + "\\n")
with tarfile.open(root / "small-1.0.tgz", "w:gz") as archive:
    archive.add(root / "total.py", "small/total.py")
os.environ["ARCHIVES"] = str(root)
header = "family,project,split,registry,name,version,languages,licence,folders,sha256"
(root / "list.csv").write_text(header + "\\nsmall,small,train,folder,small,1.0,python,MIT,,\\n")
releases = fetch(read_list(root / "list.csv"), root / "archives", pin=True)
summary = assemble(releases, write_shards(releases, root, Rules()), root)
assert summary.functions["train", "python"] == 1, summary
"""


def test_a_package_registry_is_one_file(scratch: Scratch) -> None:
    scratch.write("src/avatar/data/corpus/clients/folder.py", CLIENT)
    assert len(changed(scratch)) == 1 <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))

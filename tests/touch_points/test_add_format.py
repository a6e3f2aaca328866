"""A new format of a scan's report: lines of a compiler's warnings."""

from changed import MOST, changed, check_run

from conftest import Scratch

FORMAT = '''"""Lines as compilers print them."""

from avatar.serve.scan.formats.base import FORMATS, headline
from avatar.serve.scan.findings import ScanReport


@FORMATS.register("compiler")
def compiler(report: ScanReport) -> str:
    lines = [(finding.functions[0], headline(finding, report.label)) for finding in report.findings]
    return "".join(f"{function.file}:{function.first_line}: warning: {text}\\n" for function, text in lines)
'''

PROGRAM = """
import contextlib, io
from avatar.data.records import Task
from avatar.serve.cli import main
from students import TEXTS, tiny_bundle

root = Path(sys.argv[1])
folder = tiny_bundle(root / "bundle", Task.PAIR).folder
code = root / "code"
code.mkdir()
for name in ("one", "two"):
    (code / f"{name}.py").write_text(TEXTS[0] if not TEXTS[0].startswith(" ") else "class C:\\n" + TEXTS[0])
report = root / "report.txt"
least = ["--min-words", "0", "--min-lines", "0", "--simple"]
arguments = ["scan", str(code), "--bundle", str(folder), "--no-cache", "--quiet", *least]
assert main([*arguments, "--format", "compiler", "--output", str(report)]) == 0
assert ": warning: 2 functions are exact duplicates" in report.read_text(), report.read_text()
with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
    main(["scan", "--help"])
assert "compiler" in printed.getvalue()
"""


def test_a_format_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/serve/scan/formats/compiler.py", FORMAT)
    scratch.add_after(
        "src/avatar/serve/scan/formats/__init__.py",
        "from avatar.serve.scan.formats import html, json_format, sarif, table"
        "  # noqa: F401 - importing registers them",
        "from avatar.serve.scan.formats import compiler",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM, str(scratch.root))

"""The bodies of a workspace's functions, read only where two functions may be clones."""

from collections.abc import Callable, Sequence

from avatar.code.ngrams import Digests
from avatar.serve.scan.findings import Location
from avatar.serve.scan.shared_code import runs_of, shared_runs
from avatar.serve.scan.source_files import SourceFile, read_again


class Bodies:
    """What functions have in common, by the rules of a scan. The runs of a body are kept until `forget`."""

    def __init__(self) -> None:
        self._sources: dict[str, Callable[[], str]] = {}
        self._runs: dict[str, Digests] = {}

    def set_text(self, file: str, content: str) -> None:
        """The text of a file that is open in the editor."""
        self._sources[file] = lambda: content

    def set_file(self, file: str, on_disk: SourceFile) -> None:
        """A file that is read when a body in it is needed; if it cannot be read then, its bodies are empty."""
        self._sources[file] = lambda: read_again(on_disk) or ""

    def remove(self, file: str) -> None:
        """Remove a file; one that is not known is ignored."""
        self._sources.pop(file, None)

    def forget(self, key: str) -> None:
        """Forget a function."""
        self._runs.pop(key, None)

    def shared_runs(self, functions: Sequence[Location]) -> int:
        """How many different runs the functions have in common."""
        new = [one for one in functions if one.key not in self._runs]
        if new:
            self._runs |= runs_of(new, lambda file: self._sources[file]())
        return shared_runs(functions, self._runs)

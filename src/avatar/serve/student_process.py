"""A student in a worker process with a budget: whatever its graphs and its tokenizer do, they end.

Bundles come from others. Their files are checked, but libraries that were not made for hostile input still load them.
`open_student` gives the student that is installed with avatar, and other n-gram students, in this process: they need
numpy only, and nothing in their files can make them slow.
"""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avatar.bundle import BundleConfig, read_bundle
from avatar.common.cores import allowed_cores
from avatar.common.errors import ArtifactError, AvatarError
from avatar.common.worker_process import inside_worker
from avatar.common.workers import EndedError, Nursery, Worker
from avatar.serve.extras import require_packages_for_graphs
from avatar.serve.predictor import Answers, Predictor, chosen_labels

OPEN_SECONDS = 60.0
"""CPU time in which a student must be loaded."""
SECONDS = 10.0
"""CPU time of each call; more for each text and pair. A student needs about 0.005 s for a text, 1e-6 s for a pair."""
SECONDS_PER_TEXT = 0.2
SECONDS_PER_PAIR = 1e-4
MEMORY = 2_000_000_000
GROWTH = 1_000_000_000
MEMORY_PER_THREAD = 256_000_000
"""Each thread reserves some memory, and does not use it."""

_HINT = "use a student that you trust"


class LoadedStudent(Protocol):
    """What the commands need of a student; see `Predictor`."""

    config: BundleConfig
    hidden_size: int

    def answer(self, examples: Sequence[Sequence[str]], languages: Sequence[str | None]) -> Answers:
        """Probabilities, tokens and warnings of examples."""
        ...

    def compare(self, *vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 2) from vectors."""
        ...

    def encode_texts(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> NDArray[np.float32]:
        """Vectors (n, hidden_size) of normalised texts."""
        ...

    def label(self, probabilities: NDArray[np.float64]) -> list[str]:
        """The name of each row's label."""
        ...

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each token."""
        ...


def open_student(
    folder: Path | str, threads: int = 1, *, runtime: str | None = None, precision: str | None = None
) -> LoadedStudent:
    """The student in a bundle. It is in a process of its own, unless it needs no library or this is a worker."""
    if inside_worker() or read_bundle(folder).reads_ngrams:
        return Predictor(folder, threads, runtime=runtime, precision=precision)
    if runtime in (None, "onnxruntime"):  # the extra of openvino has no onnxruntime
        require_packages_for_graphs()
    return StudentProcess(folder, threads, runtime, precision)


_NURSERY = Nursery("avatar.serve.student_process:make_student", memory=MEMORY, growth=GROWTH, quiet=True)
"""Starts the processes of all students; it has loaded their libraries."""


class StudentProcess:
    """The student in `folder`, in a worker process. Safe to share between threads; one call at a time.

    A student that exceeds its budget, or ends its process, is an ArtifactError; the process is then started again.
    """

    def __init__(
        self, folder: Path | str, threads: int = 1, runtime: str | None = None, precision: str | None = None
    ) -> None:
        self.config = read_bundle(folder).config
        self._folder, self._threads = str(folder), threads or allowed_cores()
        self._opening = json.dumps([str(Path(folder).absolute()), threads, runtime, precision]).encode()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._stopped = False
        self.hidden_size: int = json.loads(self._call({"call": "width"}, 0.0))

    def answer(self, examples: Sequence[Sequence[str]], languages: Sequence[str | None]) -> Answers:
        """Probabilities, tokens and warnings of examples."""
        request = {"call": "answer", "examples": [list(one) for one in examples], "languages": list(languages)}
        answer = json.loads(self._call(request, SECONDS_PER_TEXT * sum(map(len, examples))))
        probabilities = np.array(answer["probabilities"], dtype=np.float64).reshape(-1, 2)
        return Answers(probabilities, answer["tokens"], tuple(answer["warnings"]))

    def compare(self, *vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities (n, 2) from vectors (n, hidden_size)."""
        if any(part.ndim != 2 or part.shape[1] != self.hidden_size for part in vectors):
            raise ValueError(f"the vectors are {[part.shape for part in vectors]}, not (n, {self.hidden_size})")
        request = {"call": "compare", "rows": [len(part) for part in vectors]}
        content = b"".join(part.astype("<f4").tobytes() for part in vectors)
        answer = self._call(request, SECONDS_PER_PAIR * len(vectors[0]), content)
        return np.frombuffer(answer, dtype="<f8").reshape(-1, 2)

    def encode_texts(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> NDArray[np.float32]:
        """Vectors (n, hidden_size) of normalised texts."""
        names = None if languages is None else list(languages)
        request = {"call": "encode", "texts": list(texts), "languages": names}
        answer = self._call(request, SECONDS_PER_TEXT * len(texts))
        return np.frombuffer(answer, dtype="<f4").reshape(-1, self.hidden_size)

    def label(self, probabilities: NDArray[np.float64]) -> list[str]:
        """The name of each row's label."""
        return chosen_labels(self.config, probabilities)

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The text of each token."""
        pieces: list[str] = json.loads(self._call({"call": "pieces", "ids": list(ids)}, 0.0))
        return pieces

    def stop(self) -> None:
        """End the process at once, from any thread. Work in progress, and later work, is an AvatarError."""
        self._stopped = True
        worker = self._worker
        if worker is None:
            return
        worker.kill()
        if self._lock.acquire(blocking=False):
            try:
                worker.close()
            finally:
                self._lock.release()

    def _call(self, request: dict[str, Any], seconds: float, content: bytes = b"") -> bytes:
        with self._lock:
            if self._stopped:
                raise AvatarError("the program is ending")
            try:
                worker = self._opened()
                budget = (SECONDS + seconds) * self._threads
                return worker.call(json.dumps(request).encode() + b"\n" + content, budget)
            except EndedError as error:
                if self._stopped:
                    raise AvatarError("the program is ending") from error
                raise ArtifactError(f"the student in {self._folder} was ended: {error.reason}", _HINT) from error

    def _opened(self) -> Worker:
        """The worker, with the loaded student."""
        if self._worker is None or not self._worker.alive:
            self._worker = worker = _NURSERY.worker(MEMORY + MEMORY_PER_THREAD * self._threads)
            try:
                worker.call(self._opening, OPEN_SECONDS)
            except BaseException:
                worker.close()
                raise
        return self._worker


def warm() -> None:
    """Import once what every worker needs. No thread is started."""
    from avatar.serve import checked_runtime, graph_checks, tokenizing  # noqa: F401


def make_student() -> Callable[[bytes], bytes]:
    """The handler of a worker. Its first request names the student; see `StudentProcess` for the others."""
    student: Predictor | None = None
    calls: dict[str, Callable[[Predictor, dict[str, Any], bytes], bytes]] = {
        "answer": lambda student, request, _: _answer(student, request),
        "compare": _compare,
        "encode": lambda student, request, _: (
            student.encode_texts(request["texts"], request["languages"]).astype("<f4").tobytes()
        ),
        "pieces": lambda student, request, _: json.dumps(student.pieces(request["ids"])).encode(),
        "width": lambda student, *_: json.dumps(student.hidden_size).encode(),
    }

    def handle(content: bytes) -> bytes:
        nonlocal student
        if student is None:
            folder, threads, runtime, precision = json.loads(content)
            student = Predictor(folder, threads, runtime=runtime, precision=precision)
            return b""
        head, _, rest = content.partition(b"\n")
        request = json.loads(head)
        return calls[request["call"]](student, request, rest)

    return handle


def _answer(student: Predictor, request: dict[str, Any]) -> bytes:
    answers = student.answer(request["examples"], request["languages"])
    content = {
        "probabilities": answers.probabilities.tolist(),
        "tokens": answers.tokens,
        "warnings": answers.warnings,
    }
    return json.dumps(content).encode()


def _compare(student: Predictor, request: dict[str, Any], content: bytes) -> bytes:
    vectors = np.frombuffer(content, dtype="<f4").reshape(-1, student.hidden_size)
    sides = np.split(vectors, np.cumsum(request["rows"])[:-1])
    return student.compare(*sides).astype("<f8").tobytes()

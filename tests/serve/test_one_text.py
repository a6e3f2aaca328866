"""One function gets one probability from reader, Python, predict, scan, HTTP and editor, in every variant."""

import asyncio
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avatar.code.languages import LANGUAGES
from avatar.code.text import AS_IT_IS, DOCSTRINGS_KEPT, REMOVED, TextRules
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.records import Task
from avatar.serve import Predictor, student_process
from avatar.serve.cli import main
from avatar.serve.http.application import make_app
from avatar.serve.hub import Student
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import Index
from avatar.serve.lsp.server import EditorServer
from avatar.serve.lsp.session import Session
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.formats import FORMATS
from avatar.serve.scan.run_scan import Options, scan, scan_texts
from avatar.serve.scan.student import LazyStudent
from avatar.serve.tokenizing import TextTokenizer
from function_variants import METHODS, documented, in_a_file, variants
from students import TEXTS, tiny_bundle

ALL = tuple(sorted(METHODS))
Bundles = dict[str, Path]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """A student for each rule for docstrings, and one without rules, like bundles of version 1."""
    rules = {"kept": DOCSTRINGS_KEPT, "removed": TextRules(docstrings=REMOVED), "old": AS_IT_IS}
    folder = tmp_path_factory.mktemp("students")
    return {
        name: tiny_bundle(
            folder / name, Task.FUNCTION, text=text, languages=() if name == "old" else ALL, max_length=256
        ).folder
        for name, text in rules.items()
    }


def every_answer(bundle: Path, text: str, language: str, folder: Path) -> dict[str, float]:
    """The probability of one function from each interface; those that read files get it in a file."""
    suffix = LANGUAGES.get(language).suffixes[0]
    predictor = Predictor(bundle)
    student = LazyStudent(bundle, 1)
    every = Options(threshold=0.0, min_lines=0, min_words=0, simple=True, cache=False)
    name, content = f"weigh{suffix}", in_a_file(text, language)
    alone, code = folder / f"alone{suffix}", folder / "code"
    code.mkdir(exist_ok=True)
    alone.write_bytes(text.encode())
    (code / name).write_bytes(content.encode())
    rows = [{"code": text, "label": row % 2} for row in range(20)]
    rows += [{"code": f"int other_{row}(int a) {{\n    return a + {row};\n}}", "label": row % 2} for row in range(40)]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    corpus = load_corpus(DatasetConfig(name="samples", root=str(folder), language=language), 1)
    (read,) = [one.code for one in corpus.functions.values() if "weigh" in one.code]
    index = Index(student, EditorSettings(threshold=0.0, min_lines=0, min_words=0, simple=True), NoCache())
    assert index.update(name, name, content) == ""
    app = TestClient(make_app(student), base_url="http://127.0.0.1")
    body = {"functions": [text], "language": language}
    sent = {"files": {name: content}, "threshold": 0.0, "min_lines": 0, "min_words": 0, "simple": True}
    return {
        "reader": float(predictor.predict([read], language)[0, 1]),
        "Python": float(Student.from_pretrained(bundle).predict([text], language)[0, 1]),
        "vectors": float(predictor.compare(predictor.encode([text], language))[0, 1]),
        "predict": predicted(["predict", str(bundle), str(alone)])["probability"],
        "scan": only(one.probability for one in scan(code, bundle, every).findings),
        "texts": only(one.probability for one in scan_texts([(name, content)], student, every).findings),
        "HTTP": app.post("/predict", json=body).json()["answers"][0]["probability"],
        "HTTP scan": only(one["probability"] for one in app.post("/scan", json=sent).json()["findings"]),
        "editor": only(one.probability for one in index.hints(name)),
    }


def only(result: object) -> float:
    (one,) = result  # type: ignore[misc]
    return float(one)


def predicted(arguments: Sequence[str]) -> dict[str, float]:
    out = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(out, write_through=True)):
        assert main(arguments) == 0
        answer: dict[str, float] = json.loads(out.getvalue())
    return answer


def test_every_language_is_asked_here() -> None:
    assert set(METHODS) == set(LANGUAGES.names())


@pytest.mark.parametrize("language", ALL)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_function_has_one_probability(
    data: st.DataObject,
    language: str,
    bundles: Bundles,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if language != "python":  # processes for one language: each takes a second to start
        monkeypatch.setattr(student_process, "inside_worker", lambda: True)
    kept = data.draw(st.sampled_from(["kept", "removed"]), label="docstrings")
    name = data.draw(st.sampled_from(["weigh", "weigh_it", "weighAll"]), label="name")
    number = data.draw(st.integers(0, 999), label="number")
    text = re.sub(r"\bweigh\b", name, METHODS[language]).replace("= 0", f"= {number}", 1)
    plain = text
    if kept == "removed" or data.draw(st.booleans(), label="docstring"):
        text = documented(text)
    known = variants(text, language)
    way = data.draw(st.sampled_from(sorted(known)), label="variant")
    result = every_answer(bundles[kept], known[way], language, tmp_path_factory.mktemp("asked"))
    wanted = float(Predictor(bundles[kept]).predict([plain if kept == "removed" else text], language)[0, 1])
    assert result == pytest.approx(dict.fromkeys(result, wanted), abs=2e-6)


@pytest.mark.parametrize("language", ALL)
@pytest.mark.parametrize("docstrings", ["kept", "removed"])
def test_all_variants_have_one_text(language: str, docstrings: str, bundles: Bundles) -> None:
    predictor = Predictor(bundles[docstrings])
    known = variants(documented(METHODS[language]), language)
    texts = {way: predictor.text(text, language) for way, text in known.items()}
    wanted = METHODS[language] if docstrings == "removed" else documented(METHODS[language])
    assert texts == dict.fromkeys(texts, wanted)


def test_another_treatment_of_docstrings_is_another_answer(bundles: Bundles) -> None:
    text = documented(METHODS["python"])
    kept, removed = (Predictor(bundles[name]).predict([text], "python")[0, 1] for name in ("kept", "removed"))
    assert abs(kept - removed) > 1e-4


def test_an_old_bundle_answers_as_it_did(bundles: Bundles, tmp_path: Path) -> None:
    config = json.loads((bundles["old"] / "config.json").read_text())
    text = documented(METHODS["python"])
    predictor = Predictor(bundles["old"])
    assert config["text"]["version"] == 0
    assert [predictor.text(one) for one in (text, "\ufeff" + text, "\tx\r\n")] == [text, "\ufeff" + text, "\tx\r\n"]
    (tmp_path / "a.py").write_bytes(("class A:\n" + re.sub("(?m)^(?=.)", "\t", text)).replace("\n", "\r\n").encode())
    options = Options(threshold=0.0, min_lines=0, min_words=0, simple=True, cache=False)
    (result,) = scan(tmp_path, bundles["old"], options).findings
    wanted = float(predictor.predict([METHODS["python"]])[0, 1])  # the old scan removed indentation and docstring
    assert result.probability == pytest.approx(wanted, abs=2e-6)


@pytest.fixture(scope="module")
def java_student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("java") / "bundle", Task.FUNCTION, languages=("java",)).folder


WARNING = "this student was trained on Java, not on Python: its predictions for Python may be wrong"


def test_another_language_is_told_by_predict(java_student: Path, tmp_path: Path) -> None:
    for name in ("a.py", "a.java", "a.txt"):
        (tmp_path / name).write_text(METHODS["python" if name == "a.py" else "java"])
    asked = ["predict", str(java_student)]
    assert predicted([*asked, str(tmp_path / "a.py")])["warnings"] == [WARNING]
    assert predicted([*asked, str(tmp_path / "a.java")])["warnings"] == []
    assert predicted([*asked, str(tmp_path / "a.txt")])["warnings"] == []
    assert predicted([*asked, str(tmp_path / "a.txt"), "--language", "python"])["warnings"] == [WARNING]


def test_another_language_is_told_over_http(java_student: Path) -> None:
    app = TestClient(make_app(LazyStudent(java_student, 1)), base_url="http://127.0.0.1")
    for language, expected in (("python", [WARNING]), ("java", []), (None, [])):
        body = {"functions": ["x = 1"], "language": language}
        assert app.post("/predict", json=body).json()["warnings"] == expected
    assert app.get("/health").json()["languages"] == ["Java"]
    assert app.post("/predict", json={"functions": ["x"], "language": "klingon"}).status_code == 422
    for name, expected in (("a.py", [WARNING]), ("A.java", [])):
        language = "python" if name == "a.py" else "java"
        sent = {"files": {name: METHODS[language]}, "min_lines": 0, "min_words": 0, "simple": True}
        assert app.post("/scan", json=sent).json()["warnings"] == expected


@pytest.mark.parametrize("form", ["table", "json", "html", "sarif"])
def test_another_language_is_told_in_every_report(java_student: Path, tmp_path: Path, form: str) -> None:
    (tmp_path / "a.py").write_text(METHODS["python"])
    options = Options(min_lines=0, min_words=0, simple=True, cache=False)
    assert WARNING in FORMATS.get(form)(scan(tmp_path, java_student, options))
    (tmp_path / "a.py").rename(tmp_path / "a.txt")
    (tmp_path / "A.java").write_text(METHODS["java"])
    assert "trained on" not in FORMATS.get(form)(scan(tmp_path, java_student, options))


def test_another_language_is_told_once_in_the_editor(java_student: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EditorServer(Session(LazyStudent(java_student, 1), cached=False))
    told: list[str] = []
    monkeypatch.setattr(server, "window_show_message", lambda params: told.append(params.message))
    monkeypatch.setattr(server, "_file", lambda address: address)
    monkeypatch.setattr(server, "refresh", lambda: asyncio.sleep(0))

    async def look(name: str, language: str) -> None:
        document = SimpleNamespace(language_id=language, source=METHODS[language])
        monkeypatch.setattr(server, "_document", lambda address: document)
        await server._update(f"file:///{name}")

    async def edits() -> None:
        for name, language in (("A.java", "java"), ("a.py", "python"), ("b.py", "python"), ("a.py", "python")):
            await look(name, language)

    asyncio.run(edits())
    server.session.stop()
    assert told == [f"avatar: {WARNING}"]


@pytest.fixture
def tokenized(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each text was tokenized; students are in this process, where it is counted."""
    monkeypatch.setattr(student_process, "inside_worker", lambda: True)
    counts: Counter[str] = Counter()
    call: Callable[[TextTokenizer, Sequence[str]], list[list[int]]] = TextTokenizer.__call__

    def counting(self: TextTokenizer, texts: Sequence[str]) -> list[list[int]]:
        counts.update(texts)
        return call(self, texts)

    monkeypatch.setattr(TextTokenizer, "__call__", counting)
    return counts


SEVERAL = "\n\n".join(text for text in TEXTS if not text.startswith(" "))


@pytest.mark.parametrize("way", ["predict", "HTTP", "scan", "scan twice", "texts", "editor"])
def test_no_text_is_tokenized_twice(way: str, clone_student: Path, tmp_path: Path, tokenized: Counter[str]) -> None:
    student = LazyStudent(clone_student, 1)
    pair = ["def f(a):\n    return a\n", "def f(a):\r\n    return a + 1\r\n"]
    options = Options(
        threshold=0.5, min_lines=0, min_words=0, simple=True, cache=way == "scan twice", cache_folder=tmp_path / "kept"
    )
    code = tmp_path / "code"
    code.mkdir()
    for name in ("a.py", "b.py"):
        (code / name).write_text(SEVERAL)
    if way == "predict":
        for row, text in enumerate(pair):
            (tmp_path / f"{row}.py").write_text(text)
        predicted(["predict", str(clone_student), *(str(tmp_path / f"{row}.py") for row in range(2))])
    elif way == "HTTP":
        app = TestClient(make_app(student), base_url="http://127.0.0.1")
        assert app.post("/predict", json={"pairs": [pair, pair[::-1]], "tokens": True}).status_code == 200
    elif way == "texts":
        scan_texts([("a.py", SEVERAL), ("b.py", SEVERAL)], student, options)
    elif way == "editor":
        index = Index(student, EditorSettings(threshold=0.5, min_lines=0, min_words=0, simple=True), NoCache())
        for text in (SEVERAL, "\n" + SEVERAL, SEVERAL + "\n\ndef last(a):\n    return a\n"):
            index.update("a.py", "a.py", text)
            index.hints("a.py")
    else:
        for _ in range(1 + (way == "scan twice")):
            scan(code, clone_student, options)
    assert tokenized
    assert max(tokenized.values()) == 1

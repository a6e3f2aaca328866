import json
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from avatar.common.errors import ConfigError
from avatar.serve import Predictor
from avatar.serve.http.application import MAX_FUNCTIONS, make_app
from avatar.serve.http.demo_page import page, policy
from avatar.serve.http.limits import MAX_BODY_BYTES
from avatar.serve.http.serve_command import loopback
from avatar.serve.scan.student import LazyStudent
from students import TEXTS

LARGE = [text for text in TEXTS if 8 < text.count("\n") < 40][:6]


@pytest.fixture(scope="module")
def clones(clone_student: Path) -> TestClient:
    return TestClient(make_app(LazyStudent(clone_student, 1)), base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def faults(fault_student: Path) -> TestClient:
    return TestClient(make_app(LazyStudent(fault_student, 1)), base_url="http://127.0.0.1")


def test_pairs_get_the_predictors_answer(clones: TestClient, clone_student: Path) -> None:
    pairs = [(TEXTS[0], TEXTS[1]), (TEXTS[2], TEXTS[2])]
    answer = clones.post("/predict", json={"pairs": pairs}).json()
    predictor = Predictor(clone_student)
    expected = predictor.predict(pairs)
    assert np.allclose([one["probability"] for one in answer["answers"]], expected[:, 1])
    assert [one["label"] for one in answer["answers"]] == predictor.label(expected)
    assert answer["answers"][0]["token_counts"] == [len(row) for row in predictor.tokenize(list(pairs[0]))]
    assert answer["answers"][0]["tokens"] is None
    assert answer["milliseconds"] > 0


def test_tokens_are_given_as_text(clones: TestClient) -> None:
    answer = clones.post("/predict", json={"pairs": [["def f(a): return a", "ä𝔘"]], "tokens": True}).json()
    first = answer["answers"][0]["tokens"][0]
    assert "".join(first[1:]).replace(" ", "") == "deff(a):returna\n"


def test_functions_get_the_predictors_answer(faults: TestClient, fault_student: Path) -> None:
    answer = faults.post("/predict", json={"functions": TEXTS[:3]}).json()
    expected = Predictor(fault_student).predict(TEXTS[:3])[:, 1]
    assert np.allclose([one["probability"] for one in answer["answers"]], expected)


def test_scan_finds_what_was_sent(clones: TestClient) -> None:
    files = {"a.py": LARGE[0], "b/c.py": "\n".join(LARGE[1:4]), "d.py": "class D:\n    x = 1\n" + LARGE[0]}
    answer = clones.post("/scan", json={"files": files, "threshold": 1.0, "min_lines": 1}).json()
    (group,) = answer["findings"]
    assert [one["file"] for one in group["functions"]] == ["a.py", "d.py"]
    assert group["exact"]
    assert group["probability"] == 1.0


def test_scan_says_what_it_left_out(clones: TestClient) -> None:
    files = {"a.py": "# @generated\n" + LARGE[0], "b.py": "def f(:\n" + LARGE[1]}
    answer = clones.post("/scan", json={"files": files}).json()
    assert answer["skipped"] == [{"file": "a.py", "reason": "generated"}]
    assert [one["file"] for one in answer["notes"]] == ["b.py"]


def test_too_many_functions_are_refused(clones: TestClient) -> None:
    text = "".join(f"def f{number}(a):\n    return a + {number}\n" for number in range(MAX_FUNCTIONS + 1))
    answer = clones.post("/scan", json={"files": {"a.py": text}, "min_lines": 0, "min_words": 0, "simple": True})
    assert answer.status_code == 422
    assert "more than" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'"\\ud800"', 422),
        (b'{"pairs": []}', 422),
        (b'{"pairs": [["a"]]}', 422),
        (b'{"pairs": [["a", "b", "c"]]}', 422),
        (b'{"pairs": [["a", " \\n"]]}', 422),
        (b'{"pairs": [["a", "\\ud800"]]}', 422),
        (b'{"pairs": [["a", 7]]}', 422),
        (b'{"pair": [["a", "b"]]}', 422),
        (b'{"pairs": [["a", "b"]], "token": true}', 422),
        (json.dumps({"pairs": [["a", "b"]] * 513}).encode(), 422),
        (json.dumps({"pairs": [["a", "b" * 200_001]]}).encode(), 422),
        (b" " * (MAX_BODY_BYTES + 1), 413),
        (json.dumps({str(number): 1 for number in range(100_000)}).encode(), 422),
        (b"[" * 100_000, 400),
        (b"\xff\xfe", 422),
    ],
)
def test_bad_requests_get_one_clear_answer(clones: TestClient, body: bytes, status: int) -> None:
    answer = clones.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize("name", ["a.txt", "a", "", "a.py\n", "a\x00.py"])
def test_files_in_no_known_language_are_refused(clones: TestClient, name: str) -> None:
    assert clones.post("/scan", json={"files": {name: "x"}}).status_code == 422


def test_too_many_files_are_refused_before_they_are_looked_at(clones: TestClient) -> None:
    answer = clones.post("/scan", json={"files": {str(number): 1 for number in range(100_000)}})
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) < 300


def test_unknown_places_and_methods(clones: TestClient) -> None:
    assert clones.get("/nowhere").status_code == 404
    assert clones.get("/predict").status_code == 405
    assert clones.get("/docs").status_code == 404


def test_a_foreign_host_name_is_refused(clones: TestClient) -> None:
    assert clones.get("/health", headers={"host": "evil.example"}).status_code == 400


def test_health_tells_what_is_loaded(faults: TestClient) -> None:
    result = faults.get("/health").json()
    assert (result["status"], result["task"], result["arity"]) == ("ok", "function", 1)


def test_the_page_loads_nothing_from_elsewhere(clones: TestClient) -> None:
    answer = clones.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == policy()
    assert policy().count("sha256-") == 2
    assert "http:" not in page()
    assert "https:" not in page()
    assert "//" not in page().replace("</", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com", "::", ""])
def test_others_cannot_be_let_in(host: str) -> None:
    with pytest.raises(ConfigError, match="not a loopback address"):
        loopback(host)


@pytest.mark.parametrize(
    ("host", "address"), [("localhost", "127.0.0.1"), ("[::1]", "::1"), ("127.0.0.9", "127.0.0.9")]
)
def test_loopback_addresses(host: str, address: str) -> None:
    assert loopback(host) == address

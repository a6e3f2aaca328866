import json
from dataclasses import replace
from pathlib import Path

import pytest

from avatar.bundle import CONFIG, MANIFEST, Bundle, BundleConfig, read_bundle, write_config, write_manifest
from avatar.bundle.format import ALWAYS, PRECISIONS
from avatar.code.text import AS_IT_IS, REMOVED, TextRules
from avatar.common.errors import ArtifactError

FILES = (*PRECISIONS["fp32"].names, *PRECISIONS["int8"].names, *ALWAYS)

CONFIG_VALUES = BundleConfig(task="pair", max_length=64, labels=("different", "clone"), architecture={"layers": 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).write_bytes(f"content of {name}".encode())
    write_config(tmp_path, CONFIG_VALUES)
    write_manifest(tmp_path)
    return tmp_path


def test_reads_what_was_written(folder: Path) -> None:
    bundle = read_bundle(folder)
    assert bundle.config == CONFIG_VALUES
    assert set(bundle.digests) == set(FILES)
    assert bundle.size_bytes == sum(path.stat().st_size for path in folder.iterdir())


def test_size_counts_only_what_is_shipped(folder: Path) -> None:
    before = read_bundle(folder).size_bytes
    (folder / "notes.txt").write_text("mine")
    assert read_bundle(folder).size_bytes == before


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_refuses_a_damaged_file_by_name(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[:-1])
    else:
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
        read_bundle(folder)


def test_refuses_a_folder_without_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    with pytest.raises(ArtifactError, match=MANIFEST):
        read_bundle(folder)


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no bundle"):
        read_bundle(tmp_path / "nothing")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 9}',
        b'{"version": 1, "files": {}}',
        b'{"version": 1, "files": {"../secret": {"sha256": "0", "bytes": 1}}}',
        b'{"version": 1, "files": {"..": {"sha256": "0", "bytes": 1}}}',
        b'{"version": 1, "files": {"a": 3}}',
    ],
)
def test_refuses_a_broken_manifest(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactError, match=MANIFEST):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"task": "triple"}, "triple"),
        ({"labels": ["clone", "clone"]}, "labels"),
        ({"temperature": 0}, "temperature"),
        ({"threshold": 1.5}, "threshold"),
        ({"max_length": "long"}, "long"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refuses_a_config_with_a_wrong_value(folder: Path, change: dict[str, object], said: str) -> None:
    (folder / CONFIG).write_text(json.dumps({**CONFIG_VALUES.as_dict(), **change}))
    write_manifest(folder)
    with pytest.raises(ArtifactError, match=said):
        read_bundle(folder)


def test_names_every_missing_key(folder: Path) -> None:
    (folder / CONFIG).write_text('{"labels": ["a", "b"]}')
    write_manifest(folder)
    with pytest.raises(ArtifactError, match=r"max_length.*task"):
        read_bundle(folder)


def test_does_not_write_a_config_that_it_would_refuse(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="temperature"):
        write_config(tmp_path, replace(CONFIG_VALUES, temperature=float("nan")))
    assert not list(tmp_path.iterdir())


def test_no_manifest_for_an_incomplete_folder(tmp_path: Path) -> None:
    write_config(tmp_path, CONFIG_VALUES)
    with pytest.raises(ArtifactError, match=r"model\.safetensors"):
        write_manifest(tmp_path)


def test_bundle_gives_full_paths(folder: Path) -> None:
    bundle: Bundle = read_bundle(str(folder))
    assert bundle.path(CONFIG).read_text() == (folder / CONFIG).read_text()


def without(folder: Path, precision: str) -> None:
    for name in PRECISIONS[precision].names:
        (folder / name).unlink()
    write_manifest(folder)


def test_the_first_precision_is_the_default(folder: Path) -> None:
    bundle = read_bundle(folder)
    assert bundle.precisions == ("fp32", "int8")
    assert bundle.parts() == PRECISIONS["fp32"]
    assert bundle.parts("int8") == PRECISIONS["int8"]


@pytest.mark.parametrize(("kept", "dropped"), [("fp32", "int8"), ("int8", "fp32")])
def test_one_precision_is_enough(folder: Path, kept: str, dropped: str) -> None:
    without(folder, dropped)
    bundle = read_bundle(folder)
    assert bundle.precisions == (kept,)
    assert bundle.parts() == PRECISIONS[kept]
    with pytest.raises(ArtifactError, match=f"no {dropped} variant"):
        bundle.parts(dropped)


@pytest.mark.parametrize("name", PRECISIONS["int8"].names)
def test_half_a_precision_is_refused(folder: Path, name: str) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"][name]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
        read_bundle(folder)


@pytest.mark.parametrize(
    ("genes", "expected"),
    [
        ({"layers": 0, "position": "none", "pooling": "max"}, True),
        ({"layers": 1, "position": "none", "pooling": "max"}, False),
        ({"layers": 0, "position": "none", "pooling": "mean"}, False),
        ({"layers": 0, "position": "absolute", "pooling": "max"}, False),
        ({}, False),
    ],
)
def test_an_older_bundle_tells_by_its_genes_who_reads_a_set(genes: dict[str, object], expected: bool) -> None:
    values = CONFIG_VALUES.as_dict()
    del values["reads_a_set"], values["symmetric"]
    assert BundleConfig.from_dict({**values, "architecture": genes}).reads_a_set is expected
    assert BundleConfig.from_dict({**values, "architecture": {**genes, "head": "interaction"}}).symmetric
    assert not BundleConfig.from_dict({**values, "architecture": genes}).symmetric


@pytest.mark.parametrize("key", ["reads_a_set", "symmetric"])
def test_what_the_export_recorded_counts_whatever_the_genes_are_called(key: str) -> None:
    values = {**CONFIG_VALUES.as_dict(), "architecture": {"pooling": "one of next year"}, key: True}
    assert getattr(BundleConfig.from_dict(values), key)


def test_languages_and_rules_for_texts_are_recorded(folder: Path) -> None:
    config = replace(CONFIG_VALUES, languages=("c", "cpp"), text=TextRules(docstrings=REMOVED))
    write_config(folder, config)
    write_manifest(folder)
    assert read_bundle(folder).config == config
    content = json.loads((folder / CONFIG).read_text())
    assert (content["languages"], content["text"]) == (["c", "cpp"], {"docstrings": "removed", "version": 1})


def test_a_bundle_without_them_is_read_as_it_was(folder: Path) -> None:
    content = json.loads((folder / CONFIG).read_text())
    del content["languages"], content["text"]
    (folder / CONFIG).write_text(json.dumps(content))
    write_manifest(folder)
    config = read_bundle(folder).config
    assert (config.languages, config.text) == ((), AS_IT_IS)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("languages", "java"),
        ("languages", [1]),
        ("text", None),
        ("text", []),
        ("text", {"version": 1}),
        ("text", {"version": 99, "docstrings": "kept"}),
        ("text", {"version": "x", "docstrings": "kept"}),
        ("text", {"version": 1, "docstrings": "eaten"}),
    ],
)
def test_refuses_languages_and_rules_that_it_does_not_know(folder: Path, key: str, value: object) -> None:
    content = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**content, key: value}))
    write_manifest(folder)
    with pytest.raises(ArtifactError, match=key):
        read_bundle(folder)

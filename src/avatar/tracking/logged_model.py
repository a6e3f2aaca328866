"""A bundle as an MLflow model: logged with its code, loaded without pickle."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from avatar.serve import Predictor
from avatar.tracking.mlflow_store import Store
from avatar.tracking.quiet import quiet

quiet()

import mlflow.pyfunc  # noqa: E402
from mlflow.entities import LoggedModelStatus  # noqa: E402
from mlflow.models import Model, ModelSignature  # noqa: E402
from mlflow.types import ColSpec, DataType, Schema  # noqa: E402

MODEL_NAME = "student"
CODE = Path(__file__).with_name("pyfunc_code.py")
"""The model as source code: MLflow runs this file, so nothing is unpickled."""


def log_bundle(store: Store, run_id: str, bundle: Path, examples: Sequence[str] | Sequence[tuple[str, str]]) -> str:
    """Log `bundle` to a run, with `examples` (at least one) as the input example; returns the address `models:/...`.

    The model takes a data frame with the column code, or code1 and code2, and returns probability (of the second
    label) and label. It contains the source of this package, so a server without avatar can run it. If the run has a
    model already, that one is kept.
    """
    run = store.client.get_run(run_id)
    for output in run.outputs.model_outputs if run.outputs else ():
        if store.client.get_logged_model(output.model_id).status == LoggedModelStatus.READY:
            return f"models:/{output.model_id}"
    predictor = Predictor(bundle, threads=1)
    columns = ["code"] if predictor.config.arity == 1 else ["code1", "code2"]
    example = pd.DataFrame([(row,) if isinstance(row, str) else tuple(row) for row in examples], columns=columns)
    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, name) for name in columns]),
        outputs=Schema([ColSpec(DataType.double, "probability"), ColSpec(DataType.string, "label")]),
    )
    needs = ("numpy", "pandas", "onnxruntime", "tokenizers", "mlflow")
    # without this, Model.log puts the model into MLflow's default experiment, in ./mlruns
    logged = store.client.create_logged_model(
        run.info.experiment_id, name=MODEL_NAME, source_run_id=run_id, params=run.data.params
    )
    info = Model.log(
        artifact_path=None,
        name=MODEL_NAME,
        model_id=logged.model_id,
        flavor=mlflow.pyfunc,
        run_id=run_id,
        python_model=str(CODE),
        artifacts={"bundle": str(bundle)},
        code_paths=[str(Path(__file__).parents[1])],
        signature=signature,
        input_example=example,
        pip_requirements=[f"{name}=={version(name)}" for name in needs],
    )
    return str(info.model_uri)

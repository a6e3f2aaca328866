"""The code that MLflow runs when it loads a logged student (MLflow calls this "models from code")."""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from avatar.serve import Predictor


class PyfuncStudent(PythonModel):
    """A student that takes a data frame of code and returns probability and label."""

    def load_context(self, context: Any) -> None:
        """Open the bundle among the model's artifacts."""
        self.predictor = Predictor(context.artifacts["bundle"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """From the columns code, or code1 and code2, to probability (of the second label) and label."""
        pairs = self.predictor.config.arity == 2
        columns = ["code1", "code2"] if pairs else ["code"]
        texts = [list(map(str, model_input[column])) for column in columns]
        probabilities = self.predictor.predict(list(zip(*texts, strict=True)) if pairs else texts[0])
        return pd.DataFrame(
            {"probability": probabilities[:, 1], "label": self.predictor.label(probabilities)},
            index=model_input.index,
        )


set_model(PyfuncStudent())

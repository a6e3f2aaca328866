"""MLflow: the store, a run for each sweep, job and model, and the student as an MLflow model."""

"""The launcher of `executor=joblib`, in the package where Hydra looks for launchers."""

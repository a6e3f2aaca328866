"""The parent run of a sweep: opened before its jobs; the same sweep started again gets the same parent run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from avatar.common.hashing import stable_hash
from avatar.config.schema import TrackingConfig
from avatar.tracking.changes import SWEEP_ENDED, Change
from avatar.tracking.delivery import Delivery, send_waiting
from avatar.tracking.mlflow_store import Store, open_store
from avatar.tracking.mlflow_values import VOLATILE, standard_tags
from avatar.tracking.recorded_run import NAME_TAG


def sweep_hash(config: Mapping[str, Any], overrides: list[str]) -> str:
    """Digest of a sweep: its base config and its overrides, without the settings in `VOLATILE`."""
    kept = {name: value for name, value in config.items() if name not in (*VOLATILE, "hydra")}
    kept_overrides = sorted(text for text in overrides if text.lstrip("+~").split("=")[0].split(".")[0] not in VOLATILE)
    return stable_hash({"config": kept, "overrides": kept_overrides})


def open_sweep(
    cfg: TrackingConfig, experiment: str, name: str, digest: str, output_dir: str, root: Path | None = None
) -> tuple[Store, str]:
    """The store, made if needed, and the id of the sweep's parent run: that with this `digest`, or a new one."""
    store = open_store(cfg, experiment, root)
    send_waiting(store)
    tags = {
        NAME_TAG: name,
        "stage": "sweep",
        "sweep_hash": digest,
        "output_dir": output_dir,
        **standard_tags((root or Path.cwd()).resolve()),
    }
    parents = store.client.search_runs(
        [store.experiment_id],
        f"tags.sweep_hash = '{digest}'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    if not parents:
        return store, str(store.client.create_run(store.experiment_id, tags=tags, run_name=name).info.run_id)
    run_id = str(parents[0].info.run_id)
    store.client.update_run(run_id, status="RUNNING")
    for key, value in tags.items():
        store.client.set_tag(run_id, key, value)
    return store, run_id


def close_sweep(store: Store, run_id: str, interrupted: bool = False) -> None:
    """End the parent run, as `recorded_run.end_sweep` does; later, if the store does not answer."""
    delivery = Delivery(store, strict=False)
    try:
        delivery.send(Change(SWEEP_ENDED, run_id, {"interrupted": interrupted}))
    finally:
        delivery.finish()

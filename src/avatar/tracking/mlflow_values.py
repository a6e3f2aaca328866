"""The configuration, metrics and tags of a job, as the strings and numbers that MLflow stores."""

import dataclasses
import hashlib
import json
import math
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from avatar.common.hashing import stable_hash
from avatar.config.schema import Config
from avatar.tracking.address import without_password

VOLATILE = ("output_dir", "parent_run", "debug", "plan", "tracking", "executor", "artifacts")
"""Settings that change where and how a job runs, but not its result."""

LONGEST_VALUE = 6000
"""MLflow's limit for the value of a param, in characters."""

PARENT_VARIABLE = "AVATAR_PARENT_RUN"
"""Environment variable with the id of the sweep's parent run, for its jobs in other processes."""

METRIC = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")


def parent_of(cfg: Config) -> str | None:
    """Id of the sweep's parent run, from the config or from the environment variable that the sweep set."""
    return cfg.parent_run or os.environ.get(PARENT_VARIABLE) or None


def config_hash(cfg: Config) -> str:
    """Digest of all settings that the result of the job depends on; equal digests mean the same job."""
    values = dataclasses.asdict(cfg)
    return stable_hash({name: value for name, value in values.items() if name not in VOLATILE})


def config_yaml(cfg: Config) -> str:
    """The whole configuration as YAML, groups in the order of the schema, without the tracking store's password."""
    values = dataclasses.asdict(cfg)
    values["tracking"]["uri"] = without_password(cfg.tracking.uri, cfg.tracking.uri)
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def result_yaml(cfg: Config) -> str:
    """The settings that the result of the job depends on, as YAML, groups in the order of the schema."""
    values = {name: value for name, value in dataclasses.asdict(cfg).items() if name not in VOLATILE}
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def flat_params(cfg: Config) -> dict[str, str]:
    """The configuration as MLflow params: dotted names, lists as JSON, without the settings in `VOLATILE`.

    A value that is too long for MLflow is cut and ends with its SHA-256; config.yaml has the whole value.
    """
    params: dict[str, str] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for name, inner in value.items():
                walk(f"{prefix}.{name}" if prefix else str(name), inner)
            return
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        if len(text) > LONGEST_VALUE:
            mark = f"... sha256:{hashlib.sha256(text.encode()).hexdigest()}"
            text = text[: LONGEST_VALUE - len(mark)] + mark
        params[re.sub(r"[^\w./ :-]", "_", prefix)] = text

    walk("", {name: value for name, value in dataclasses.asdict(cfg).items() if name not in VOLATILE})
    return params


def finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """The metrics with a finite value: None, NaN and infinities are left out.

    Raises ValueError for a name that is not of the form `group/name` in lower case.
    """
    for name in metrics:
        if not METRIC.fullmatch(name):
            raise ValueError(f"metric '{name}' is not of the form group/name, such as test/accuracy")
    return {name: float(value) for name, value in metrics.items() if value is not None and math.isfinite(value)}


def standard_tags(root: Path) -> dict[str, str]:
    """Tags of every run: the machine, and the git commit if `root` is in a repository."""
    tags = {"machine": platform.node() or platform.platform()}
    git = shutil.which("git")
    if git is not None:
        result = subprocess.run(
            [git, "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        if result.returncode == 0:
            tags["git_commit"] = result.stdout.strip()
    return tags

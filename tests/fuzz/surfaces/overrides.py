"""Arguments of train.py: keys, values, sweeps and choices, up to the checks of the configuration."""

import copy
from contextlib import suppress
from pathlib import Path
from random import Random
from unittest import mock

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.global_hydra import GlobalHydra
from hypothesis import strategies as st
from mutation import changed_text, mutated, randoms
from surface import Harness, Surface

from avatar.checks import devices, inputs, registered
from avatar.checks.preflight import problems_of, typed
from avatar.config import checks, register_schema
from avatar.config.command_line import readable
from avatar.config.composition import known_keys
from avatar.config.error_messages import user_error
from avatar.config.problems import refuse

CONF = Path(__file__).resolve().parents[3] / "conf"
VALUES = (
    "",
    "null",
    "true",
    "1",
    "0",
    "-1",
    "1.5",
    "1e999",
    "nan",
    "inf",
    "-inf",
    "007",
    "0x10",
    "9" * 5_000,
    "1_000",
    "١",
)
VALUES += (
    "[]",
    "[1,2]",
    "[a,[b,{c: d}]]",
    "{}",
    "{a: 1}",
    "{a: {b: [c]}}",
    "[",
    "{a",
    "'",
    '"',
    "\\",
    "a,b",
    "1,2,3",
    "a b",
    "~",
)
VALUES += (
    "${seed}",
    "${nothing}",
    "${oc.env:HOME}",
    "${oc.env:NOTHING}",
    "${",
    "${hydra:runtime.cwd}",
    "${a.b[0]}",
    "???",
    "$",
)
VALUES += (
    "range(1,3)",
    "choice(a,b)",
    "interval(0,1)",
    "glob(*)",
    "sort(3,2)",
    "shuffle(1,2)",
    "int(3.5)",
    "str(1)",
    "é",
    "\0",
)
VALUES += (
    "\udcff",
    "x" * 5_000,
    "../..",
    "/",
    "/dev/null",
    "a\nb",
    "\x1b[31m",
    "a=b",
    "a:b",
    "@",
    "(",
    ")",
    "{" * 300,
    "[" * 300,
)
PREFIXES = ("", "", "", "", "+", "++", "~", " ", "-", "--", "hydra.", "_", ".")
GROUPS = {
    path.name: sorted(one.stem for one in path.glob("*.yaml"))
    for path in sorted(CONF.iterdir())
    if any(path.glob("*.yaml"))
}


def override(random: Random) -> str:
    """One argument, usually of a key that exists."""
    if random.random() < 0.3:
        group = random.choice([*GROUPS])
        plus = "+" if group == "experiment" else ""
        return f"{plus}{group}={random.choice(GROUPS[group])}"
    value = random.choice(VALUES)
    key = random.choice(known_keys())
    return f"{random.choice(PREFIXES)}{key}{random.choice(('=', '=', '=', '=', '.x=', '', ' = ', '==', ':='))}{value}"


def arguments(random: Random) -> list[str]:
    """A few arguments."""
    texts = [override(random) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    if random.random() < 0.2:
        row = random.randrange(len(texts))
        texts[row] = mutated(texts[row], random, lambda text, own: changed_text(text, own, VALUES))
    return [text.replace("\0", "") for text in texts]  # no program can be given one


def make(folder: Path) -> Harness:
    """Each input is a list of arguments. The YAML files are read once."""
    register_schema()
    loaded: dict[tuple[str, str], object] = {}
    load = FileConfigSource.load_config

    def once(self: FileConfigSource, path: str) -> object:
        if (self.path, path) not in loaded:
            loaded[self.path, path] = load(self, path)
        return copy.deepcopy(loaded[self.path, path])

    def run(value: list[str]) -> None:
        GlobalHydra.instance().clear()
        with mock.patch.object(FileConfigSource, "load_config", once), suppress(SystemExit):
            try:
                with initialize_config_dir(str(CONF), version_base="1.3"):
                    cfg = typed(compose("config", [*readable(value), f"output_dir={folder}"]))
                    refuse(problems_of(cfg, [*checks.CHECKS, *registered.CHECKS, *inputs.CHECKS, *devices.CHECKS]))
            except Exception as error:
                ours = user_error(error, CONF)
                if ours is None:
                    raise
                raise ours from error

    return Harness(st.builds(arguments, randoms()), run)


SURFACE = Surface("overrides of train.py", make, seconds=4.0, short=15)

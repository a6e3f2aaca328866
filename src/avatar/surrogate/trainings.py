"""The table of recorded trainings: which student, on which data, how long it was trained, and its score."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from avatar.common.errors import AvatarError, DataError
from avatar.common.files import write_text
from avatar.common.paths import user_path
from avatar.space.architecture import TYPES, Architecture
from avatar.surrogate.descriptors import Descriptors

PACKAGED = "trainings.csv"
"""The table in the package; trainings.md beside it says where its rows come from."""
GENE, ABOUT = "gene.", "data."
"""How the names of the columns of genes and of descriptors begin."""
HINT = "make the table with `python -m avatar.pipeline.trainings ARTIFACTS --table FILE`"


@dataclass(frozen=True)
class Training:
    """One training of one student. `score` is that on valid by `metric`; `curve` are those after each epoch.

    `data` is the key of the data set, `recipe` a digest of the settings of the training: scores of trainings that
    differ in one of these or in their length are not compared. `examples` were used, `share` of all.
    """

    key: str
    made: str
    name: str
    data: str
    metric: str
    recipe: str
    seed: int
    share: float
    epochs: int
    examples: int
    seconds: float
    score: float
    curve: tuple[float, ...]
    arch: Architecture
    about: Descriptors

    @property
    def session(self) -> tuple[object, ...]:
        """Trainings with the same session differ in the architecture and the seed only."""
        return self.data, self.metric, self.recipe, self.examples, self.epochs


_OWN = {entry.name: entry.type for entry in fields(Training) if entry.name not in ("curve", "arch", "about")}
_DESCRIPTORS = {entry.name: entry.type for entry in fields(Descriptors)}
_CASTS: dict[Any, Any] = {int: int, float: float, str: str}


def to_csv(trainings: Iterable[Training]) -> str:
    """The table as text, one row a training, sorted by data set and key."""
    header = [*_OWN, "curve", *(ABOUT + name for name in _DESCRIPTORS), *(GENE + name for name in TYPES)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, header, lineterminator="\n")
    writer.writeheader()
    for row in sorted(trainings, key=lambda row: (row.name, row.data, row.recipe, row.key)):
        values: dict[str, object] = {name: getattr(row, name) for name in _OWN}
        values["curve"] = " ".join(f"{score:.5g}" for score in row.curve)
        values |= {ABOUT + name: value for name, value in asdict(row.about).items()}
        values |= {GENE + name: value for name, value in row.arch.as_dict().items()}
        writer.writerow({name: _shown(value) for name, value in values.items()})
    return stream.getvalue()


def from_csv(text: str, source: str = "the table") -> list[Training]:
    """The trainings of a table. A wrong row is a DataError that names `source` and the line.

    A gene without a column has its default: tables are older than genes that are added later.
    """
    rows = list(csv.DictReader(io.StringIO(text)))
    return [_row(row, f"{source}, line {number}") for number, row in enumerate(rows, start=2)]


def _row(row: Mapping[str, str], where: str) -> Training:
    try:
        own = {name: _cast(row[name], kind) for name, kind in _OWN.items()}
        about = Descriptors(**{name: _cast(row[ABOUT + name], kind) for name, kind in _DESCRIPTORS.items()})
        genes = {name.removeprefix(GENE): value for name, value in row.items() if name and name.startswith(GENE)}
        curve = tuple(float(score) for score in row["curve"].split())
        training = Training(**own, curve=curve, arch=Architecture.from_dict(genes), about=about)
    except KeyError as error:
        raise DataError(f"{where}: the column {error} is missing", HINT) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: {error}", HINT) from error
    except AvatarError as error:
        raise DataError(f"{where}: {error.message}", HINT) from error
    if not 0 <= training.score <= 1:
        raise DataError(f"{where}: score is {training.score}; it must be from 0 to 1", HINT)
    if training.examples < 1 or training.epochs < 1:
        raise DataError(
            f"{where}: examples is {training.examples}, epochs is {training.epochs}; both must be at least 1", HINT
        )
    return training


def _cast(text: str, kind: Any) -> Any:
    return _CASTS[kind](text)


def _shown(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value


def packaged_text() -> str:
    """The table that is in the package."""
    return (files("avatar.surrogate") / PACKAGED).read_text(encoding="utf-8")


def read_trainings(path: str | None) -> list[Training]:
    """The trainings in the package, and those in the user's table `path`, if any. Rows with the same key count once."""
    known = {training.key: training for training in _packaged()}
    if path is not None:
        known |= {training.key: training for training in from_csv(_text(path), path)}
    return list(known.values())


@cache
def _packaged() -> Sequence[Training]:
    return from_csv(packaged_text(), PACKAGED)


def trainings_digest(path: str | None) -> str:
    """Changes with every row that `read_trainings` gives."""
    return sha256((packaged_text() + ("" if path is None else _text(path))).encode()).hexdigest()[:16]


def _text(path: str) -> str:
    try:
        return user_path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"the table of trainings {path} cannot be read: {reason}", HINT) from error


def write_trainings(trainings: Iterable[Training], path: Path) -> int:
    """Add `trainings` to the table `path`, which is made if there is none. Returns the number of new rows."""
    known = {row.key: row for row in from_csv(_text(str(path)), str(path))} if path.exists() else {}
    before = len(known)
    known |= {training.key: training for training in trainings}
    write_text(path, to_csv(known.values()))
    return len(known) - before

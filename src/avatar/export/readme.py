"""What the export adds to the model card: what each file is for and costs, and how it was checked."""

from pathlib import Path

from avatar.bundle import CONFIG, PRECISIONS, TOKENIZER

_HOLDS = {
    CONFIG: "task, labels, threshold, languages, the rules for texts, architecture",
    TOKENIZER: "the tokenizer, in the format of Hugging Face tokenizers",
    **{
        name: f"{what}, {precision}"
        for precision, parts in PRECISIONS.items()
        for name, what in (
            (parts.encoder, "ONNX graph from token ids to a function's vector"),
            (parts.head, "ONNX graph from vectors to logits"),
            (parts.weights, "the weights that both graphs point into"),
        )
    },
}


def files_section(place: Path, checks: list[str]) -> str:
    """Markdown about the files that lie in `place`, manifest and card left out, and the sentences `checks`."""
    sizes = {name: (place / name).stat().st_size for name in _HOLDS if (place / name).is_file()}
    lines = [f"| {name} | {size:,} | {_HOLDS[name]} |" for name, size in sizes.items()]
    return "\n".join(
        [
            "## Files",
            "",
            "| file | bytes | holds |",
            "|---|---:|---|",
            *lines,
            f"| together | {sum(sizes.values()):,} | |",
            "",
            *(f"- {check}" for check in checks),
            "",
        ]
    )

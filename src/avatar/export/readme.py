"""The section that the export appends to the model card: the files, their sizes, and the checks."""

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
            (parts.weights, "the weights of both graphs"),
        )
    },
}


def files_section(folder: Path, checks: list[str]) -> str:
    """Markdown about the files in `folder`, except manifest and card, and the sentences `checks`."""
    sizes = {name: (folder / name).stat().st_size for name in _HOLDS if (folder / name).is_file()}
    lines = [f"| {name} | {size:,} | {_HOLDS[name]} |" for name, size in sizes.items()]
    return "\n".join(
        [
            "## Files",
            "",
            "| file | bytes | holds |",
            "|---|---:|---|",
            *lines,
            f"| total | {sum(sizes.values()):,} | |",
            "",
            *(f"- {check}" for check in checks),
            "",
        ]
    )

"""Bundles that are correctly signed and hostile: each case changes a copy of a bundle, which is then signed again."""

import copy
import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import load_file, save_file

Change = Callable[[Path], None]

INPUTS = [
    helper.make_tensor_value_info(name, TensorProto.INT64, ["functions", "tokens"])
    for name in ("input_ids", "attention_mask")
]


def signed(source: Path, folder: Path, change: Change) -> Path:
    """A changed copy of the bundle `source`, with a manifest that fits."""
    shutil.copytree(source, folder)
    change(folder)
    manifest = json.loads((source / "manifest.json").read_text())
    entries = {name: (folder / name).read_bytes() for name in manifest["files"]}
    manifest["files"] = {
        name: {"sha256": sha256(content).hexdigest(), "bytes": len(content)} for name, content in entries.items()
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def config(text: str) -> Change:
    """Replace the value of each key of config.json that the JSON `text` has."""

    def change(folder: Path) -> None:
        path = folder / "config.json"
        values = json.loads(path.read_text())
        key = text.split('"')[1]
        values.pop(key, None)
        path.write_text("{" + text + ", " + json.dumps(values)[1:])

    return change


def genes(**changed: Any) -> Change:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        values = json.loads(path.read_text())
        values["architecture"] |= changed
        path.write_text(json.dumps(values))

    return change


def raw(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content) and None


def tokenizer(change_content: Callable[[dict[str, Any]], object]) -> Change:
    """Change the content of tokenizer.json."""

    def change(folder: Path) -> None:
        content = json.loads((folder / "tokenizer.json").read_text())
        change_content(content)
        (folder / "tokenizer.json").write_text(json.dumps(content))

    return change


def weights(name: str, change_arrays: Callable[[dict[str, np.ndarray]], object]) -> Change:
    """Change the arrays of a weights file."""

    def change(folder: Path) -> None:
        arrays = dict(load_file(folder / name))
        change_arrays(arrays)
        save_file({key: np.ascontiguousarray(value) for key, value in arrays.items()}, folder / name)

    return change


def graph(change_model: Callable[[onnx.ModelProto], object], name: str = "encoder.onnx") -> Change:
    def change(folder: Path) -> None:
        model = onnx.load(str(folder / name), load_external_data=False)
        change_model(model)
        (folder / name).write_bytes(model.SerializeToString())

    return change


def endless() -> list[onnx.NodeProto]:
    """A loop that never ends, and vectors of its result."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_on"], ["goes_on"]), helper.make_node("Identity", ["old"], ["new"])],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("old", TensorProto.FLOAT, [1, 1]),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("new", TensorProto.FLOAT, [1, 1]),
        ],
    )
    return [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("yes", TensorProto.BOOL, [], [True])),
        constant("start", [[1.0]], TensorProto.FLOAT),
        helper.make_node("Loop", ["", "yes", "start"], ["number"], body=body),
        *vectors_of("number"),
    ]


def not_finite(folder: Path) -> None:
    """Make the numbers of the first matrix NaN, where they are in the file."""
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    first, last = next(one["data_offsets"] for one in header.values() if len(one.get("shape", ())) == 2)
    content[start + first : start + last] = np.full((last - first) // 4, np.nan, "<f4").tobytes()
    path.write_bytes(content)


def elsewhere(model: onnx.ModelProto) -> None:
    """Take a tensor from another file of the machine."""
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../../../../../../etc/passwd"


def other_domain(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.example"


def encoder(nodes: list[onnx.NodeProto], width: int | str | None = 24, outputs: int = 1) -> Change:
    """Replace the encoder by a graph without weights, whose output is "vectors"."""

    def change(folder: Path) -> None:
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["functions", width])
        made = helper.make_graph(nodes, "encoder", INPUTS, [vectors] * outputs)
        model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        (folder / "encoder.onnx").write_bytes(model.SerializeToString())

    return change


def constant(name: str, values: Any, kind: int = TensorProto.INT64) -> onnx.NodeProto:
    array = np.asarray(values)
    tensor = helper.make_tensor(name, kind, array.shape, array.ravel())
    return helper.make_node("Constant", [], [name], value=tensor)


def vectors_of(number: str) -> list[onnx.NodeProto]:
    """Nodes that make vectors (functions, 24) whose numbers are all `number` (1, 1)."""
    return [
        constant("first", [0]),
        constant("width", [24]),
        helper.make_node("Shape", ["input_ids"], ["sizes"]),
        helper.make_node("Gather", ["sizes", "first"], ["count"]),
        helper.make_node("Concat", ["count", "width"], ["shape"], axis=0),
        helper.make_node("Expand", [number, "shape"], ["vectors"]),
    ]


def many_products(size: int = 1_200, count: int = 5_000) -> list[onnx.NodeProto]:
    """Matrix products that need hours, of a matrix that depends on the input."""
    nodes = [
        constant("square", [size, size]),
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["ids"], ["mean"], axes=[0, 1], keepdims=1),
        helper.make_node("Expand", ["mean", "square"], ["product0"]),
    ]
    for number in range(count):
        nodes.append(helper.make_node("MatMul", [f"product{number}", "product0"], [f"raw{number}"]))
        nodes.append(helper.make_node("Softmax", [f"raw{number}"], [f"product{number + 1}"]))
    last = helper.make_node("ReduceMean", [f"product{count}"], ["number"], axes=[0, 1], keepdims=1)
    return [*nodes, last, *vectors_of("number")]


def much_memory(rows: int = 10**6) -> list[onnx.NodeProto]:
    """A tensor of 4 TB."""
    return [
        constant("square", [rows, rows]),
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["ids"], ["mean"], axes=[0, 1], keepdims=1),
        helper.make_node("Expand", ["mean", "square"], ["large"]),
        helper.make_node("ReduceMean", ["large"], ["number"], axes=[0, 1], keepdims=1),
        *vectors_of("number"),
    ]


REPLACE = {"type": "Replace", "pattern": {"String": "e"}, "content": "e" * 90}


def _nested(content: dict[str, Any]) -> None:
    step: dict[str, Any] = {"type": "NFC"}
    for _ in range(200):
        step = {"type": "Sequence", "normalizers": [step]}
    content["normalizer"] = step


def _same_ids(content: dict[str, Any]) -> None:
    content["model"]["vocab"] = dict.fromkeys(content["model"]["vocab"], 0)


def _without_unknown(content: dict[str, Any]) -> None:
    content["model"] = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {"<pad>": 0, "<unk>": 1, "<s>": 2, "def": 3, "values": 4},
    }
    content["pre_tokenizer"] = {"type": "BertPreTokenizer"}


def _many_first(content: dict[str, Any]) -> None:
    first = {"SpecialToken": {"id": "<s>", "type_id": 0}}
    content["post_processor"]["single"] = [*[first] * 1_000, {"Sequence": {"id": "A", "type_id": 0}}]


def _large_id(content: dict[str, Any]) -> None:
    vocabulary = content["model"]["vocab"]
    last = max(vocabulary, key=vocabulary.__getitem__)
    vocabulary[last] = 4_000_000


TOKENIZERS: dict[str, Change] = {
    "a normalizer that multiplies text": tokenizer(
        lambda content: content.update(normalizer={"type": "Sequence", "normalizers": [REPLACE] * 5})
    ),
    "a pre-tokenizer that multiplies text": tokenizer(
        lambda content: content.update(
            pre_tokenizer={"type": "Sequence", "pretokenizers": [copy.deepcopy(content["pre_tokenizer"])] * 60}
        )
    ),
    "a normalizer that inserts much": tokenizer(
        lambda content: content.update(normalizer={"type": "Prepend", "prepend": "x" * 10_000_000})
    ),
    "an empty pattern": tokenizer(
        lambda content: content.update(normalizer={"type": "Replace", "pattern": {"String": ""}, "content": "a"})
    ),
    "a pattern without end": tokenizer(
        lambda content: content.update(
            pre_tokenizer={
                "type": "Split",
                "pattern": {"Regex": "(\\w+\\s*)+$|((\\w|\\s|\\(|\\)|:)+)+@"},
                "behavior": "Isolated",
                "invert": False,
            }
        )
    ),
    "a broken table of characters": tokenizer(
        lambda content: content.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAAAAAAAAAA"})
    ),
    "pieces of length 0": tokenizer(lambda content: content.update(pre_tokenizer={"type": "FixedLength", "length": 0})),
    "many nested steps": tokenizer(_nested),
    "a deep value": raw("tokenizer.json", b'{"model": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "random tokens": tokenizer(lambda content: content["model"].update(dropout=0.5)),
    "no model": tokenizer(lambda content: content.pop("model")),
    "an empty model": tokenizer(
        lambda content: content.update(model={"type": "BPE", "vocab": {"<pad>": 0}, "merges": []})
    ),
    "no special token": tokenizer(lambda content: content.update(post_processor=None)),
    "many special tokens": tokenizer(_many_first),
    "no unknown token": tokenizer(_without_unknown),
    "one id for all": tokenizer(_same_ids),
    "an id that the student lacks": tokenizer(_large_id),
    "numbers in place of tokens": tokenizer(lambda content: content.update(added_tokens=[1, 2])),
}

GRAPHS: dict[str, Change] = {
    "an endless loop": encoder(endless()),
    "a tensor in another file": graph(elsewhere),
    "an operator of another library": graph(other_domain),
    "no graph": raw("encoder.onnx", b""),
    "half a graph": lambda folder: (
        (folder / "encoder.onnx").write_bytes((folder / "encoder.onnx").read_bytes()[:-9]) and None
    ),
    "NaN weights": not_finite,
    "vectors that are not numbers": encoder([constant("number", [[np.nan]], TensorProto.FLOAT), *vectors_of("number")]),
    "vectors of another width": encoder([constant("number", [[1.0]], TensorProto.FLOAT), *vectors_of("number")], 7),
    "vectors of unknown width": encoder([constant("number", [[1.0]], TensorProto.FLOAT), *vectors_of("number")], "w"),
    "much memory": encoder(much_memory()),
}

CONFIGS: dict[str, Change] = {
    text[:60]: config(text)
    for text in (
        '"max_length": 1e400',
        '"max_length": 1e30',
        '"max_length": ' + "9" * 31,
        '"max_length": ' + "9" * 5_000,
        '"max_length": 64.5',
        '"max_length": true',
        '"max_length": null',
        '"max_characters": 1' + "0" * 30,
        '"pad_id": 1' + "0" * 30,
        '"pad_id": 399999',
        '"temperature": 1e-320',
        '"temperature": NaN',
        '"temperature": Infinity',
        '"threshold": NaN',
        '"threshold": 1' + "0" * 400,
        '"threshold": [0.5]',
        '"labels": "ab"',
        '"labels": [{}, []]',
        '"labels": ["a", "' + "b" * 1_000 + '"]',
        '"languages": {"python": 1}',
        '"architecture": [["width", 1]]',
        '"reads_a_set": "no"',
        '"task": ["pair"]',
        '"version": Infinity',
        '"text": {"docstrings": "kept", "version": 1e400}',
    )
}
CONFIGS["a deep value"] = raw("config.json", b'{"task": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
CONFIGS["many bytes"] = raw("config.json", b'{"task": "pair"' + b" " * 2_000_000 + b"}")

NGRAMS: dict[str, Change] = {
    "another width": genes(width=7),
    "an infinite width": config('"architecture": {"width": 1e400, "structure_width": 64, "structure_share": 0.1}'),
    "a text as width": genes(width="x"),
    "NaN as share": config('"architecture": {"width": 256, "structure_width": 64, "structure_share": NaN}'),
    "huge slopes": config(
        '"pair_head": {"knots": [0.1], "slopes": [1e308], "bias": -1e308, "length": 0, "other_language": 0, '
        '"base_rate": 0.1}'
    ),
    "huge slopes of sketches": config(
        '"sketch_head": {"knots": [0.1], "slopes": [1], "bias": 0, "length": 0, "other_language": 0, "base_rate": 0.1, '
        '"overlap_knots": [0.1], "overlap_slopes": [1e308, 1]}'
    ),
    "slopes of sketches as texts": config(
        '"sketch_head": {"knots": [0.1], "slopes": [1], "bias": 0, "length": 0, "other_language": 0, "base_rate": 0.1, '
        '"overlap_knots": [0.1], "overlap_slopes": ["1", 1]}'
    ),
    "slopes for three kinds of sketches": config(
        '"sketch_head": {"knots": [0.1], "slopes": [1], "bias": 0, "length": 0, "other_language": 0, "base_rate": 0.1, '
        '"overlap_knots": [0.1], "overlap_slopes": [1, 1, 1]}'
    ),
    "a sketch of many bits": genes(sketch_bits=24 * 10**9),
    "a sketch of no whole number of bits": genes(sketch_bits=240.5),
    "an unknown kind of sketch": genes(sketch_kinds=["t3", "x9"]),
    "no list of kinds of sketches": genes(sketch_kinds="t3"),
    "many kinds": tokenizer(lambda content: content.update(kinds=["w1"] * 100_000)),
    "no kinds": tokenizer(lambda content: content.update(kinds=[])),
    "an infinite version": raw(
        "tokenizer.json", b'{"type": "ngrams", "version": 1e400, "kinds": [], "shared_kinds": []}'
    ),
    "no list of kinds": tokenizer(lambda content: content.pop("kinds")),
    "a deep value": raw("tokenizer.json", b'{"kinds": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "tags of two dimensions": weights(
        "ngrams.safetensors", lambda arrays: arrays.update(tags=arrays["tags"].reshape(2, -1))
    ),
    "one tag": weights("ngrams.safetensors", lambda arrays: arrays.update(tags=np.array(1, np.uint32))),
    "no features": weights(
        "ngrams.safetensors",
        lambda arrays: arrays.update(
            tags=arrays["tags"][:0],
            structure=arrays["structure"][:0],
            structure_scales=arrays["structure_scales"][:0],
        ),
    ),
    "NaN weights": weights(
        "ngrams.safetensors",
        lambda arrays: arrays.update(meaning_width=np.array([np.nan], np.float32)),
    ),
    "many rows": weights(
        "ngrams.safetensors",
        lambda arrays: arrays.update(
            meaning=np.zeros((3_000_000, 1), np.uint8),
            meaning_scales=np.zeros(3_000_000, np.uint8),
            meaning_width=np.array([1], np.int32),
        ),
    ),
    "no file of weights": raw("ngrams.safetensors", b"\xff" * 64),
}

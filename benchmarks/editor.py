"""How quickly `avatar lsp` answers a keystroke, in a workspace of 1,000 functions, and the server under load.

The workspace is made of functions of the Python standard library. One function of an open file is edited 200 times,
each edit after the answer to the last; the time runs from the notification of the change to the diagnostics for
that version, debouncing counted. Then the HTTP server gets pairs of these functions from a few connections that
stay open. Everything is on this machine. Run by `make bench-editor`.
"""

import argparse
import asyncio
import http.client
import json
import os
import random
import re
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from lsprotocol import types
from pygls.lsp.client import LanguageClient
from pygls.uris import from_fs_path

from avatar.code.functions import functions_of

EDITS = 200


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--bundle", type=Path, default=os.environ.get("AVATAR_BUNDLE"), help="default: $AVATAR_BUNDLE")
    parser.add_argument("--functions", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=2_000)
    options = parser.parse_args()
    if options.bundle is None:
        parser.error("--bundle FOLDER is needed, or AVATAR_BUNDLE")
    functions = _functions(options.functions)
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(_editor(options.bundle, Path(folder), functions))
    rows += _server(options.bundle, functions, options.requests)
    for name, value in rows:
        print(f"{name:<40} {value}")


def _functions(count: int) -> list[str]:
    found: list[str] = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        outline = functions_of(path.read_text(encoding="utf-8", errors="replace"), "python")
        found += [one.text for one in outline.functions if 5 <= one.text.count("\n") <= 60]
    return random.Random(1).sample(sorted(set(found)), count)


async def _editor(bundle: Path, folder: Path, functions: list[str]) -> list[tuple[str, str]]:
    for start in range(0, len(functions), 20):
        (folder / f"module_{start}.py").write_text("\n".join(functions[start : start + 20]))
    client = LanguageClient("benchmark", "1")
    told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
    ready = asyncio.Event()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def published(params: types.PublishDiagnosticsParams) -> None:
        told.put_nowait(params)

    @client.feature(types.WINDOW_LOG_MESSAGE)
    def logged(params: types.LogMessageParams) -> None:
        if "functions in the index" in params.message:
            ready.set()

    start = time.perf_counter()
    await client.start_io(sys.executable, "-m", "avatar.serve.cli", "lsp", "--no-cache", "--bundle", str(bundle))
    await client.initialize_async(
        types.InitializeParams(
            types.ClientCapabilities(),
            workspace_folders=[types.WorkspaceFolder(from_fs_path(str(folder)) or "", "code")],
        )
    )
    client.initialized(types.InitializedParams())
    await ready.wait()
    loaded = time.perf_counter() - start
    # the edited function is a clone of another with one more line, and stops being one with the next edit
    uri = from_fs_path(str(folder / "edited.py")) or ""
    texts = [functions[0] + "\n" + "\n".join(functions[1:12]), "\n".join(functions[1:12])]
    client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 0, texts[0])))
    await told.get()
    taken = []
    for number in range(1, EDITS + 1):
        identifier = types.VersionedTextDocumentIdentifier(number, uri)
        change = types.TextDocumentContentChangeWholeDocument(texts[number % 2] + f"# {number}\n" * (number % 3))
        start = time.perf_counter()
        client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        while (await told.get()).version != number:
            pass
        taken.append(1000 * (time.perf_counter() - start))
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    p50, p95 = np.percentile(taken, [50, 95])
    return [
        (f"start, {len(functions)} functions read", f"{loaded:.2f} s"),
        (f"edit to diagnostics, {EDITS} edits", f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {max(taken):.1f} ms"),
    ]


def _server(bundle: Path, functions: list[str], count: int) -> list[tuple[str, str]]:
    command = [sys.executable, "-m", "avatar.serve.cli", "serve", "--bundle", str(bundle), "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    port = next(int(found[1]) for line in process.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
    threading.Thread(target=process.stderr.read, daemon=True).start()
    rows = []
    try:
        for connections in (1, 8):
            with ThreadPoolExecutor(connections) as pool:
                start = time.perf_counter()
                ask = partial(_ask, port, functions, count // connections)
                parts = pool.map(ask, range(connections))
                taken = [one for part in parts for one in part]
                seconds = time.perf_counter() - start
            p50, p99 = np.percentile(taken, [50, 99])
            rows.append(
                (
                    f"HTTP, {connections} connection(s), one pair each",
                    f"{len(taken) / seconds:.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms",
                )
            )
    finally:
        process.terminate()
        process.wait(20)
    return rows


def _ask(port: int, functions: list[str], count: int, seed: int) -> list[float]:
    chance = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken = []
    for _ in range(count):
        body = json.dumps({"pairs": [chance.sample(functions, 2)]})
        start = time.perf_counter()
        connection.request("POST", "/predict", body, {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
        taken.append(1000 * (time.perf_counter() - start))
    connection.close()
    return taken


if __name__ == "__main__":
    main()

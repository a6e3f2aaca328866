"""The web application: /predict, /scan, /health and the page."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

from avatar.common.cores import allowed_cores
from avatar.common.errors import ArtifactError, AvatarError
from avatar.common.logging import silent_progress
from avatar.serve.http.demo_page import page, policy
from avatar.serve.http.limits import BodyLimit, SafeHeaders
from avatar.serve.http.schemas import (
    Answer,
    FoundGroup,
    FunctionRequest,
    Health,
    PairRequest,
    PredictResponse,
    Problem,
    Remark,
    ScanRequest,
    ScanResponse,
)
from avatar.serve.languages import title
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.run_scan import Options, scan_texts
from avatar.serve.scan.source_files import Skipped
from avatar.serve.scan.student import LazyStudent

MAX_FUNCTIONS = 2_000
"""Most functions in one scan: two million comparisons, about two seconds."""

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Accepted host names. Another name that resolves to loopback is refused (DNS rebinding)."""

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "the host name is not allowed, or the body cannot be read"},
    408: {"model": Problem, "description": "the request did not arrive in time"},
    413: {"model": Problem, "description": "the request is too large"},
    422: {"model": Problem, "description": "the request does not match this description"},
    500: {"model": Problem, "description": "the student is damaged"},
    503: {"description": "too many requests at the same time, or one that needs too much time or memory"},
}


COMPUTED = ("/predict", "/scan")
"""Paths whose answers need the student."""


def make_app(
    student: LazyStudent,
    hosts: Sequence[str] = LOCAL_HOSTS,
    outliner: Outliner | None = None,
    computing: Callable[[ASGIApp], ASGIApp] | None = None,
) -> FastAPI:
    """An application that serves one student. `hosts` are the accepted host names.

    With `computing`, this middleware answers the requests to `COMPUTED`, and the student is not loaded. Else they are
    answered here; `outliner` parses the texts of a scan.
    """
    config = student.bundle.config
    if computing is None:
        _ = student.predictor

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = max(2, allowed_cores())
        yield

    app = FastAPI(
        title="Avatar",
        version=version("avatar-code"),
        description=f"A student for the task '{config.task}': the probability of '{config.labels[1]}'.",
        docs_url=None,  # both pages load scripts from other servers
        redoc_url=None,
        lifespan=lifespan,
    )
    if computing is not None:
        app.add_middleware(computing)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(SafeHeaders)

    @app.exception_handler(AvatarError)
    def user_error(_: Request, error: AvatarError) -> JSONResponse:
        status = 500 if isinstance(error, ArtifactError) else 422  # a broken student is no fault of the request
        return JSONResponse({"detail": error.message, "hint": error.hint}, status_code=status)

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:10]]
        text = "; ".join(problems).encode("utf-8", "backslashreplace").decode()
        return JSONResponse({"detail": text, "hint": "/openapi.json describes valid requests"}, status_code=422)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home() -> HTMLResponse:
        return HTMLResponse(page(), headers={"content-security-policy": policy()})

    @app.get("/health")
    async def health() -> Health:
        """Facts about the loaded student."""
        return Health(
            status="ok",
            version=version("avatar-code"),
            task=config.task,
            arity=config.arity,
            labels=list(config.labels),
            languages=[title(name) for name in config.languages],
            threshold=config.threshold,
            max_tokens=config.max_length,
            bundle=student.digest,
        )

    def answers(examples: list[list[str]], tokens: bool, language: str | None) -> PredictResponse:
        predictor = student.predictor
        start = time.perf_counter()
        result = predictor.answer(examples, [language] * config.arity)
        labels = predictor.label(result.probabilities)
        took = time.perf_counter() - start
        return PredictResponse(
            answers=[
                Answer(
                    label=label,
                    probability=float(probability),
                    token_counts=[len(row) for row in read],
                    tokens=[predictor.pieces(row) for row in read] if tokens else None,
                )
                for label, probability, read in zip(labels, result.probabilities[:, 1], result.tokens, strict=True)
            ],
            threshold=config.threshold,
            milliseconds=1000 * took,
            warnings=list(result.warnings),
        )

    if config.arity == 2:

        @app.post("/predict", responses=_PROBLEMS)
        def predict(request: PairRequest) -> PredictResponse:
            """Compare pairs of functions."""
            return answers(request.pairs, request.tokens, request.language)

    else:

        @app.post("/predict", responses=_PROBLEMS)
        def classify(request: FunctionRequest) -> PredictResponse:
            """Classify functions."""
            return answers([[one] for one in request.functions], request.tokens, request.language)

    @app.post("/scan", responses=_PROBLEMS)
    def scan(request: ScanRequest) -> ScanResponse:
        """Find clones, or suspicious functions, in the texts of the request. No file of this machine is read."""
        options = Options(
            threshold=request.threshold,
            min_lines=request.min_lines,
            min_words=request.min_words,
            most_functions=MAX_FUNCTIONS,
        )
        with silent_progress():
            report = scan_texts(list(request.files.items()), student, options, outliner)
        return ScanResponse(
            label=report.label,
            threshold=report.threshold,
            functions=report.counts.functions,
            findings=[FoundGroup.model_validate(one) for one in report.findings],
            skipped=_remarks(report.skipped),
            notes=_remarks(report.notes),
            warnings=list(report.warnings),
            milliseconds=1000 * report.counts.seconds,
        )

    return app


def _remarks(skipped: Sequence[Skipped]) -> list[Remark]:
    return [Remark(file=one.name, reason=one.reason) for one in skipped]

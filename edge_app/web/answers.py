"""Answers of the API: JSON, also where something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_app.core.errors import (
    AccessError,
    ConfigError,
    EdgeAppError,
    StoppedError,
    TemporaryError,
    UnknownCameraError,
)

STATUSES: tuple[tuple[type[EdgeAppError], HTTPStatus], ...] = (
    (ConfigError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (AccessError, HTTPStatus.FORBIDDEN),
    (UnknownCameraError, HTTPStatus.NOT_FOUND),
    (TemporaryError, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoppedError, HTTPStatus.SERVICE_UNAVAILABLE),
)


def refusal(status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """`{"error": {"message": …}}`."""
    return JSONResponse({"error": {"message": message}}, status, headers)


def of_program_error(_: Request, error: Exception) -> Response:
    """What an error that we raise on purpose is over HTTP; of a wrong configuration also which keys are wrong."""
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), HTTPStatus.CONFLICT)
    told: dict[str, Any] = {"message": str(error)}
    if isinstance(error, ConfigError) and error.issues:
        told["key"] = error.issues[0][0]
        told["issues"] = [{"key": key, "message": words} for key, words in error.issues]
    return JSONResponse({"error": told}, status)


def of_http_error(_: Request, error: Exception) -> Response:
    """No such path, or no such method of it, or what a route says of a request that it cannot read."""
    assert isinstance(error, HTTPException)  # noqa: S101, it is registered for that
    status = HTTPStatus(error.status_code)
    return refusal(status, status.phrase.lower() if error.detail == status.phrase else error.detail, error.headers)


def of_bug(_: Request, __: Exception) -> Response:
    """An internal error; uvicorn logs it with its traceback."""
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error, which the log tells")

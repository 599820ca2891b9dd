"""The page: its files, which are read when the program starts, and are the same for everybody."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER = Path(__file__).parents[1] / "page"
INDEX = "index.html"
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
# Nothing inline, nothing of others: what somebody smuggles into a name cannot run, and nothing can be sent elsewhere.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class PageFile(NamedTuple):
    """A file of the page.

    Attributes:
        content: All of it.
        media_type: What it is.
        mark: By which a browser knows that it has it.
    """

    content: bytes
    media_type: str
    mark: str


def page() -> list[Route]:
    """`/` and the files below `/page/`; a name is looked up among those that there are, and never opened."""
    files = {path.relative_to(FOLDER).as_posix(): _read(path) for path in FOLDER.rglob("*") if path.suffix in TYPES}

    async def file(request: Request, name: str | None = None) -> Response:
        found = files.get(name or request.path_params["name"])
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers = {"cache-control": "no-cache", "content-security-policy": POLICY, "etag": found.mark}
        if request.headers.get("if-none-match") == found.mark:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(found.content, media_type=found.media_type, headers=headers)

    return [Route("/", partial(file, name=INDEX)), Route("/page/{name:path}", file)]


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, TYPES[path.suffix], f'"{sha256(content).hexdigest()[:32]}"')

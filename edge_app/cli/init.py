"""`edge-app init`: from a camera's URL to a configuration that runs."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from edge_app.app.config_template import ConfigTemplate, names, url_value
from edge_app.capture import StreamInfo, open_source, probe_source, split_login
from edge_app.capture.config import CameraConfig
from edge_app.cli.login import Login, choose_login, read_url
from edge_app.cli.options import state_folder
from edge_app.config import environment_file
from edge_app.config.section import NAME, WANTED
from edge_app.core import files
from edge_app.core.errors import AccessError, DeviceError, Reason, StreamError, UsageError
from edge_app.model import installed, read_catalogue

EXAMPLE = "Example: edge-app init --rtsp - --name gate     (then paste rtsp://user:password@10.0.0.5/stream1)"
PROBE_S = 10.0


def main(
    rtsp: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="The camera's URL, with or without user:password@ (percent-encoded). Everybody on this machine can "
            "see a command line; `-` reads the URL from stdin instead.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The YAML file to write.")] = Path("config.yaml"),
    name: Annotated[str, typer.Option(help="What to call the camera: a-z, 0-9 and _.")] = "gate",
    username: Annotated[str | None, typer.Option(help="Who logs in, where the URL does not say it.")] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(help="File with the password; without it $GATE_PASSWORD (after --name), else a question."),
    ] = None,
    no_probe: Annotated[bool, typer.Option("--no-probe", help="Write the file without asking the camera.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Look at a camera and write a commented configuration for it; its login goes into a file of its own.

    That file ends in .env, only you can read it, and every verb reads it with the configuration beside it.
    """
    url_login = split_login(read_url() if rtsp == "-" else rtsp)
    login = choose_login(name, url_login, username, password_file, os.environ)
    camera = check_camera(name, url_login.url, login)
    secrets = secrets_of(name, login, None if url_login.public else url_login.url)
    if not out.name:
        raise UsageError(f"{out}: want the name of a file")
    beside = out.with_suffix(".env")
    check_places([out, beside] if secrets else [out], force=force)
    stream = None if no_probe else probe_camera(name, camera)
    url = url_value(name, url_login.url, secret=not url_login.public)
    model, better = choose_model()
    text = ConfigTemplate(name, url, login is not None, stream, model, better).text
    write(out, text, beside, secrets, force=force)
    sys.stdout.write(what_next(out, beside if secrets else None, better))


def check_camera(name: str, url: str, login: Login | None) -> CameraConfig:
    """The camera's section of the configuration; raises UsageError for what that would refuse."""
    if not re.fullmatch(NAME, name) or "\n" in name:
        raise UsageError(f"--name {name}: {WANTED[NAME]}")
    keys = {} if login is None else {"username": login.username, "password": login.password}
    try:
        return CameraConfig.model_validate({"url": url, **keys})
    except ValidationError as error:
        raise UsageError(f"--rtsp: {error.errors(include_input=False)[0]['msg']}") from None


def secrets_of(name: str, login: Login | None, url: str | None) -> str:
    """The content of the file of secrets; raises UsageError for characters that it cannot hold."""
    user_name, password_name, url_name = names(name)
    values = {} if login is None else {user_name: login.username, password_name: login.password}
    try:
        return environment_file(values | ({} if url is None else {url_name: url}))
    except ValueError as error:
        raise UsageError(str(error)) from None


def check_places(paths: list[Path], *, force: bool) -> None:
    """Raises UsageError if something would be overwritten."""
    if len(set(paths)) < len(paths):
        raise UsageError(f"--out {paths[0]}: that is the name of the file of secrets; want a .yaml file")
    if there := [path for path in paths if os.path.lexists(path) and not force]:
        raise UsageError(f"{there[0]}: is there already; --force replaces it")


def probe_camera(name: str, camera: CameraConfig) -> StreamInfo:
    """What the camera sends; raises DeviceError with the reason if it sends nothing."""
    try:
        return probe_source(open_source(camera), PROBE_S)
    except StreamError as error:
        login = "; give --username" if error.reason is Reason.AUTH_FAILED and camera.username is None else ""
        raise DeviceError(f"camera {name}: {error}{login}; --no-probe writes the file all the same") from None


def choose_model() -> tuple[str, str]:
    """An installed model of the catalogue; else the bundled one, and the one to pull."""
    here = {model.name for model in installed(Path(), state_folder())}
    catalogue = list(read_catalogue())
    pulled = [name for name in catalogue if name in here]
    return (pulled[0], "") if pulled else ("traffic", catalogue[0])


def write(out: Path, text: str, beside: Path, secrets: str, *, force: bool) -> None:
    """Writes the secrets, never readable for others, then the configuration that needs them."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AccessError(f"{error.filename or out}: {error.strerror}") from error
    try:
        if secrets:
            files.write(beside, secrets, mode=0o600, replace=force)
        files.write(out, text, replace=force)
    except FileExistsError as error:
        raise UsageError(f"{error.filename2 or error.filename}: is there already; --force replaces it") from None
    except OSError as error:
        raise AccessError(f"{error.filename or out}: {error.strerror}") from error


def what_next(out: Path, secrets: Path | None, better: str) -> str:
    """The commands that come next; `better` is the model to pull for a real camera, if any."""
    lines = [f"wrote {out}" + (f" and {secrets}, which holds the login and which only you can read" if secrets else "")]
    if better:
        lines.append(
            "The bundled model knows rendered scenes only and finds next to nothing on a real camera. For that:"
        )
        lines.append(f"  edge-app models pull {better}     # then write `model: {{name: {better}}}` into {out}")
        lines.append("Then:")
    quoted = shlex.quote(str(out))
    page = "then open http://127.0.0.1:8080, and draw a zone"
    return "\n".join([*lines, f"  edge-app check {quoted} --probe", f"  edge-app run {quoted}     # {page}", ""])

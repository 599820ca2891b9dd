"""`edge-app discover`: which cameras are in the network."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_app.cli.login import read_password
from edge_app.cli.options import AsJson
from edge_app.cli.output import write_lines
from edge_app.core.errors import DeviceError, UsageError
from edge_app.discovery import FoundCamera, Question, find_cameras, stream_urls
from edge_app.discovery.search import GROUP, WAIT_S, SocketAddress

EXAMPLE = "Example: edge-app discover, then: edge-app init --rtsp -"


def main(
    ask: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST[:PORT]", help="Ask this host alone, also behind a router; may be given again."),
    ] = None,
    wait: Annotated[float, typer.Option(min=0.1, max=60, help="How long to wait for answers [s].")] = WAIT_S,
    streams: Annotated[
        bool, typer.Option("--streams", help="Ask each for the URLs of its streams; wants the extra `onvif`.")
    ] = False,
    username: Annotated[str, typer.Option(help="With --streams: who logs in.", show_default=False)] = "",
    password_file: Annotated[Path | None, typer.Option(help="With --streams: file with the password.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the network for cameras that speak ONVIF, and list those that answer."""
    found = find_cameras(wait, [address_of(each) for each in ask] if ask else [GROUP])
    password = read_password(password_file) if password_file is not None else ""
    urls = {camera: streams_of(camera, username, password) for camera in found} if streams else {}
    if as_json:
        told = [{**camera.document, **({"streams": urls[camera]} if streams else {})} for camera in found]
        sys.stdout.write(json.dumps({"cameras": told}) + "\n")
        return
    for camera in found:
        write_lines([line(camera), *(f"{'':15}  {each}" for each in urls.get(camera, ()))])
    if not found:
        sys.stderr.write("no camera answered: many do not until ONVIF is switched on in their own settings\n")


def address_of(text: str) -> SocketAddress:
    """Where a host is asked; raises UsageError."""
    host, _, port = text.partition(":")
    try:
        number = int(port or GROUP[1])
        return socket.getaddrinfo(host, number, socket.AF_INET, socket.SOCK_DGRAM)[0][4][:2]  # type: ignore[return-value]
    except (OSError, ValueError, OverflowError):
        raise UsageError(f"--ask {text}: want the name or IPv4 address of a host") from None


def streams_of(camera: FoundCamera, username: str, password: str) -> list[str]:
    """The URLs of its streams; stderr tells why there are none."""
    if not camera.services:
        return []
    try:
        return [each.url for each in stream_urls(Question(camera.services[0], username, password))]
    except DeviceError as error:
        sys.stderr.write(f"{error}\n")
        return []


def line(camera: FoundCamera) -> str:
    """What is told of one."""
    return "  ".join(filter(None, (f"{camera.address:15}", camera.name, camera.hardware, *camera.services[:1])))

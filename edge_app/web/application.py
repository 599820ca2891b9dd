"""The HTTP side as one ASGI application: the guard, and behind it the routes."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from edge_app.core.errors import EdgeAppError
from edge_app.web.answers import of_bug, of_http_error, of_program_error
from edge_app.web.config import WebConfig
from edge_app.web.guard import Guard
from edge_app.web.one_at_a_time import OneAtATime
from edge_app.web.program_view import ProgramView
from edge_app.web.routes.cameras import cameras
from edge_app.web.routes.discovery import discovery
from edge_app.web.routes.event_stream import event_stream
from edge_app.web.routes.events import events
from edge_app.web.routes.figures import figures
from edge_app.web.routes.new_cameras import new_cameras
from edge_app.web.routes.overview import overview
from edge_app.web.routes.page import page
from edge_app.web.routes.probes import probes
from edge_app.web.routes.reloading import reloading
from edge_app.web.routes.scenes import scenes
from edge_app.web.routes.session import session


def make_application(config: WebConfig, program: ProgramView) -> ASGIApp:
    """Makes it; a group of routes is a module in `routes`, and a word here."""
    network = OneAtATime()
    routes = Starlette(
        routes=[
            *page(),
            *session(config),
            *probes(program),
            *overview(program),
            *figures(program),
            *cameras(program),
            *event_stream(program),  # before `events`, which would take its name for an event's id
            *events(program),
            *reloading(program),
            *scenes(program),
            *discovery(program, network),
            *new_cameras(program, network),
        ],
        exception_handlers={EdgeAppError: of_program_error, HTTPException: of_http_error, Exception: of_bug},
    )
    routes.router.redirect_slashes = False  # to an address made of what the request says
    return Guard(routes, config)

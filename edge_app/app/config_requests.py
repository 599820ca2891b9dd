"""What may be asked of the configuration of a program that runs: documents in, documents out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edge_app.app.camera_edit import CameraEdit, NewCamera
from edge_app.app.camera_probe import look_at
from edge_app.app.config_file import ConfigFile, version_of
from edge_app.app.edits import SceneEdit, scene_in
from edge_app.app.reload import Reloader
from edge_app.app.runtime import Runtime
from edge_app.core.errors import UsageError
from edge_app.discovery import Question, find_cameras, stream_urls
from edge_app.web.program_view import Document, HowToEdit


class ConfigRequests:
    """Answers in the thread that asks, which may take as long as a model takes to load.

    Each may raise EdgeAppError: nothing has changed then.
    """

    def __init__(self, runtime: Runtime, file: ConfigFile, reloader: Reloader) -> None:
        self._runtime, self._file, self._reloader = runtime, file, reloader

    def reload(self, dry_run: bool) -> Document:
        """Reads the file again; `dry_run`: only says what that would change."""
        return self._reloader.request(dry_run=dry_run).result().document

    def scene(self, camera: str) -> Document:
        """Zones, lines and areas of a camera, as the file has them, and the labels that they may name."""
        content = self._file.content()
        scene = scene_in(self._file.config(content), camera)
        detector = self._runtime.analyser.model.detector
        wanted = self._runtime.parts.config.detect.labels
        labels = [label for label in detector.labels if wanted is None or label in wanted]
        return {**scene, "version": version_of(content), "labels": labels}

    def edit_scene(self, camera: str, wanted: dict[str, Any], how: HowToEdit) -> Document:
        """Replaces those that are given, in the file and in what runs."""
        edit = SceneEdit(camera, wanted)
        return self._reloader.edit(edit, how.version, dry_run=how.dry_run).result().document

    def add_camera(self, name: str, said: dict[str, Any], how: HowToEdit) -> Document:
        """Adds a camera to the file and to what runs; its login goes into a file of its own."""
        edit = CameraEdit(name, NewCamera.of(said))
        answer = self._reloader.edit(edit, how.version, dry_run=how.dry_run).result().document
        return {**answer, "secrets": str(self._file.secrets.path) if edit.secrets else None}

    @staticmethod
    def look_at_camera(said: dict[str, Any]) -> Document:
        """What a camera sends that is not in the file yet, with its first picture."""
        return look_at(said)

    @staticmethod
    def find_cameras() -> Document:
        """Cameras in the networks of this machine that answer to WS-Discovery."""
        return {"cameras": [camera.document for camera in find_cameras()]}

    @staticmethod
    def stream_urls(said: dict[str, Any]) -> Document:
        """By which URLs a camera sends: `service`, as it was found, and its login."""
        known = ("service", "username", "password")
        if unknown := next((key for key in said if key not in known or not isinstance(said[key], str)), None):
            raise UsageError(f"{unknown}: want the texts {', '.join(known)}")
        return {"streams": [asdict(each) for each in stream_urls(Question(**{"service": "", **said}))]}

"""What sections of the configuration ask of each other."""

from __future__ import annotations

from edge_app.app.config_sections import ConfigSections
from edge_app.config.section import wrong


def check_sections(config: ConfigSections) -> None:
    """Raises what `wrong` makes of the first thing that does not fit."""
    for rule in (
        _there_is_a_model,
        _workers_that_are_named_are_there,
        _what_needs_tracks_has_them,
        _what_is_measured_is_told,
        _what_is_described_has_pictures,
        _what_is_told_if_it_is_verified_is_verified,
        _what_is_linked_is_served,
        _sinks_of_a_fleet_do_not_disturb_each_other,
    ):
        rule(config)


def _there_is_a_model(config: ConfigSections) -> None:
    if config.model.name is None and config.model.onnx is None and config.engine.backend != "kserve":
        raise wrong("want name or onnx", "model")


def _workers_that_are_named_are_there(config: ConfigSections) -> None:
    for name, camera in config.cameras.items():
        if camera.worker is not None and camera.worker >= max(1, config.workers.count):
            raise wrong(
                f"there is no such worker: `workers` has {config.workers.count or 1}", "cameras", name, "worker"
            )


def _what_needs_tracks_has_them(config: ConfigSections) -> None:
    needs = next(
        (f"camera {name} has" for name, camera in config.cameras.items() if camera.zones or camera.lines), None
    )
    if config.track is not None and config.track.tracker == "none" and (needs or config.events is not None):
        what = f"{needs} zones or lines" if needs else "there is `events`"
        raise wrong(f"want a tracker: {what}, which need tracks", "track", "tracker")


def _what_is_measured_is_told(config: ConfigSections) -> None:
    silent = config.events is None and (config.track is None or config.track.tracker == "none")
    for name, camera in config.cameras.items():
        if silent and camera.ground is not None and not (camera.zones or camera.lines):
            raise wrong(
                "no event would tell a speed; want `events`, `track`, a zone or a line", "cameras", name, "ground"
            )


def _what_is_described_has_pictures(config: ConfigSections) -> None:
    if config.describe is None:
        return
    if config.evidence is None:
        raise wrong("needs `evidence`, whose pictures it describes", "describe")
    pictured = config.evidence.snapshots.types
    for index, kind in enumerate(config.describe.types):
        if kind not in pictured:
            raise wrong(f"has no picture; want {kind} in evidence.snapshots.types", "describe", "types", index)


def _what_is_told_if_it_is_verified_is_verified(config: ConfigSections) -> None:
    for index, sink in enumerate(config.publish):
        if sink.wants_verified and (config.describe is None or config.describe.verify is None):
            raise wrong("nothing would be; want `describe.verify`", "publish", index, sink.type, "verified")


def _what_is_linked_is_served(config: ConfigSections) -> None:
    if config.web is None or config.web.address is None:
        why = "there is no `web`" if config.web is None else "`web.host` is no name; want one in `web.hosts`"
        for index, sink in enumerate(config.publish):
            if sink.links_pictures:
                raise wrong(f"nobody could ask for it: {why}", "publish", index, sink.type, "picture")


def _sinks_of_a_fleet_do_not_disturb_each_other(config: ConfigSections) -> None:
    for index, sink in enumerate(config.publish):
        if config.fleet is not None and (key := sink.for_one_box) is not None:
            raise wrong("is for one box, and there is `fleet`", "publish", index, sink.type, key)

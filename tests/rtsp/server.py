#!/usr/bin/python3
"""A camera: an RTSP server that plays clips in a loop without a gap. For the system's Python, which has gi.

The stream is rtsp://127.0.0.1:PORT/live. It says `ready` on stdout and answers `ok COMMAND` to a command on stdin:

    stall     no more video; the connection, RTCP and the audio live on
    resume    video again
    next      the next clip of the list, in the middle of the stream
    corrupt   the payload of every picture is damaged
    heal      no longer
    spoil     the payload of the next 20 pictures is damaged

RTSP_USER and RTSP_PASSWORD in the environment ask for a digest login.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import time
from pathlib import Path

import gi

for name in ("Gst", "GstRtspServer", "GstRtsp", "GstApp"):
    gi.require_version(name, "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402, after their versions are chosen

DAMAGED = {"corrupt": math.inf, "heal": 0, "spoil": 20}
LEAD = 8  # frames; the first one was captured at a time that is not below zero
AUDIO = "audiotestsrc is-live=true wave=silence ! alawenc ! rtppcmapay name=pay1 pt=8"


def load(clip, codec):
    """The access units of a clip, each with dts and pts as far as they lie before it is sent [ns], and their caps."""
    pipe = Gst.parse_launch(
        f"filesrc location={clip} ! parsebin ! {codec}parse config-interval=-1"
        f" ! video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=out sync=false"
    )
    out, units, caps = pipe.get_by_name("out"), [], None
    pipe.set_state(Gst.State.PLAYING)
    while (sample := out.emit("pull-sample")) is not None:
        buffer, caps = sample.get_buffer(), sample.get_caps()
        units.append((buffer.extract_dup(0, buffer.get_size()), buffer.pts - buffer.dts))
    pipe.set_state(Gst.State.NULL)
    longest = max(shown for _, shown in units)  # a camera sends no picture before it was captured
    return [(unit, longest, longest - shown) for unit, shown in units], caps


def damaged(unit):
    """An access unit whose last NAL unit, the picture, is noise behind its header."""
    start = unit.rfind(b"\0\0\1") + 12
    noise = bytes(random.Random(1).choices(range(1, 255), k=max(0, len(unit) - start)))
    return unit[:start] + noise


class Camera(GstRtspServer.RTSPMediaFactory):
    """One live medium, shared by all clients."""

    def __init__(self, clips, codec, fps, audio):
        super().__init__()
        self.clips, self.codec, self.fps, self.audio = clips, codec, fps, audio
        self.clip, self.stalled, self.damaged = 0, False, 0  # how many of the next pictures
        self.set_shared(True)

    def do_create_element(self, _url):
        video = (
            f"appsrc name=src is-live=true format=time max-bytes=0 ! {self.codec}parse config-interval=-1"
            f" ! rtp{self.codec}pay name=pay0 pt=96 config-interval=-1"
        )
        return Gst.parse_launch(f"( {video} {AUDIO if self.audio else ''} )")

    def do_configure(self, media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        source = media.get_element().get_child_by_name("src")
        state = {"sent": LEAD, "began": time.monotonic() - LEAD / self.fps, "on": True, "caps": None}
        media.connect("unprepared", lambda _: state.update(on=False))
        GLib.timeout_add(5, self.push, source, state)

    def push(self, source, state):
        """Pushes what is due; the pts rise for ever and keep to the clock, also over a stall."""
        due = int((time.monotonic() - state["began"]) * self.fps) + 1
        if self.stalled:
            state["sent"] = due
        while state["on"] and state["sent"] < due:
            units, caps = self.clips[self.clip]
            if state["caps"] is not caps:
                source.set_property("caps", caps)
                state["caps"] = caps
            unit, dts_age, pts_age = units[(state["sent"] - LEAD) % len(units)]
            buffer = Gst.Buffer.new_wrapped(damaged(unit) if self.damaged > 0 else unit)
            self.damaged -= 1
            sent = state["sent"] * Gst.SECOND // self.fps
            buffer.dts, buffer.pts = sent - dts_age, sent - pts_age
            buffer.duration = Gst.SECOND // self.fps
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return False
            state["sent"] += 1
        return state["on"]

    def obey(self, command):
        if command in ("stall", "resume"):
            self.stalled = command == "stall"
        elif command in DAMAGED:
            self.damaged = DAMAGED[command]
        elif command == "next":
            self.clip = (self.clip + 1) % len(self.clips)


def secure(server, camera, user, password, certificate):
    """Digest login, TLS, or both."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if user:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(user, password, token)
    else:
        auth.set_default_token(token)
    if certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
    permissions = GstRtspServer.RTSPPermissions()
    for what in ("access", "construct"):
        permissions.add_permission_for_role("user", f"media.factory.{what}", True)
    camera.set_permissions(permissions)
    server.set_auth(auth)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", required=True)
    parser.add_argument("--codec", choices=("h264", "h265"), default="h264")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--audio", action="store_true")
    parser.add_argument("--certificate", help="PEM of certificate and key; then it is rtsps")
    parser.add_argument("clips", nargs="+")
    args = parser.parse_args()
    if absent := [clip for clip in args.clips if not Path(clip).is_file()]:
        sys.exit(f"no such clip: {absent}")
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    camera = Camera([load(clip, args.codec) for clip in args.clips], args.codec, args.fps, args.audio)
    user, password = os.environ.get("RTSP_USER"), os.environ.get("RTSP_PASSWORD")
    if args.certificate or user:
        secure(server, camera, user, password, args.certificate)
    server.get_mount_points().add_factory("/live", camera)
    if not server.attach(None):
        sys.exit("port in use")
    loop = GLib.MainLoop()

    def read(_channel, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        camera.obey(line.strip())
        sys.stdout.write(f"ok {line.strip()}\n")
        sys.stdout.flush()
        return True

    channel = GLib.IOChannel.unix_new(0)
    GLib.io_add_watch(channel, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, read)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main()

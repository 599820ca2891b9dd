"""A camera's ONVIF service on a port of this machine: what it answers is SOAP, or whatever a test wants."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl">'
    "<s:Body>{body}</s:Body></s:Envelope>"
)
DATE = "<tt:{0}><tt:Time><tt:Hour>12</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time><tt:Date>"
DATE += "<tt:Year>2026</tt:Year><tt:Month>11</tt:Month><tt:Day>30</tt:Day></tt:Date></tt:{0}>"
PROFILE = (
    '<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
    '<tt:VideoEncoderConfiguration token="v{token}">'
    "<tt:Name>v</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution>"
    "<tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>5</tt:Quality>"
    "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL>"
    "<tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT30S</tt:SessionTimeout>"
    "</tt:VideoEncoderConfiguration></trt:Profiles>"
)
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">Sender not authorized</s:Text></s:Reason></s:Fault>'
)
URI = (
    "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
    "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>"
)


def camera(operation: str, request: str, base: str) -> str:
    """What a camera answers that wants a login, and gives the address of another machine as its own."""
    if operation == "GetSystemDateAndTime":
        times = DATE.format("UTCDateTime")
        return (
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
            f"<tt:DaylightSavings>false</tt:DaylightSavings>{times}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )
    if "viewer" not in request or "PasswordDigest" not in request:
        return FAULT
    if operation == "GetServices":
        return (
            "<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>"
            f"<tds:XAddr>{base}/onvif/media</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version>"
            "</tds:Service></tds:GetServicesResponse>"
        )
    if operation == "GetProfiles":
        profiles = PROFILE.format(token="sub", width=640, height=360) + PROFILE.format(
            token="main", width=1920, height=1080
        )
        return f"<trt:GetProfilesResponse>{profiles}</trt:GetProfilesResponse>"
    if operation == "GetStreamUri":
        token = "main" if ">main<" in request else "sub"
        return URI.format(uri=f"rtsp://viewer:secret@192.0.2.7:8554/{token}?profile=1")
    return FAULT


Answer = Callable[[str, str, str], str]


class OnvifDouble:
    """Answers until the end of a `with` block.

    Attributes:
        service: The URL of its service.
        asked: The operations that were asked for.
    """

    def __init__(self, answer: Answer = camera, base: str = "http://192.0.2.7:80") -> None:
        double = self
        self.asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"])).decode()
                found = re.search(r"<(?:[\w-]+:)?Body[^>]*>\s*<(?:[\w-]+:)?(\w+)", request)
                operation = found[1] if found else ""
                double.asked.append(operation)
                body = answer(operation, request, base)
                content = (ENVELOPE.format(body=body) if body.startswith("<") else body).encode()
                self.send_response(400 if "Fault" in body else 200)
                self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                """The tests' output stays theirs."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.service = f"http://127.0.0.1:{self._server.server_port}/onvif/device_service"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> OnvifDouble:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

"""The server that is asked about pictures."""

from __future__ import annotations

import time

import cv2
import numpy as np

from edge_app.config.section import TlsConfig
from edge_app.core.errors import SinkError
from edge_app.evidence.describe.chat import Description, NonsenseError, description_of, question_of
from edge_app.evidence.describe.config import DescribeConfig
from edge_app.publish.http.answers import why_refused
from edge_app.publish.http.client import RequestClient
from edge_app.publish.http.proxy import proxy_for
from edge_app.publish.sinks.sink import OutageError

LONGEST_PX = 768  # of a picture's side; models see no more
QUALITY = 90
MOST_BODY = 1 << 18  # bytes of an answer
HEADERS = {"User-Agent": "edge_app", "Content-Type": "application/json", "Accept": "application/json"}


class NotAskedError(SinkError):
    """The server did not take the question, which may be asked again.

    Attributes:
        retry_s: How long it asks us to wait [s]; None if it does not say.
    """

    def __init__(self, why: str, retry_s: float | None = None) -> None:
        super().__init__(why)
        self.retry_s = retry_s


class VisionModel:
    """Asks one thing after the other; one thread does, and any may cut it off."""

    def __init__(self, config: DescribeConfig) -> None:
        """Connects to nothing yet; raises ConfigError or AccessError where certificates or a proxy are wrong."""
        self._config, self._endpoint = config, config.endpoint
        tls = (config.tls or TlsConfig()).context() if self._endpoint.tls else None
        self._client = RequestClient(self._endpoint, tls, proxy_for(self._endpoint), config.timeout_s)
        login = f"Bearer {config.api_key.get_secret_value()}" if config.api_key is not None else self._endpoint.login
        self._headers = HEADERS | ({"Authorization": login} if login else {})

    def ask(self, jpeg: bytes) -> Description:
        """What it says of this picture.

        Raises:
            NotAskedError: It takes no question for now.
            NonsenseError: It answered something else.
            SinkError: It did not answer.
        """
        client, shown = self._client, self._endpoint.shown
        try:
            client.connect()
        except SinkError as error:
            raise NotAskedError(str(error)) from None
        answer = client.request("POST", question_of(self._config, jpeg), lambda: self._headers)
        try:
            why = why_refused(answer, self._endpoint)
        except OutageError as error:
            if answer.status == 429 or error.retry_s is not None:
                raise NotAskedError(str(error), error.retry_s) from None
            raise
        if why is not None:
            raise SinkError(why)
        body = client.body(MOST_BODY)
        if body is None:
            client.close()
            raise NonsenseError(f"{shown}: an answer of more than {MOST_BODY} bytes")
        client.finish()
        try:
            return description_of(body, verifying=self._config.verify is not None)
        except NonsenseError as error:
            raise NonsenseError(f"{shown}: {error}") from None

    def cut(self) -> None:
        """Breaks off what is asked now, and all that would be asked later; any thread may."""
        self._client.cut()

    def probe(self) -> str:
        """Shows it a picture of nothing; what to tell of its answer. Raises as `ask`."""
        began = time.monotonic()
        grey = np.full((64, 64, 3), 128, np.uint8)
        self.ask(cv2.imencode(".jpg", grey)[1].tobytes())
        return f"{self._endpoint.shown}: {self._config.model} answered to a picture in {time.monotonic() - began:.1f} s"


def shrunk(jpeg: bytes) -> bytes | None:
    """The picture as small as a model sees it; None if it cannot be read."""
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if pixels is None:
        return None
    scale = LONGEST_PX / max(pixels.shape[:2])
    if scale >= 1:
        return jpeg
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

"""Apprise's services: made of URLs that are secrets, and asked one by one."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from edge_app.core.errors import ConfigError, on_one_line
from edge_app.core.redaction import HIDDEN, Redactor

if TYPE_CHECKING:
    from apprise import Apprise

MISSING = "needs apprise: pip install 'edge-app[notify]'"
SECRET_LENGTH = 8
LONGEST = 200  # characters of a reason
HOST = re.compile(r"localhost|[\w-]+(\.[\w-]+)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notifier:
    """One way to tell people.

    Attributes:
        name: What Apprise calls it, such as `Telegram`.
        apprise: Asks it.
        redactor: Hides its URL.
    """

    name: str
    apprise: Apprise
    redactor: Redactor

    def notify(self, title: str, body: str, picture: Path | None = None) -> str | None:
        """Tells it; None if it took that, else why not, without secrets. It may take long.

        Args:
            title: Above.
            body: Below.
            picture: A JPEG that goes with it, where the service takes any.
        """
        attached = str(picture) if picture is not None else None
        try:
            result = self.apprise.notify(body=body, title=title, body_format="text", attach=attached)
        except Exception as error:  # of many classes: each service is a module of its own
            return self._shown(on_one_line(error))
        if result:
            return None
        words = [entry.message for entry in result.logs() if entry.level in ("WARNING", "ERROR")]
        return self._shown("; ".join(dict.fromkeys(words)) or "refused")

    def _shown(self, text: str) -> str:
        return f"{self.name}: {self.redactor.hide(' '.join(text.split()))[:LONGEST]}"


def notifiers_of(urls: Sequence[str]) -> tuple[Notifier, ...]:
    """The services, of which none is asked yet.

    Raises:
        ConfigError: Apprise is not installed, or knows no service of one of the URLs; the text shows nothing of it.
    """
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        raise ConfigError(MISSING) from None
    _tame()
    # Nothing is followed elsewhere, and nothing runs in threads of Apprise's, which it would never end.
    asset = AppriseAsset(app_id="edge_app", async_mode=False, service_timeout=0, http_redirects=False)
    notifiers = []
    for index, url in enumerate(urls):
        plugin = Apprise.instantiate(url, asset=asset)
        if plugin is None:
            scheme = re.match(r"([a-z0-9]{1,20})://", url)
            what = f"takes no such URL of {scheme[1]}://" if scheme else "wants a URL such as tgram://TOKEN/CHAT"
            raise ConfigError(f"urls[{index}]: apprise {what}; see https://github.com/caronc/apprise")
        apprise = Apprise(asset=asset)
        apprise.add(plugin)
        redactor = Redactor(dict.fromkeys([url, *secrets_in(url)], HIDDEN))
        notifiers.append(Notifier(str(plugin.service_name), apprise, redactor))
    return tuple(notifiers)


def secrets_in(url: str) -> Iterator[str]:
    """What of a URL may turn up alone: its parts that are long enough for a token, and no host.

    >>> list(secrets_in("tgram://12345678:AAEx_token/-100200300?silent=yes")), list(secrets_in("json://localhost:80/x"))
    (['12345678', 'AAEx_token', '-100200300'], [])
    """
    for part in re.split(r"[/@:?&=,]+", url.partition("://")[2]):
        for text in dict.fromkeys((part, unquote(part))):
            if len(text) >= SECRET_LENGTH and not HOST.fullmatch(text):
                yield text


def _tame() -> None:
    """Keeps what Apprise and what it asks say to itself: the reason is told by us, and only once."""
    own = logging.getLogger("apprise")
    own.propagate = False
    if not own.handlers:
        own.addHandler(logging.NullHandler())
    logging.getLogger("urllib3").setLevel(logging.INFO)  # it shows whole URLs, in lines for debugging

"""Through which proxy a server is reached: that of the environment, as other programs do."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

from edge_app.core.errors import ConfigError
from edge_app.core.hosts import is_this_machine
from edge_app.publish.http.place import Place, place_of


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy.

    Attributes:
        host: Name or address, without brackets.
        port: Where it listens.
        headers: Its login.
    """

    host: str
    port: int
    headers: dict[str, str]


def proxy_for(place: Place) -> Proxy | None:
    """The proxy that HTTPS_PROXY or HTTP_PROXY names for this place; None for this machine, and what NO_PROXY names.

    Raises:
        ConfigError: The variable names no HTTP proxy; the text shows nothing of it.
    """
    scheme = "https" if place.tls else "http"
    url = getproxies().get(scheme)
    if not url or is_this_machine(place.host) or proxy_bypass(f"{place.host}:{place.port}"):
        return None
    try:
        proxy = place_of(url if "://" in url else f"http://{url}")
    except ValueError:
        proxy = None
    if proxy is None or proxy.tls:
        raise ConfigError(f"{scheme.upper()}_PROXY: want an HTTP proxy, such as http://host:3128")
    return Proxy(proxy.host, proxy.port, {"Proxy-Authorization": proxy.login} if proxy.login else {})

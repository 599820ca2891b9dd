"""Through which proxy a server is reached: that of the environment, as other programs do."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

from edge_app.core.errors import ConfigError
from edge_app.core.hosts import is_this_machine
from edge_app.publish.http.endpoint import HttpEndpoint, endpoint_of


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


def proxy_for(endpoint: HttpEndpoint) -> Proxy | None:
    """The proxy that HTTPS_PROXY or HTTP_PROXY names for this endpoint; None for this machine, and what NO_PROXY names.

    Raises:
        ConfigError: The variable names no HTTP proxy; the text shows nothing of it.
    """
    scheme = "https" if endpoint.tls else "http"
    url = getproxies().get(scheme)
    if not url or is_this_machine(endpoint.host) or proxy_bypass(f"{endpoint.host}:{endpoint.port}"):
        return None
    try:
        proxy = endpoint_of(url if "://" in url else f"http://{url}")
    except ValueError:
        proxy = None
    if proxy is None or proxy.tls:
        raise ConfigError(f"{scheme.upper()}_PROXY: want an HTTP proxy, such as http://host:3128")
    return Proxy(proxy.host, proxy.port, {"Proxy-Authorization": proxy.login} if proxy.login else {})

"""etcd over its JSON gateway: the few calls that leases need.

The protocol: https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/
"""

from __future__ import annotations

import base64
import http.client
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from edge_app.config.section import TlsConfig
from edge_app.core.errors import DeviceError, on_one_line
from edge_app.fleet.config import FleetConfig

TIMEOUT_S = 1.0
LONGEST_ANSWER = 16 << 20
LOGGED_OUT = (401, 403)


class EtcdError(DeviceError):
    """No member of etcd does what it was asked."""


class EtcdAwayError(EtcdError):
    """No member of etcd answers, or none of a majority."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that is there.

    Attributes:
        value: Its value, JSON.
        lease: The lease that it ends with; 0 if it has none.
        create_revision: When it was created, in a count of all changes that only rises.
    """

    value: Mapping[str, Any]
    lease: int
    create_revision: int


class Etcd:
    """One thread asks, and waits; the member that answered last is asked first.

    All calls raise EtcdAwayError if no member answers in time, and EtcdError if one refuses.
    """

    def __init__(self, config: FleetConfig, timeout_s: float = TIMEOUT_S) -> None:
        """Connects to nothing yet; a member may take that long [s].

        Raises:
            ConfigError, AccessError: There are no certificates as configured.
        """
        self._config, self._timeout_s = config, timeout_s
        first = zlib.crc32(config.box.encode()) % len(config.etcd)  # not all boxes ask the same
        self._endpoints = [*config.etcd[first:], *config.etcd[:first]]
        secure = any(endpoint.startswith("https:") for endpoint in config.etcd)
        tls = config.tls or (TlsConfig() if secure else None)
        self._tls = tls.context() if tls is not None else None
        self._connection: http.client.HTTPConnection | None = None
        self._token: str | None = None

    def grant(self, ttl_s: int) -> int:
        """A new lease that ends unless it is renewed for that long [s]."""
        return int(self._ask("/v3/lease/grant", {"TTL": ttl_s})["ID"])

    def renew(self, lease: int) -> bool:
        """Whether the lease still was, and now is again for its whole time."""
        answer = self._ask("/v3/lease/keepalive", {"ID": lease})
        return int(answer.get("result", {}).get("TTL", 0)) > 0

    def revoke(self, lease: int) -> None:
        """Ends the lease, and every key that has it."""
        self._ask("/v3/lease/revoke", {"ID": lease})

    def create(self, key: str, value: Mapping[str, Any], lease: int) -> int | None:
        """Creates the key with the lease; its create revision, or None if it was there already."""
        answer = self._ask(
            "/v3/kv/txn",
            {
                "compare": [{"key": _coded(key), "target": "CREATE", "create_revision": 0, "result": "EQUAL"}],
                "success": [{"request_put": {"key": _coded(key), "value": _coded(json.dumps(value)), "lease": lease}}],
            },
        )
        return int(answer["header"]["revision"]) if answer.get("succeeded") else None

    def put(self, key: str, value: Mapping[str, Any], lease: int) -> None:
        """Writes the key with the lease, whether it was there or not."""
        self._ask("/v3/kv/put", {"key": _coded(key), "value": _coded(json.dumps(value)), "lease": lease})

    def delete(self, key: str, lease: int) -> None:
        """Deletes the key if it has that lease."""
        compare = {"key": _coded(key), "target": "LEASE", "lease": lease, "result": "EQUAL"}
        self._ask("/v3/kv/txn", {"compare": [compare], "success": [{"request_delete_range": {"key": _coded(key)}}]})

    def mark(self, prefix: str) -> tuple[int, int]:
        """Two numbers that stay as they are only while nothing changes below: when it last did, and how many keys."""
        newest = {"limit": 1, "sort_target": "MOD", "sort_order": "DESCEND", "keys_only": True}
        answer = self._ask("/v3/kv/range", {"key": _coded(prefix), "range_end": _coded(_end(prefix)), **newest})
        last = max((int(pair["mod_revision"]) for pair in answer.get("kvs", [])), default=0)
        return last, int(answer.get("count", 0))

    def under(self, prefix: str) -> dict[str, Entry]:
        """Every key that begins so, without that beginning; what is no JSON object is left out."""
        answer = self._ask("/v3/kv/range", {"key": _coded(prefix), "range_end": _coded(_end(prefix))})
        found = {}
        for pair in answer.get("kvs", []):
            key = base64.b64decode(pair["key"]).decode(errors="replace").removeprefix(prefix)
            value = _object(base64.b64decode(pair.get("value", "")))
            if value is not None:
                found[key] = Entry(value, int(pair.get("lease", 0)), int(pair["create_revision"]))
        return found

    def close(self) -> None:
        """Hangs up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        trouble = "none was asked"
        for endpoint in list(self._endpoints):
            try:
                return self._answer(endpoint, path, body)
            except EtcdAwayError as error:
                trouble = str(error)
                self.close()
                self._endpoints.append(self._endpoints.pop(0))
        raise EtcdAwayError(trouble)

    def _answer(self, endpoint: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        status, answer = self._post(endpoint, path, body)
        if status in LOGGED_OUT or "invalid auth token" in str(answer.get("error", "")):
            self._token = None
        if self._token is None and self._config.username is not None:
            self._log_in(endpoint)
            status, answer = self._post(endpoint, path, body)
        if status == http.client.OK:
            return answer
        words = str(answer.get("message") or answer.get("error") or f"status {status}")[:200]
        if status >= http.client.INTERNAL_SERVER_ERROR:  # it has no leader, or is only starting
            raise EtcdAwayError(f"{endpoint}: {words}")
        raise EtcdError(f"{endpoint}: {words}")

    def _log_in(self, endpoint: str) -> None:
        password = self._config.password
        login = {"name": self._config.username, "password": "" if password is None else password.get_secret_value()}
        status, answer = self._post(endpoint, "/v3/auth/authenticate", login)
        if status != http.client.OK or "token" not in answer:
            raise EtcdError(f"{endpoint}: etcd refuses the login of {self._config.username}")
        self._token = str(answer["token"])

    def _post(self, endpoint: str, path: str, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            status, content = self._exchange(endpoint, path, json.dumps(body))
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise EtcdAwayError(f"{endpoint}: {on_one_line(error)}") from error
        answer = _object(content.partition(b"\n")[0])
        if answer is None:
            raise EtcdAwayError(f"{endpoint}: what answers is not etcd")
        return status, answer

    def _exchange(self, endpoint: str, path: str, body: str) -> tuple[int, bytes]:
        """What that member answers; an old connection, which it may have closed meanwhile, is no reason to fail."""
        if (old := self._connection) is not None:
            try:
                return self._over(old, path, body)
            except TimeoutError:
                raise  # it would not answer a new connection either, and the lease ends meanwhile
            except (OSError, http.client.HTTPException):
                pass
            self.close()
        self._connection = self._connect(endpoint)
        return self._over(self._connection, path, body)

    def _over(self, connection: http.client.HTTPConnection, path: str, body: str) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", **({"Authorization": self._token} if self._token else {})}
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read(LONGEST_ANSWER)

    def _connect(self, endpoint: str) -> http.client.HTTPConnection:
        address = urlsplit(endpoint)
        host, port = str(address.hostname), address.port
        if address.scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _end(prefix: str) -> str:
    """The first key behind all that begin so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

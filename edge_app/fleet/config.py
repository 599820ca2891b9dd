"""The boxes that share the cameras: the `fleet` section."""

from __future__ import annotations

import socket
from typing import Annotated

from pydantic import Field, SecretStr, model_validator

from edge_app.config.section import DOTTED, ETCD_ADDRESS, OptionalTls, Section, check_login, wrong

EtcdAddress = Annotated[str, Field(pattern=ETCD_ADDRESS)]


class FleetConfig(Section):
    """Boxes of a site with the same configuration share its cameras, by leases in etcd."""

    etcd: tuple[EtcdAddress, ...] = Field(min_length=1)
    """Every member of etcd, such as [http://10.0.0.1:2379, http://10.0.0.2:2379]; three of them survive the loss of
    one."""
    site: str = Field(pattern=DOTTED)
    """What the boxes have in common; boxes of other sites may use the same etcd."""
    box: str = Field(default_factory=socket.gethostname, pattern=DOTTED)
    """The name of this box in its site, part of its messages; default: the machine's name."""
    capacity: int = Field(default=16, ge=1, le=1000)
    """Cameras that this box can read; cameras are shared out in proportion to it."""
    ttl_s: int = Field(default=5, ge=2, le=600)
    """How long [s] a box that is silent keeps its cameras before others take them; longer survives longer pauses."""
    username: str | None = None
    """Who logs in to etcd."""
    password: SecretStr | None = None
    """Best written as ${VAR}, so that it is not in this file."""
    tls: OptionalTls = None
    """How etcd proves who it is, with https://."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> FleetConfig:
        check_login(self.username, self.password)
        if self.tls is not None and not all(endpoint.startswith("https:") for endpoint in self.etcd):
            raise wrong("needs https:// in every address of `etcd`", "tls")
        return self

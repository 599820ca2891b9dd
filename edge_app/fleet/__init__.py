"""Several boxes of one site share its cameras: who reads which one is a lease in etcd."""

from edge_app.fleet.config import FleetConfig
from edge_app.fleet.etcd import Etcd
from edge_app.fleet.etcd_status import EtcdStatus
from edge_app.fleet.member import Member
from edge_app.fleet.site import SiteView, read_site

__all__ = ["Etcd", "EtcdStatus", "FleetConfig", "Member", "SiteView", "read_site"]

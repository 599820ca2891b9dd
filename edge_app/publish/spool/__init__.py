"""What a sink could not take yet, in a file that outlives the program."""

from edge_app.publish.spool.config import OptionalSpool, SpoolConfig
from edge_app.publish.spool.folder import SPOOLS, spool_file
from edge_app.publish.spool.spool import Spool

__all__ = ["SPOOLS", "OptionalSpool", "Spool", "SpoolConfig", "spool_file"]

"""The attacked handlers run as in the reactor's own tests, in a moto account."""

from tests.unit.reactor.conftest import aws, react, run_instances, sent, writes

__all__ = ["aws", "react", "run_instances", "sent", "writes"]

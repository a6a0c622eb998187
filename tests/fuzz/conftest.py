"""Guards look at a moto account here, as in the reactor's own tests."""

from tests.unit.reactor.conftest import aws

__all__ = ["aws"]

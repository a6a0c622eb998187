"""The checks of `ctr_faults` as checkov takes them: registered when checkov loads this file."""

from __future__ import annotations

from typing import Any

from ctr_estate import Estate, of_graph, of_plan
from ctr_faults import CHECKS, Check

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

# The estate of the graph that was asked for last: making it takes longer than a check.
_LAST: list[tuple[Any, Estate]] = []


class ReactorCheck(BaseResourceCheck):
    """One entry of CHECKS."""

    def __init__(self, check: Check) -> None:
        super().__init__(
            name=check.name,
            id=check.id,
            categories=[CheckCategories[check.category]],
            supported_resources=list(check.kinds),
            guideline=check.guide,
        )
        self.check = check

    def scan_resource_conf(self, conf: dict[str, list[Any]]) -> CheckResult:
        """Look the resource up in its estate: a plan is its own file, configuration a graph."""
        file = conf.get("__file__")
        estate = of_plan(file[0]) if file else _of_graph(self.graph)
        scanned = "" if file else self.entity_path.split(":")[0]
        resource = estate.find(str(conf.get("__address__")), scanned)
        if resource is None:
            return CheckResult.UNKNOWN
        fault = self.check.fault(resource, estate)
        self.details = [] if fault is None else [fault]
        return CheckResult.PASSED if fault is None else CheckResult.FAILED


def _of_graph(graph: Any) -> Estate:
    if not _LAST or _LAST[0][0] is not graph:
        _LAST[:] = [(graph, of_graph(graph))]
    return _LAST[0][1]


for _check in CHECKS.values():
    ReactorCheck(_check)

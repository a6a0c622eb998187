"""What a plan refuses because a day has passed does not keep anybody from taking a module away.

Terraform looks at a variable's validations when it destroys, too, and at preconditions only with a
warning (https://github.com/hashicorp/terraform, internal/terraform/node_output.go and
node_resource_plan_instance.go: `preDestroyRefresh`, since 1.3).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.local_aws import ACCOUNT
from tests.harness.plans import Planner
from tests.plan.calls import call, plan_destroy
from tests.plan.misuses import ENDED, EXCLUSION, RIGHT, ROLE

pytestmark = pytest.mark.plan


def test_a_day_that_has_passed_does_not_block_a_destroy(tf: Planner, tmp_path: Path) -> None:
    """The misuses of the same settings show that a plan to apply is refused."""
    reaction = {
        **RIGHT["reaction"].settings,
        "exempt_accounts": {ACCOUNT: ENDED},
        "exempt_principals": {ROLE: ENDED},
        "exempt_role_paths": {"/ci/": ENDED},
        "exempt_tags": {"reactor-exempt=yes": ENDED},
    }
    detections = {"ids": ["sg-open"], "exclusions": {"*": [EXCLUSION | {"until": ENDED}]}}
    source = call("reaction", reaction) + call("detections", detections, "found")
    planned = plan_destroy(tf, tmp_path, source)
    assert planned.passed, planned.said
    assert "1 to destroy" in planned.said

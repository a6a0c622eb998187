"""The modules as a platform repository sources them: from git, planned here, applied there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.applies import Applier
from tests.harness.local_aws import REPOSITORY, LocalAws
from trailctl.terraform import Terraform

pytestmark = pytest.mark.e2e

# As in a platform repository's own root module; one name a module, each from the same commit.
ROOT = """
terraform {
  required_version = ">= 1.9"
}

provider "aws" {}

module "log_bucket" {
  source        = "{git}//modules/log-bucket?ref={ref}"
  name          = "platform-trail-{account}"
  trail_name    = "platform"
  force_destroy = true
}

module "trail" {
  source     = "{git}//modules/trail?ref={ref}"
  name       = "platform"
  log_bucket = module.log_bucket
}

module "alert_topic" {
  source = "{git}//modules/alert-topic?ref={ref}"
  name   = "platform-alerts"
}

module "launches" {
  source = "{git}//modules/ec2-launch-guard?ref={ref}"
}

module "reaction" {
  source      = "{git}//modules/reaction?ref={ref}"
  name        = "platform-guard"
  guard       = module.launches
  alert_topic = module.alert_topic
}

module "rules" {
  source = "{git}//modules/event-rules?ref={ref}"
  name   = "platform"
  rules  = { launched = module.reaction.rule }
}
"""


@pytest.fixture
def account(apply: Applier) -> str:
    return apply.account()


@pytest.fixture
def planned(tmp_path: Path, account: str, terraform: Terraform, local_aws: LocalAws) -> Path:
    """A folder with the root module and a saved plan of it, as a plan job leaves it."""
    folder = tmp_path / "plan-job"
    folder.mkdir()
    ref = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout.strip()
    text = ROOT.replace("{git}", f"git::file://{REPOSITORY}").replace("{ref}", ref)
    (folder / "main.tf").write_text(text.replace("{account}", account))
    environment = local_aws.environment(account)
    terraform.run("init", "-no-color", cwd=folder, environment=environment).check()
    terraform.run(
        "plan", "-no-color", "-out", "saved.plan", cwd=folder, environment=environment
    ).check()
    return folder


def test_a_saved_plan_applies_from_a_fresh_folder(
    planned: Path, tmp_path: Path, account: str, terraform: Terraform, local_aws: LocalAws
) -> None:
    """The apply job has the sources and the plan, and nothing else of the plan job."""
    folder = tmp_path / "apply-job"
    folder.mkdir()
    for name in ("main.tf", ".terraform.lock.hcl", "saved.plan"):
        shutil.copy(planned / name, folder / name)
    shutil.rmtree(planned)
    environment = local_aws.environment(account)

    def run(*arguments: str) -> int:
        done = terraform.run(*arguments, "-no-color", cwd=folder, environment=environment)
        return done.check().returncode if arguments[0] != "plan" else done.returncode

    run("init")
    try:
        run("apply", "saved.plan")
        assert run("plan", "-detailed-exitcode") == 0
        functions = local_aws.client("lambda", account).list_functions()["Functions"]
        assert [f["FunctionName"] for f in functions] == ["platform-guard"]
    finally:
        run("destroy", "-auto-approve")

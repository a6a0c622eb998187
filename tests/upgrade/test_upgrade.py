"""An upgrade keeps what holds records: today's modules over what the release before has left.

`base/main.tf` is a configuration as somebody has written it for that release, `base/state.json`
the state after its apply. The plan shows what Terraform and the provider would replace. It does not
show whether AWS takes the changes in place that are left.
"""

from __future__ import annotations

import re
import shutil

import pytest

from tests.harness.local_aws import REPOSITORY
from tests.harness.plans import Planner
from tests.upgrade.states import BASE, KEPT, STATE, kept, lost, read

pytestmark = pytest.mark.plan

SAY = (
    "somebody who upgrades would lose these. A resource with a new address needs a `moved` block "
    "(https://developer.hashicorp.com/terraform/language/moved); an argument that makes it anew "
    "must keep its old value by default"
)


def test_nothing_that_holds_records_is_made_anew(tf: Planner) -> None:
    state = read(STATE.read_text(encoding="utf-8"))
    assert {name.rpartition(".aws_")[2].split(".")[0] for name in kept(state)} == {
        kind.removeprefix("aws_") for kind in KEPT
    }, "base/main.tf no longer makes all that must be kept"
    assert lost(tf, state) == {}, SAY


def test_a_new_address_is_seen_and_a_moved_block_mends_it(tf: Planner) -> None:
    """The judge itself: two resources get other names in their modules, and one says so."""
    place = tf.shared / "upgrades" / "renamed"
    shutil.copytree(REPOSITORY / "modules", place / "modules")
    (place / "lambda_src").symlink_to(REPOSITORY / "lambda_src")
    for module, kind in (("alert-topic", "aws_sns_topic"), ("reaction", "aws_dynamodb_table")):
        for path in (place / "modules" / module).glob("*.tf"):
            text = path.read_text(encoding="utf-8")
            new = re.sub(rf'("{kind}" "|\b{kind}\.)\w+', r"\1renamed", text)
            path.write_text(new, encoding="utf-8")
    moved = "moved {\n  from = aws_sns_topic.this\n  to   = aws_sns_topic.renamed\n}\n"
    (place / "modules" / "alert-topic" / "moved.tf").write_text(moved, encoding="utf-8")
    found = lost(tf, read(STATE.read_text(encoding="utf-8")), "../../renamed/modules")
    (address,) = found
    assert re.fullmatch(r'module\.reaction\["launches"\]\.aws_dynamodb_table\.\w+\[0\]', address)
    assert found[address] == "delete"


def test_the_state_is_of_the_configuration_beside_it() -> None:
    state = read(STATE.read_text(encoding="utf-8"))
    text = (BASE / "main.tf").read_text(encoding="utf-8")
    called = set(re.findall(r'^module "(\w+)"', text, re.MULTILINE))
    there = {name.split(".")[1].partition("[")[0] for name in kept(state)}
    assert there <= called
    assert STATE.stat().st_size < 400_000

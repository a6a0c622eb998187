"""tests/judges/hcl.py: the structure of a configuration, whatever its expressions hold."""

from __future__ import annotations

import pytest

from tests.judges.hcl import HclError, parse

pytestmark = pytest.mark.unit

TEXT = r"""
# a comment with a { brace
resource "aws_x" "y" { // and one at a line's end: }
  plain   = 1 /* in place */
  sum     = 1 + (2 /
    3)
  text    = "a \" quote, ${var.a == "}" ? "b${"{"}" : "$${"} and %{ if true }x%{ endif }"
  list    = [for k, v in { a = 1 } : "${k}}" if v != "]"]
  heredoc = <<-END
    an "unclosed quote and { a brace
      END of nothing
    END
  after   = true

  dynamic "rule" {
    for_each = { a = { b = 1 } }
    content {
      name = rule.key
      filter { prefix = "logs/" }
    }
  }
}
/* two
lines */ locals { a = 1 }
"""


def test_the_structure_is_read_past_every_kind_of_expression() -> None:
    body = parse(TEXT)
    resource, locals_ = body.blocks
    assert (resource.kind, resource.labels) == ("resource", ("aws_x", "y"))
    names = ["plain", "sum", "text", "list", "heredoc", "after"]
    assert list(resource.body.arguments) == names
    assert resource.body.arguments["plain"].startswith("1")
    assert resource.body.arguments["after"] == "true"
    (rule,) = resource.body.inner()
    assert (rule.kind, list(rule.body.arguments)) == ("rule", ["name"])
    assert [(b.kind, b.body.arguments) for b in rule.body.inner()] == [
        ("filter", {"prefix": '"logs/"'})
    ]
    assert locals_.body.arguments == {"a": "1"}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = [1", "line 1"),
        ('\na = "b', "line 2"),
        ("a {\n b = 1\n", "line 3"),
        ("}", "line 1"),
        ("a ?", "line 1"),
        ("\n= 1", "line 2"),
        ("a = <<END\nb", "line 1"),
        ('a = "${b', "line 1"),
    ],
)
def test_what_is_no_configuration_is_said_with_its_line(text: str, line: str) -> None:
    with pytest.raises(HclError, match=f"^{line}: "):
        parse(text)

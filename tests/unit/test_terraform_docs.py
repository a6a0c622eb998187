"""The tables of READMEs are those that terraform-docs writes with .terraform-docs.yml.

What is expected here is what terraform-docs 0.19.0, 0.20.0, 0.21.0 and 0.24.0 wrote of these files.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scripts.terraform_docs import BEGIN, END, PageError, argument, injected, one_line
from tests.harness.local_aws import REPOSITORY

pytestmark = pytest.mark.unit

VERSIONS = """\
terraform {
  required_version = ">= 1.9"

  required_providers {
    random = {
      source = "hashicorp/random"
    }
    time = {
      source  = "hashicorp/time"
      version = "~> 0.12"
    }
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.away]
      version               = ">= 5.80, < 7"
    }
  }
}
"""
VARIABLES = r"""variable "zone" {
  type        = string
  description = "Where it is, \"a\" or \\b, as $${zone} in `<name>-a`."
}

variable "days" {
  type = object({ # how long
    z = number

    a = optional(string, "x=y") # why
  })
  default = {
    # The long one first.
    z = 365,
    a = "a:b"
  }
  description = <<-EOT
    First line, all|none,
      and a second one.

    A %%{third}.
  EOT

  validation {
    condition     = var.days.z > 0
    error_message = "days must be positive."
  }
}

variable "names" {
  type        = set(string) # of anything
  default     = ["a", "ü<b>"]
  nullable    = false
  description = "Names."
}

variable "nested" {
  type = list(object({
    name = string
    of = optional(map(object({
      arn = string
    })))
  }))
  default     = null
  description = "Nested."
}

variable "one" {
  type = object({
    arn = string
  })
  description = "One attribute."
}

variable "rate" {
  type        = number
  default     = -0.5
  description = ""
}
"""
OUTPUTS = """\
output "b" {
  value       = var.zone
  description = "Second."
}

output "a" {
  description = "First: { arn, name } and a*b."
  value       = var.one
  sensitive   = true
}
"""
TOLD = r"""## Requirements

| Name | Version |
| ---- | ------- |
| terraform | >= 1.9 |
| aws | >= 5.80, < 7 |
| time | ~> 0.12 |

## Inputs

| Name | Description | Type | Default | Required |
| ---- | ----------- | ---- | ------- | :------: |
| days | First line, all\|none,   and a second one.  A %{third}. | [`object(...)`](#type-of-days) | ```{ "a": "a:b", "z": 365 }``` | no |
| names | Names. | `set(string)` | ```[ "a", "ü<b>" ]``` | no |
| nested | Nested. | [`list(object(...))`](#type-of-nested) | `null` | no |
| one | One attribute. | ```object({ arn = string })``` | n/a | yes |
| rate | n/a | `number` | `-0.5` | no |
| zone | Where it is, "a" or \b, as ${zone} in `<name>-a`. | `string` | n/a | yes |

### Type of `days`

```hcl
object({ # how long
  z = number

  a = optional(string, "x=y") # why
})
```

### Type of `nested`

```hcl
list(object({
  name = string
  of = optional(map(object({
    arn = string
  })))
}))
```

## Outputs

| Name | Description |
| ---- | ----------- |
| a | First: { arn, name } and a*b. |
| b | Second. |
"""  # noqa: E501


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "modules" / "sample"
    folder.mkdir(parents=True)
    for name, text in (("versions", VERSIONS), ("variables", VARIABLES), ("outputs", OUTPUTS)):
        (folder / f"{name}.tf").write_text(text, encoding="utf-8")
    return folder


def test_tables_are_those_of_the_tool(module: Path) -> None:
    assert injected(f"# sample\n\n{BEGIN}\nold\n{END}\n\nBelow.\n", module) == (
        f"# sample\n\n{BEGIN}\n{TOLD}{END}\n\nBelow.\n"
    )


def test_a_page_without_the_comments_gets_them_at_its_end(module: Path) -> None:
    page = injected("# sample\n\nA sentence.\n", module)
    assert page == f"# sample\n\nA sentence.\n\n{BEGIN}\n{TOLD}{END}\n"
    assert injected(page, module) == page


@pytest.mark.parametrize("page", [f"{BEGIN}\n", f"{END}\n", f"{END}\n{BEGIN}\n"])
def test_one_comment_alone_is_refused(module: Path, page: str) -> None:
    with pytest.raises(PageError, match=r"^sample/README\.md needs both"):
        injected(page, module)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    page = injected("", tmp_path)
    assert [line for line in page.splitlines() if line.startswith("No ")] == [
        "No requirements.",
        "No inputs.",
        "No outputs.",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("`<name>-a`", "<name>-a", "zone: put `<name>` and the like into backticks"),
        ("`<name>-a`", "`a", "zone: put `<name>` and the like into backticks"),
        ("`<name>-a`", "``a``", "zone: put `<name>` and the like into backticks"),
        ("`<name>-a`", "`a|b`", r"a table can't hold a \| in code: "),
        ('"a:b"', '"a|b"', r"a table can't hold a \| in code: "),
        ('"a:b"', "local.a", "no literal that a table can show: {"),
    ],
)
def test_what_a_page_would_not_show_is_refused(module: Path, old: str, new: str, told: str) -> None:
    (module / "variables.tf").write_text(VARIABLES.replace(old, new), encoding="utf-8")
    with pytest.raises(PageError, match=rf"^modules/sample: {told}"):
        injected("", module)


def test_the_configuration_of_the_tool_is_the_one_that_is_written_here() -> None:
    text = (REPOSITORY / ".terraform-docs.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    assert config["formatter"] == "markdown table"
    assert config["sections"] == {"show": ["requirements", "inputs", "outputs"]}
    assert config["output"] == {"file": "README.md", "mode": "inject"}
    assert {key for key, value in config["settings"].items() if not value} == {
        *("anchor", "escape", "html", "lockfile")
    }
    assert [*config["settings"].values()].count(True) == 0
    lines = [line for line in TOLD.splitlines() if line.startswith("| --")]
    for line in lines:
        assert f'"{line}"' in config["content"], "a line below a head that versions draw apart"


# ---- Terraform, as it is read


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("string", "string"),
        ("{}", "{}"),
        ("object({\n    arn  = string\n    size = optional(number, 1)\n  })",
         "object({ arn = string, size = optional(number, 1) })"),
        ("map(object({\n    a = optional(object({\n      b = string # why\n    }))\n  }))",
         "map(object({ a = optional(object({ b = string })) }))"),
        ('[\n    "a",\n    # why\n    "b",\n  ]', '["a", "b"]'),
    ],
)  # fmt: skip
def test_an_expression_is_told_in_a_line(expression: str, told: str) -> None:
    assert one_line(expression) == told


def test_an_argument_is_read_to_its_end() -> None:
    """An empty line in a type does not end it: what is below would be in no interface."""
    type_ = "object({\n    a = string\n\n    b = string\n  })"
    body = f"  type = {type_}\n\n  validation {{\n    condition = true\n  }}\n"
    assert argument(body, "type") == type_
    assert argument(body, "default") is None

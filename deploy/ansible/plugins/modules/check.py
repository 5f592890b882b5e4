#!/usr/bin/python
# Copyright: the portcheck authors
# MIT License (see LICENSE)
"""Runs one portcheck check on the host. Standard library only: the host's Python need not know portcheck."""

DOCUMENTATION = r"""
---
module: check
short_description: Ask the domain controllers of a forests file from this host
description:
  - Runs C(portcheck check) and keeps its JSON report on the host.
  - In check mode nothing is sent; what would be asked is counted.
version_added: 0.1.0
author: The portcheck authors (@portcheck)
options:
  command:
    description: How portcheck is started.
    type: list
    elements: str
    default: [portcheck]
  config:
    description: The forests file on the host.
    type: path
    required: true
  report:
    description: Where the report is kept on the host.
    type: path
    required: true
  vantage:
    description: What to call this host in reports.
    type: str
  targets:
    description: Forests of the file; all of them if empty.
    type: list
    elements: str
    default: []
  options:
    description: More options of C(portcheck check).
    type: list
    elements: str
    default: []
  fail:
    description: Whether the task fails where anything required is not as expected.
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: Nothing is sent.
  diff_mode:
    support: full
    description: The checks that are not as in the last report.
"""

EXAMPLES = r"""
- name: Ask
  portcheck.ad.check:
    command: [/opt/portcheck/venv/bin/portcheck]
    config: /opt/portcheck/forests.toml
    report: /opt/portcheck/report.json
    vantage: "{{ inventory_hostname }}"
"""

RETURN = r"""
exit_code:
  description: Of C(portcheck check); 0 if all that is required is as expected, 1 if not.
  type: int
  returned: always
verdicts:
  description: How many checks had which verdict.
  type: dict
  returned: when asked
findings:
  description: The titles of what is wrong.
  type: list
  elements: str
  returned: when asked
planned:
  description: How many checks would be asked.
  type: int
  returned: in check mode
"""

import json

from ansible.module_utils.basic import AnsibleModule


def arguments():
    return {
        "command": {"type": "list", "elements": "str", "default": ["portcheck"]},
        "config": {"type": "path", "required": True},
        "report": {"type": "path", "required": True},
        "vantage": {"type": "str"},
        "targets": {"type": "list", "elements": "str", "default": []},
        "options": {"type": "list", "elements": "str", "default": []},
        "fail": {"type": "bool", "default": True},
    }


def states(report):
    """A line for each check, the same in every run that sees the same."""
    rows = ("%s: %s, %s\n" % (c["id"], c["state"], c["verdict"]) for c in report.get("checks", []))
    return "".join(sorted(rows))


def read(path):
    try:
        with open(path, "rb") as file:
            return json.loads(file.read().decode("utf-8"))
    except (OSError, ValueError):
        return {}


def main():
    module = AnsibleModule(argument_spec=arguments(), supports_check_mode=True)
    wanted = module.params
    behind = ["--"] + wanted["targets"] if wanted["targets"] else []
    if module.check_mode:
        plan = wanted["command"] + ["plan", "-c", wanted["config"], "-f", "json"] + behind
        code, out, err = module.run_command(plan)
        if code:
            module.fail_json(msg=err.strip() or "portcheck plan failed", exit_code=code)
        module.exit_json(changed=False, exit_code=0, planned=len(json.loads(out).get("lines", [])))
    before = states(read(wanted["report"]))
    named = ["--name", wanted["vantage"]] if wanted["vantage"] else []
    ask = wanted["command"] + ["check", "-c", wanted["config"], "-q", "-f", "json", "-o", wanted["report"]]
    code, out, err = module.run_command(ask + named + wanted["options"] + behind)
    if code not in (0, 1):
        module.fail_json(msg=err.strip() or "portcheck check failed", exit_code=code)
    report = read(wanted["report"])
    after = states(report)
    told = {
        "exit_code": code,
        "changed": before != after,
        "verdicts": report.get("summary", {}).get("verdicts", {}),
        "findings": [f["title"] for f in report.get("findings", []) if f["severity"] != "info"],
        "diff": {"before_header": wanted["report"], "after_header": "now", "before": before, "after": after},
    }
    if code and wanted["fail"]:
        module.fail_json(msg="; ".join(told["findings"]) or "not as expected", **told)
    module.exit_json(**told)


if __name__ == "__main__":
    main()

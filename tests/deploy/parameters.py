"""A function's parameter that changes must publish a version of it, or `live` keeps the old value and nobody is told.

Runs the template through both of its transforms, as AWS's own tools have them, with another value for each in turn.
"""

import copy
import logging
from types import SimpleNamespace

from samcli.lib.cfn_language_extensions.sam_integration import expand_language_extensions
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

FUNCTIONS = ["WatchFunction", "WebhookFunction"]

# What is about a function but not in it.
AROUND = {"Policies", "Events", "EventInvokeConfig", "DeploymentPreference"}


def references(value, conditions):
    """The names that a part of a template refers to, also by its conditions."""
    if isinstance(value, dict):
        if "Ref" in value:
            return {value["Ref"]}
        if "Fn::If" in value or "Condition" in value:
            name = value["Condition"] if "Condition" in value else value["Fn::If"][0]
            found = references(conditions[name], conditions)
        else:
            found = set()
        return found.union(*(references(inner, conditions) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(references(inner, conditions) for inner in value))
    return set()


def version(template, function, values):
    """The logical id of the version that is published with these values."""
    expanded = expand_language_extensions(copy.deepcopy(template), values, enabled=True).expanded_template
    expanded["Transform"] = "AWS::Serverless-2016-10-31"
    resources = transform(expanded, values, SimpleNamespace(load=dict))["Resources"]
    [version] = [name for name in resources if name.startswith(f"{function}Version")]
    return version


def another(parameter):
    """A valid value of a parameter other than its default."""
    default = str(parameter["Default"])
    others = [str(value) for value in parameter.get("AllowedValues", []) if str(value) != default]
    if others:
        return others[0]
    return str(int(default) + 1) if parameter["Type"] == "Number" else "another"


def main():
    logging.disable(logging.WARNING)
    with open("template.yaml", encoding="utf-8") as file:
        template = yaml_parse(file.read())
    parameters = template["Parameters"]
    defaults = {name: str(parameter["Default"]) for name, parameter in parameters.items()}
    for function in FUNCTIONS:
        template["Resources"][function]["Properties"]["CodeUri"] = "s3://bucket/code"
    conditions = template["Conditions"]
    shared = references(template["Globals"]["Function"], conditions)
    for function in FUNCTIONS:
        properties = template["Resources"][function]["Properties"]
        inside = [value for name, value in properties.items() if name not in AROUND]
        used = sorted((references(inside, conditions) | shared) & parameters.keys())
        before = version(template, function, defaults)
        silent = [
            name
            for name in used
            if version(template, function, {**defaults, name: another(parameters[name])}) == before
        ]
        assert used and not silent, f"{function}: these change and publish nothing: {silent}"
        print(f"{function}: {len(used)} parameters, each publishes a version")


main()

"""A SAM template with its parameters, conditions and functions worked out, as CloudFormation would see it; and its policies, as
IAM would judge them. Not all of either: what this repository's template uses. What it does not know is an error, not a guess.

  t = Template("template.yaml", ApiAuthorization="NONE")
  t.resources["Bucket"]["Properties"]...; t.functions["ValidateFunction"]; t.role("ValidateFunction").allows(action, arn)
"""
import fnmatch
import re

import yaml

PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Region": "us-east-1", "AWS::Partition": "aws", "AWS::StackName": "weir",
          "AWS::URLSuffix": "amazonaws.com"}
NO_VALUE = object()


class Loader(yaml.SafeLoader):
    pass


def construct(loader, tag, node):
    name = {"Ref": "Ref", "Condition": "Condition"}.get(tag, "Fn::" + tag)
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if tag == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", construct)


def read(path):
    with open(path, encoding="utf-8") as f:
        return yaml.load(f, Loader)


class Template:
    def __init__(self, source, **parameters):
        """source: a path, or what read() returned"""
        self.raw = read(source) if isinstance(source, str) else source
        self.parameters = {}
        for name, p in self.raw["Parameters"].items():
            value = parameters.pop(name, p.get("Default"))
            if value is None:
                raise ValueError(f"{name} has no default")
            self.parameters[name] = str(value).split(",") if p["Type"] == "CommaDelimitedList" else str(value)
        if parameters:
            raise ValueError(f"no such parameters: {sorted(parameters)}")
        self.conditions = {name: bool(self.value(c)) for name, c in self.raw["Conditions"].items()}
        there = {n: r for n, r in self.raw["Resources"].items() if self.conditions.get(r.get("Condition"), True)}
        self.types = {name: r["Type"] for name, r in there.items()}
        self.resources = {name: self.value(r) for name, r in there.items()}
        common = self.value(self.raw["Globals"]["Function"])
        self.functions = {n: {**common, **r["Properties"]} for n, r in self.resources.items() if r["Type"] == "AWS::Serverless::Function"}

    # ---- functions ----

    def value(self, v):
        if isinstance(v, list):
            return [x for x in map(self.value, v) if x is not NO_VALUE]
        if not isinstance(v, dict):
            return v
        if len(v) == 1:
            (name, arg), = v.items()
            if name == "Ref":
                return self.ref(arg)
            if name == "Condition" and isinstance(arg, str):
                return bool(self.value(self.raw["Conditions"][arg]))
            if name.startswith("Fn::"):
                return getattr(self, "fn_" + name[4:].lower())(arg)
        return {k: x for k, x in ((k, self.value(x)) for k, x in v.items()) if x is not NO_VALUE}

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.types[name]
        properties = self.raw["Resources"][name]["Properties"]
        known = {"AWS::S3::Bucket": "BucketName", "AWS::Serverless::Function": "FunctionName", "AWS::Logs::LogGroup": "LogGroupName"}
        return self.value(properties[known[kind]]) if kind in known else name

    def fn_getatt(self, arg):
        name, attribute = arg
        kind, here = self.types[name], "us-east-1:123456789012"
        if attribute == "QueueName" and kind == "AWS::SQS::Queue":
            return name
        assert attribute == "Arn", arg
        return {
            "AWS::S3::Bucket": lambda: "arn:aws:s3:::" + self.ref(name),
            "AWS::SQS::Queue": lambda: f"arn:aws:sqs:{here}:{name}",
            "AWS::IAM::Role": lambda: f"arn:aws:iam::123456789012:role/{name}",
            "AWS::Logs::LogGroup": lambda: f"arn:aws:logs:{here}:log-group:{self.ref(name)}:*",
            "AWS::Serverless::Function": lambda: f"arn:aws:lambda:{here}:function:{self.ref(name)}",
        }[kind]()

    def fn_sub(self, arg):
        text, given = (arg, {}) if isinstance(arg, str) else (arg[0], {k: self.value(x) for k, x in arg[1].items()})

        def one(m):
            name = m.group(1)
            if name in given:
                return given[name]
            return self.fn_getatt(name.split(".", 1)) if "." in name else self.ref(name)
        return re.sub(r"\$\{([^!}]+)\}", one, text)

    def fn_if(self, arg):
        condition, yes, no = arg
        return self.value(yes if self.value(self.raw["Conditions"][condition]) else no)

    def fn_equals(self, arg):
        return self.value(arg[0]) == self.value(arg[1])

    def fn_not(self, arg):
        return not self.value(arg[0])

    def fn_and(self, arg):
        return all(map(self.value, arg))

    def fn_join(self, arg):
        return arg[0].join(self.value(arg[1]))

    # ---- what follows ----

    def environment(self, function):
        return {k: str(v) for k, v in self.functions[function].get("Environment", {}).get("Variables", {}).items()}

    def role(self, function):
        name = self.functions[function]["Role"].rpartition("/")[2]
        return Role([s for p in self.resources[name]["Properties"]["Policies"] for s in p["PolicyDocument"]["Statement"]])


def listed(v):
    return v if isinstance(v, list) else [v]


class Role:
    def __init__(self, statements):
        for s in statements:
            assert not set(s) - {"Sid", "Effect", "Action", "Resource", "Condition"}, s
            # Conditions are not looked into; the one on who asks tells Lambda from the function's code.
            assert s["Effect"] == "Allow" or "lambda:SourceFunctionArn" in str(s["Condition"]), s
        self.grants = [(a, r) for s in statements if s["Effect"] == "Allow" for a in listed(s["Action"]) for r in listed(s["Resource"])]

    def granting(self, action, resource):
        """Which of the grants allow it"""
        return [(a, r) for a, r in self.grants
                if fnmatch.fnmatchcase(action.lower(), a.lower()) and fnmatch.fnmatchcase(resource, r.replace("[", "[[]"))]

    def allows(self, action, resource):
        return bool(self.granting(action, resource))

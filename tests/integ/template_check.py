#!/usr/bin/env python3
"""Does template.yaml have what the service needs? Each demand is a sentence, the places in the template that it stands on, and
what must be true there. Each place is then taken out of the template, and its demand has to notice.

  template_check.py TEMPLATE
"""
import copy
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import template as cfn  # noqa: E402

SCRIPT = os.environ.get("SCRIPT", "template")
ALL = {"ApiAuthorization": "NONE", "ElbLogsTo": "tcp://logstash:5000", "Archive": "true", "ElbLogsSubnetIds": "subnet-1",
       "KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1", "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:t"}
PLAIN = {"ApiAuthorization": "AWS_IAM"}
QUEUES = ["UploadsQueue", "DeadLetterQueue", "ElbLogsQueue", "ElbLogsDeadLetterQueue", "ArchiveFailures"]
BUCKETS = ["Bucket", "ElbLogsBucket"]
FUNCTIONS = ["PresignFunction", "ValidateFunction", "ElbLogsFunction", "ArchiveFunction"]
failures = 0


def check(good, text, *lines):
    global failures
    failures += not good
    print(f"{'ok' if good else 'not ok'} - {SCRIPT}: {text}", *([] if good else [f"#   {line}" for line in lines]), sep="\n", flush=True)


class Missing(Exception):
    pass


def step(value, name):
    try:
        return value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, IndexError, TypeError, ValueError):
        raise Missing(name) from None


def at(t, path):
    """UploadsQueue/VisibilityTimeout: that property, worked out. UploadsQueue//DependsOn: what stands beside the properties."""
    name, *rest = path.split("/")
    value = t.functions.get(name, t.resources.get(name, {}).get("Properties", {}))
    if rest[0] == "":
        value, rest = t.resources.get(name, {}), rest[1:]
    for part in rest:
        value = step(value, part)
    return value


def is_(expected):
    return lambda v, t: v == expected


def same_as(path):
    return lambda v, t: v == at(t, path)


def ref(name):
    return lambda v, t: v == t.ref(name)


def arn(name):
    return lambda v, t: v == t.fn_getatt([name, "Arn"])


def tls_only(v, t):
    return any(s["Effect"] == "Deny" and s["Principal"] == "*" and s["Action"] in ("s3:*", "sqs:*")
               and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} for s in v)


def from_bucket_only(bucket, queue):
    def holds(v, t):
        s, = [s for s in v if s["Effect"] == "Allow"]
        return (s["Principal"], s["Action"], s["Resource"]) == ({"Service": "s3.amazonaws.com"}, "sqs:SendMessage", t.fn_getatt([queue, "Arn"])) and \
            s["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}, "ArnEquals": {"aws:SourceArn": t.fn_getatt([bucket, "Arn"])}}
    return holds


def expires(prefix, parameter):
    return lambda v, t: any(r["Status"] == "Enabled" and r.get("Prefix") == prefix and r.get("ExpirationInDays") == t.parameters[parameter] for r in v)


def aborts(v, t):
    return any(r["Status"] == "Enabled" and "Prefix" not in r and 1 <= step(step(r, "AbortIncompleteMultipartUpload"), "DaysAfterInitiation") <= 7 for r in v)


def alarm(name, namespace, metric, dimension, threshold=is_(0)):
    """dimension: (name, what its value has to be)"""
    p = name + "/"
    return (p + "Namespace", is_(namespace)), (p + "MetricName", is_(metric)), (p + "Dimensions/0/Name", is_(dimension[0])), \
        (p + "Dimensions/0/Value", dimension[1]), (p + "Threshold", threshold), (p + "ComparisonOperator", is_("GreaterThanThreshold")), \
        (p + "Statistic", lambda v, t: v in ("Sum", "Maximum")), (p + "Period", lambda v, t: 60 <= v <= 300), (p + "EvaluationPeriods", is_(1)), \
        (p + "TreatMissingData", is_("notBreaching")), (p + "AlarmActions", lambda v, t: v == [t.parameters["AlarmTopicArn"]])


def of_forms():
    yield "a form is asked for over an HTTP API", [
        ("Api/ProtocolType", is_("HTTP")), ("ApiRoute/RouteKey", is_("POST /batch/generate-presigned-url")),
        ("ApiRoute/Target", is_("integrations/ApiIntegration")), ("ApiRoute/AuthorizationType", lambda v, t: v == t.parameters["ApiAuthorization"]),
        ("ApiIntegration/IntegrationUri", arn("PresignFunction")), ("ApiIntegration/PayloadFormatVersion", is_("2.0")),
        ("ApiStage/StageName", is_("$default")), ("ApiStage/AutoDeploy", is_(True)),
        ("ApiPermission/Action", is_("lambda:InvokeFunction")), ("ApiPermission/FunctionName", ref("PresignFunction")),
        ("ApiPermission/SourceArn", lambda v, t: v.endswith(":Api/*/POST/batch/generate-presigned-url"))]
    yield "and not a thousand times a second", [
        ("ApiStage/DefaultRouteSettings/ThrottlingRateLimit", lambda v, t: v <= 50), ("ApiStage/DefaultRouteSettings/ThrottlingBurstLimit", lambda v, t: v <= 100)]
    yield "pages of the allowed origin may ask for forms, and upload", [
        ("Api/CorsConfiguration/AllowOrigins", is_(["*"])), ("Api/CorsConfiguration/AllowMethods", is_(["POST"])),
        ("Bucket/CorsConfiguration/CorsRules/0/AllowedOrigins", is_(["*"])), ("Bucket/CorsConfiguration/CorsRules/0/AllowedMethods", is_(["POST"]))]


def of_messages():
    yield "uploads/*.csv comes to the queue", [
        ("Bucket/NotificationConfiguration/QueueConfigurations/0/Queue", arn("UploadsQueue")),
        ("Bucket/NotificationConfiguration/QueueConfigurations/0/Event", is_("s3:ObjectCreated:*")),
        ("Bucket/NotificationConfiguration/QueueConfigurations/0/Filter/S3Key/Rules",
         is_([{"Name": "prefix", "Value": "uploads/"}, {"Name": "suffix", "Value": ".csv"}])),
        ("Bucket//DependsOn", is_("UploadsQueuePolicy")), ("UploadsQueuePolicy/Queues", is_(["UploadsQueue"]))]
    yield "load balancers' logs come to theirs", [
        ("ElbLogsBucket/NotificationConfiguration/QueueConfigurations/0/Queue", arn("ElbLogsQueue")),
        ("ElbLogsBucket/NotificationConfiguration/QueueConfigurations/0/Filter/S3Key/Rules", is_([{"Name": "prefix", "Value": "AWSLogs/"}])),
        ("ElbLogsBucket//DependsOn", is_("ElbLogsQueuePolicy")), ("ElbLogsQueuePolicy/Queues", is_(["ElbLogsQueue"]))]
    yield "load balancers may write them", [
        (f"ElbLogsBucketPolicy/PolicyDocument/Statement/{i}", lambda v, t, action=action, service=service:
         (v["Effect"], v["Action"], v["Principal"]) == ("Allow", action, {"Service": service}) and "123456789012" in str(v))
        for i, (action, service) in enumerate([("s3:PutObject", "logdelivery.elasticloadbalancing.amazonaws.com"),
                                               ("s3:PutObject", "delivery.logs.amazonaws.com"), ("s3:GetBucketAcl", "delivery.logs.amazonaws.com")])]
    for bucket, queue in (("Bucket", "UploadsQueue"), ("ElbLogsBucket", "ElbLogsQueue")):
        yield f"{queue} takes messages of {bucket} and of nobody else", [(queue + "Policy/PolicyDocument/Statement", from_bucket_only(bucket, queue))]
    yield "a file is validated in 128 MB and 900 s", [
        ("ValidateFunction/MemorySize", is_(128)), ("ValidateFunction/Timeout", is_(900)), ("ValidateFunction/Handler", is_("validate"))]
    for function, events, queue, dead in (("ValidateFunction", "Uploads", "UploadsQueue", "DeadLetterQueue"),
                                          ("ElbLogsFunction", "Logs", "ElbLogsQueue", "ElbLogsDeadLetterQueue")):
        p = f"{function}/Events/{events}/"
        yield f"{function} gets one message at a time, says which failed, and runs so often at once as the parameter says", [
            (p + "Type", is_("SQS")), (p + "Properties/Queue", arn(queue)), (p + "Properties/BatchSize", is_(1)),
            (p + "Properties/FunctionResponseTypes", is_(["ReportBatchItemFailures"])),
            (p + "Properties/ScalingConfig/MaximumConcurrency", lambda v, t: v == t.parameters["MaximumConcurrency"])]
        yield f"{queue} hides a message for six times its function's time", [
            (queue + "/VisibilityTimeout", lambda v, t, f=function: v == 6 * at(t, f + "/Timeout")), (function + "/Timeout", lambda v, t: v <= 900)]
        yield f"{queue} gives a message up, and {dead} keeps it longer than {queue} does", [
            (queue + "/RedrivePolicy/deadLetterTargetArn", arn(dead)),
            (queue + "/RedrivePolicy/maxReceiveCount", is_("3") if queue == "UploadsQueue" else is_(10)),
            (dead + "/MessageRetentionPeriod", is_(1209600)), (queue + "/MessageRetentionPeriod", lambda v, t: 4 * 86400 <= v < 1209600)]
        yield f"an upload of {queue} outlives its message", [
            (("Bucket" if queue == "UploadsQueue" else "ElbLogsBucket") + "/LifecycleConfiguration/Rules",
             lambda v, t: all(int(r.get("ExpirationInDays", 99)) * 86400 > 1209600 for r in v if r.get("Prefix") in ("uploads/", "AWSLogs/", "weir-state/")))]


def of_data():
    yield "an archive that nobody waits for is not lost", [
        ("ArchiveFunction/EventInvokeConfig/DestinationConfig/OnFailure/Destination", arn("ArchiveFailures")),
        ("ArchiveFailures/MessageRetentionPeriod", is_(1209600))]
    yield "what is old is deleted, and what was begun and left", [
        ("Bucket/LifecycleConfiguration/Rules/0", lambda v, t: aborts([v], t)),
        ("Bucket/LifecycleConfiguration/Rules/1", lambda v, t: expires("uploads/", "UploadsExpireDays")([v], t)),
        ("Bucket/LifecycleConfiguration/Rules/2", lambda v, t: expires("validations/", "ValidationsExpireDays")([v], t)),
        ("Bucket/LifecycleConfiguration/Rules/3", lambda v, t: expires("archives/", "ArchivesExpireDays")([v], t)),
        ("ElbLogsBucket/LifecycleConfiguration/Rules/0", lambda v, t: expires("AWSLogs/", "ElbLogsExpireDays")([v], t)),
        ("ElbLogsBucket/LifecycleConfiguration/Rules/1", lambda v, t: v["Prefix"] == "weir-state/" and v["Status"] == "Enabled"),
        ("ElbLogsBucket/LifecycleConfiguration/Rules/2", lambda v, t: aborts([v], t)),
        ("Logs/RetentionInDays", lambda v, t: v == t.parameters["LogRetentionDays"])]
    for b in BUCKETS:
        yield f"{b} is private, encrypted, spoken to over TLS only, and not deleted with the stack", [
            *((f"{b}/PublicAccessBlockConfiguration/{p}", is_(True)) for p in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")),
            (f"{b}/OwnershipControls/Rules/0/ObjectOwnership", is_("BucketOwnerEnforced")), (b + "Policy/Bucket", ref(b)),
            (b + "Policy/PolicyDocument/Statement", tls_only), (b + "//DeletionPolicy", is_("Retain")), (b + "//UpdateReplacePolicy", is_("Retain")),
            (f"{b}/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/SSEAlgorithm", is_("aws:kms" if b == "Bucket" else "AES256"))]
    yield "a key of KMS is the bucket's", [
        ("Bucket/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/KMSMasterKeyID", lambda v, t: v == t.parameters["KmsKeyArn"]),
        ("Bucket/BucketEncryption/ServerSideEncryptionConfiguration/0/BucketKeyEnabled", is_(True))]
    for q in QUEUES:
        yield f"{q} is encrypted, and spoken to over TLS only", [
            (q + "/SqsManagedSseEnabled", is_(True)), (q + "Policy/PolicyDocument/Statement", tls_only), (q + "Policy/Queues", is_([q]))]


def of_functions():
    yield "what Lambda may do to a VPC for the logs' function, its code may not", [
        ("ElbLogsRole/Policies/0/PolicyDocument/Statement", lambda v, t: any(
            (s["Effect"], s["Action"], s["Resource"]) == ("Deny", "ec2:*", "*") and
            s["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": t.fn_getatt(["ElbLogsFunction", "Arn"])}} for s in v))]
    for f in FUNCTIONS:
        yield f"{f} is the bootstrap of its architecture, built by make, with a role of its own, logging where it may", [
            ("Globals/Runtime", is_("provided.al2023")), ("Globals/Architectures", is_(["x86_64"])), ("Globals/CodeUri", is_("packaging/sam/x86_64")),
            ("Globals/LoggingConfig/LogGroup", ref("Logs")), (f + "//Metadata/BuildMethod", is_("makefile")), (f + "//Metadata/WorkingDirectory", is_(".")),
            (f + "/Role", arn(f.replace("Function", "Role"))), (f + "/Handler", lambda v, t, f=f: v == {"ElbLogsFunction": "elb_logs"}.get(f, f[:-8].lower()))]
        yield f"alarms tell of errors and throttles of {f}", [
            *alarm(f.replace("Function", "ErrorsAlarm"), "AWS/Lambda", "Errors", ("FunctionName", ref(f))),
            *alarm(f.replace("Function", "ThrottlesAlarm"), "AWS/Lambda", "Throttles", ("FunctionName", ref(f)))]
    for name, q in (("DeadLetterAlarm", "DeadLetterQueue"), ("ElbLogsDeadLetterAlarm", "ElbLogsDeadLetterQueue"), ("ArchiveFailuresAlarm", "ArchiveFailures")):
        yield f"an alarm tells that something is in {q}", alarm(name, "AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName", is_(q)))
    for name, q in (("AgeAlarm", "UploadsQueue"), ("ElbLogsAgeAlarm", "ElbLogsQueue")):
        yield f"an alarm tells that something waits too long in {q}", alarm(
            name, "AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName", is_(q)), lambda v, t: v == t.parameters["AgeAlarmSeconds"])
    yield "an alarm tells of requests that failed", alarm("ApiErrorsAlarm", "AWS/ApiGateway", "5xx", ("ApiId", ref("Api")))


def demands():
    for of in of_forms, of_messages, of_data, of_functions:
        yield from of()


def fails(places, t):
    """The first place that is not as it should be, or None"""
    for path, holds in places:
        try:
            value = at_globals(t, path) if path.startswith("Globals/") else at(t, path)
            if not holds(value, t):
                return f"{path}: {value!r}"
        except (Missing, KeyError, TypeError, ValueError, AttributeError) as e:
            return f"{path}: {type(e).__name__}: {e}"
    return None


def at_globals(t, path):
    value = t.value(t.raw["Globals"]["Function"])
    for part in path.split("/")[1:]:
        value = step(value, part)
    return value


def without(raw, path):
    """A copy of the template without what is at the path: the part of the path that stands in the text as it is"""
    raw = copy.deepcopy(raw)
    name, *rest = path.split("/")
    if name == "Globals":
        node = raw["Globals"]["Function"]
    else:
        node = raw["Resources"][name] if rest[0] == "" else raw["Resources"][name]["Properties"]
    rest = rest[1:] if rest[0] == "" else rest
    for part in rest[:-1]:
        node = step(node, part)
    del node[int(rest[-1]) if isinstance(node, list) else rest[-1]]
    return raw


def parameters(raw):
    """What is chosen when nobody chooses, and what cannot be chosen"""
    p = raw["Parameters"]
    shown = [n for g in raw["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"] for n in g["Parameters"]]
    used = {m for m in re.findall(r"(?:Ref|Sub)['\"]?: ['\"]?([A-Za-z]+)|\$\{([A-Za-z]+)\}", str(raw["Resources"]) + str(raw["Conditions"]) + str(raw["Globals"]))
            for m in m if m}
    check(sorted(shown) == sorted(p), "each parameter is in a group", sorted(set(shown) ^ set(p)))
    check(set(p) <= used | {"Architecture"}, "each parameter is used", sorted(set(p) - used))
    check(all(x.get("Description") for x in p.values()), "each parameter is described")
    check("Default" not in p["ApiAuthorization"], "who may ask for forms is no default")
    check([n for n in p if "Default" not in p[n]] == ["ApiAuthorization"], "all else has a default")
    check((p["MaximumConcurrency"]["MinValue"], p["MaximumConcurrency"]["MaxValue"]) == (2, 1000), "MaximumConcurrency has SQS's bounds")
    queue = raw["Resources"]["UploadsQueue"]["Properties"]
    check(p["MaxReceives"]["MaxValue"] * queue["VisibilityTimeout"] < queue["MessageRetentionPeriod"],
          "the queue keeps a message until its last try is over")
    check(p["Architecture"]["AllowedValues"] == ["x86_64", "arm64"], "there are two architectures")
    check(p["MaxUploadBytes"]["MaxValue"] == 5 << 30, "a form takes no more than S3 does")
    check(p["UploadsExpireDays"]["MinValue"] > 14 and p["ElbLogsExpireDays"]["MinValue"] > 14, "nothing is deleted while its message is in a dead-letter queue")
    with open(os.path.join(ROOT, "docs", "DEPLOY.md"), encoding="utf-8") as f:
        rows = set(re.findall(r"^\| `([A-Za-z]+)`", f.read(), re.M))
    check(rows == set(p), "docs/DEPLOY.md has each parameter in a row", f"only in one of them: {sorted(rows ^ set(p))}")


def on_demand(raw):
    """What is only there when it is asked for"""
    plain, everything = cfn.Template(raw, **PLAIN), cfn.Template(raw, **ALL)
    extra = set(everything.resources) - set(plain.resources)
    check(extra and all(n.startswith(("ElbLogs", "Archive")) for n in extra) and not any(n.startswith(("ElbLogs", "Archive")) for n in plain.resources),
          "load balancers' logs and archives are on demand, all of them", sorted(extra), sorted(plain.resources))
    outputs = {n for n, o in raw["Outputs"].items() if plain.conditions.get(o.get("Condition"), True)}
    try:
        for n in sorted(outputs):
            plain.value(raw["Outputs"][n]["Value"])
        for n in sorted(raw["Outputs"]):
            everything.value(raw["Outputs"][n]["Value"])
        check(bool(outputs), "outputs name what is there")
    except KeyError as e:
        check(False, "outputs name what is there", str(e))
    with open(os.path.join(ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as f:
        asked = set(re.findall(r"\$\(out (\w+)\)", f.read()))
    check(asked <= set(raw["Outputs"]), "they have what docs/OPERATIONS.md asks for", sorted(asked - set(raw["Outputs"])))
    for queue in ("DeadLetterQueue", "ElbLogsDeadLetterQueue"):
        check(queue + "Arn" in asked and everything.value(raw["Outputs"].get(queue + "Arn", {}).get("Value")) == everything.fn_getatt([queue, "Arn"]),
              f"what is in {queue} can be sent back")
    check(at(plain, "Bucket/BucketEncryption/ServerSideEncryptionConfiguration/0") == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
          "without a key of KMS the bucket is encrypted by S3's")
    check(not any("kms" in a for f in plain.functions for a, _ in plain.role(f).grants), "and no role has a word of KMS")
    check("VpcConfig" in everything.functions["ElbLogsFunction"] and "VpcConfig" not in cfn.Template(raw, **{**ALL, "ElbLogsSubnetIds": ""}).functions["ElbLogsFunction"],
          "the logs' function is in a VPC when there are subnets")
    arm = cfn.Template(raw, **{**ALL, "Architecture": "arm64"})
    check(all((f["Architectures"], f["CodeUri"]) == (["arm64"], "packaging/sam/arm64") for f in arm.functions.values()), "on arm64 all functions are built for it")
    jwt = cfn.Template(raw, **{**PLAIN, "ApiAuthorization": "JWT", "JwtIssuer": "https://i", "JwtAudience": "a"})
    check(at(jwt, "ApiRoute/AuthorizerId") == "ApiAuthorizer" and at(jwt, "ApiAuthorizer/JwtConfiguration") == {"Issuer": "https://i", "Audience": ["a"]}
          and "AuthorizerId" not in plain.resources["ApiRoute"]["Properties"], "tokens are checked when they are asked for")
    named = cfn.Template(raw, **{**ALL, "BucketName": "a" * 54})
    check(named.ref("Bucket") == "a" * 54 and len(named.ref("ElbLogsBucket")) == 63, "the longest name of a bucket leaves room for the logs'")
    check(fails([("UploadsQueuePolicy/PolicyDocument/Statement", from_bucket_only("Bucket", "UploadsQueue")),
                 ("ElbLogsQueuePolicy/PolicyDocument/Statement", from_bucket_only("ElbLogsBucket", "ElbLogsQueue"))], named) is None,
          "and the queues know the bucket by it")


def main():
    raw = cfn.read(sys.argv[1])
    t = cfn.Template(raw, **ALL)
    blind, tried = [], 0
    for sentence, places in demands():
        why = fails(places, t)
        check(why is None, sentence, why)
        for path, _ in places if why is None else []:
            tried += 1
            try:
                less = cfn.Template(without(raw, path), **ALL)
            except (KeyError, ValueError, AttributeError):
                continue  # not even a template any more
            if fails(places, less) is None:
                blind.append(f"{path}: gone, and '{sentence}' does not see it")
    check(tried > 200 and not blind, f"each of the {tried} places that these stand on is missed when it is gone", *blind[:20])
    parameters(raw)
    on_demand(raw)
    sys.exit(1 if failures else 0)


main()

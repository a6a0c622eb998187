"""Every file that registers a gap with `localaws.wire.gap`: to import them is to close the gaps."""

from localaws.athena import executions
from localaws.cloudtrail import trails
from localaws.cloudwatch import alarms, dashboards, metrics
from localaws.ec2 import instances
from localaws.ec2 import needs as ec2_needs
from localaws.events import buses, connections, observers, puts, replays, rules, scheduler
from localaws.firehose import streams as delivery_streams
from localaws.functions import create, invocations, layers, permission
from localaws.iam import grammar, holders, policies, sessions, trust
from localaws.kms import policy as key_policy
from localaws.kms import settings as key_settings
from localaws.logs import streams
from localaws.organizations import trusted_access
from localaws.s3 import bucket_configurations, buckets
from localaws.s3 import keys as object_keys
from localaws.s3 import policy as bucket_policy
from localaws.s3 import settings as bucket_settings
from localaws.securityhub import findings
from localaws.sns import keys as topic_keys
from localaws.sns import policy as topic_policy
from localaws.sns import settings as topic_settings
from localaws.sqs import attributes as queue_attributes
from localaws.sqs import keys as queue_keys
from localaws.sqs import policy as queue_policy
from localaws.ssm import commands, documents, parameters

FILES = (
    alarms,
    bucket_configurations,
    bucket_policy,
    bucket_settings,
    buckets,
    buses,
    commands,
    connections,
    create,
    dashboards,
    delivery_streams,
    documents,
    ec2_needs,
    executions,
    findings,
    grammar,
    holders,
    instances,
    invocations,
    key_policy,
    key_settings,
    layers,
    metrics,
    object_keys,
    observers,
    parameters,
    permission,
    policies,
    puts,
    queue_attributes,
    queue_keys,
    queue_policy,
    replays,
    rules,
    scheduler,
    sessions,
    streams,
    topic_keys,
    topic_policy,
    topic_settings,
    trails,
    trusted_access,
    trust,
)

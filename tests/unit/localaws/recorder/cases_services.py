"""Lambda, messaging, keys, trails, rules, tables, parameters, logs, and a few others."""

from __future__ import annotations

from typing import Any

from localaws.wire.errors import ApiError
from tests.unit.localaws.recorder.calls import ACCOUNT, TIME, Case, denied, refusal

FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:guard"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"
QUEUE = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs"
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{KEY_ID}"
TRAIL = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"
DATE = "Nov 22, 2026, 10:00:00 AM"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
KEY_RESOURCE = {"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY}
TABLE_RESOURCE = {
    "accountId": ACCOUNT,
    "type": "AWS::DynamoDB::Table",
    "ARN": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Music",
}
QUEUE_RESOURCE = {
    "accountId": ACCOUNT,
    "type": "AWS::SQS::Queue",
    "ARN": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs",
}


def of(service: str, operation: str, *, prefix: str | None = None, **values: Any) -> Case:
    return Case(service, operation, f"{prefix or service}.eu-west-1.amazonaws.com", **values)


def dynamodb(operation: str, **values: Any) -> Case:
    fields = {"apiVersion": "2012-08-10", **values.pop("fields", {})}
    fields.setdefault("resources", [TABLE_RESOURCE])
    return of("dynamodb", operation, fields=fields, **values)


def logs(operation: str, **values: Any) -> Case:
    return of("logs", operation, fields={"apiVersion": "20140328"}, **values)


def refused(action: str) -> dict[str, str]:
    return {"errorCode": "AccessDenied", "errorMessage": refusal(action)}


LAMBDA = [
    of(
        "lambda",
        "CreateFunction",
        name="CreateFunction20150331",
        parameters={
            "FunctionName": "guard",
            "Role": "arn:aws:iam::111122223333:role/guard",
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Code": {"ZipFile": b"PK"},
            "Environment": {"Variables": {"TOKEN": "never to be seen"}},
            "Tags": {"team": "core"},
        },
        result={
            "FunctionName": "guard",
            "FunctionArn": FUNCTION,
            "CodeSize": 2,
            "LastModified": "2026-11-22T10:00:00.000+0000",
            "Environment": {"Variables": {"TOKEN": "never to be seen"}},
            "State": "Pending",
        },
        request={
            "functionName": "guard",
            "role": "arn:aws:iam::111122223333:role/guard",
            "runtime": "python3.13",
            "handler": "app.handler",
            "code": {},
            "environment": {},
            "tags": {"team": "core"},
            "publish": False,
        },
        response={
            "functionName": "guard",
            "functionArn": FUNCTION,
            "codeSize": 2,
            "lastModified": "2026-11-22T10:00:00.000+0000",
            "environment": {},
            "state": "Pending",
        },
    ),
    of(
        "lambda",
        "UpdateFunctionCode",
        name="UpdateFunctionCode20150331v2",
        parameters={"FunctionName": "guard", "ZipFile": b"PK", "Publish": True},
        result={"FunctionName": "guard", "FunctionArn": FUNCTION},
        request={
            "functionName": FUNCTION,
            "fullyQualifiedArn": {
                "arnPrefix": {"partition": "aws", "region": "eu-west-1", "account": ACCOUNT},
                "relativeId": {"functionName": "guard"},
                "functionQualifier": {},
            },
            "publish": True,
            "dryRun": False,
        },
        response={"functionName": "guard", "functionArn": FUNCTION, "environment": {}},
    ),
    of(
        "lambda",
        "AddPermission",
        name="AddPermission20150331v2",
        parameters={
            "FunctionName": "guard",
            "StatementId": "open",
            "Action": "lambda:InvokeFunction",
            "Principal": "*",
        },
        result={"Statement": '{"Sid":"open"}'},
        request={
            "functionName": "guard",
            "statementId": "open",
            "action": "lambda:InvokeFunction",
            "principal": "*",
        },
        response={"statement": '{"Sid":"open"}'},
    ),
    of(
        "lambda",
        "GetFunction",
        name="GetFunction20150331v2",
        parameters={"FunctionName": "guard"},
        read_only=True,
        request={"functionName": "guard"},
    ),
    of(
        "lambda",
        "ListVersionsByFunction",
        name="ListVersionsByFunction20150331",
        parameters={"FunctionName": "guard", "MaxItems": 50},
        read_only=True,
        request={"functionName": "guard", "maxItems": 50},
    ),
    of(
        "lambda",
        "CreateFunctionUrlConfig",
        parameters={"FunctionName": "guard", "AuthType": "NONE"},
        error=ApiError("ResourceNotFoundException", "Function does not exist", 404),
        request={"functionName": "guard", "authType": "NONE"},
        fields={
            "errorCode": "ResourceNotFoundException",
            "errorMessage": "Function does not exist",
        },
    ),
    of(
        "lambda",
        "DeleteFunction",
        name="DeleteFunction20150331",
        parameters={"FunctionName": "guard"},
        error=ApiError("AccessDeniedException", refusal("lambda:DeleteFunction"), 403),
        fields=refused("lambda:DeleteFunction"),
    ),
    of(
        "lambda",
        "Invoke",
        parameters={
            "FunctionName": "guard",
            "InvocationType": "Event",
            "Payload": b'{"never": "to be seen"}',
        },
        result={"StatusCode": 202, "Payload": b""},
        data=True,
        request={"functionName": "guard", "invocationType": "Event"},
        fields={
            "resources": [{"accountId": ACCOUNT, "type": "AWS::Lambda::Function", "ARN": FUNCTION}]
        },
    ),
]

MESSAGING = [
    of(
        "sns",
        "CreateTopic",
        parameters={"Name": "alerts", "Tags": [{"Key": "team", "Value": "core"}]},
        result={"TopicArn": TOPIC},
        request={"name": "alerts", "tags": [{"key": "team", "value": "core"}]},
        response={"topicArn": TOPIC},
    ),
    of(
        "sns",
        "SetTopicAttributes",
        parameters={
            "TopicArn": TOPIC,
            "AttributeName": "DisplayName",
            "AttributeValue": "Alerts",
        },
        request={
            "topicArn": TOPIC,
            "attributeName": "DisplayName",
            "attributeValue": "Alerts",
        },
    ),
    of(
        "sns",
        "Subscribe",
        parameters={"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": "arn:aws:sqs:::jobs"},
        result={"SubscriptionArn": f"{TOPIC}:0a"},
        request={"topicArn": TOPIC, "protocol": "sqs", "endpoint": "arn:aws:sqs:::jobs"},
        response={"subscriptionArn": f"{TOPIC}:0a"},
    ),
    of(
        "sns",
        "GetTopicAttributes",
        parameters={"TopicArn": TOPIC},
        error=ApiError("NotFound", "Topic does not exist", 404),
        read_only=True,
        request={"topicArn": TOPIC},
        fields={"errorCode": "NotFoundException", "errorMessage": "Topic does not exist"},
    ),
    of(
        "sns",
        "DeleteTopic",
        parameters={"TopicArn": TOPIC},
        error=ApiError("AuthorizationError", refusal("sns:DeleteTopic"), 403),
        fields=refused("sns:DeleteTopic"),
    ),
    of(
        "sns",
        "Publish",
        parameters={"TopicArn": TOPIC, "Message": "never to be seen", "Subject": "nor this"},
        result={"MessageId": "m-1"},
        data=True,
        request={"topicArn": TOPIC, "message": HIDDEN, "subject": HIDDEN},
        response={"messageId": "m-1"},
        fields={"resources": [{"accountId": ACCOUNT, "type": "AWS::SNS::Topic", "ARN": TOPIC}]},
    ),
    of(
        "sqs",
        "CreateQueue",
        parameters={"QueueName": "jobs", "Attributes": {"SqsManagedSseEnabled": "true"}},
        result={"QueueUrl": QUEUE},
        request={"queueName": "jobs", "attributes": {"SqsManagedSseEnabled": "true"}},
        response={"queueUrl": QUEUE},
    ),
    of(
        "sqs",
        "AddPermission",
        parameters={
            "QueueUrl": QUEUE,
            "Label": "share",
            "AWSAccountIds": ["444455556666"],
            "Actions": ["SendMessage"],
        },
        request={
            "queueUrl": QUEUE,
            "label": "share",
            "AWSAccountIds": ["444455556666"],
            "actions": ["SendMessage"],
        },
    ),
    of(
        "sqs",
        "SendMessage",
        parameters={"QueueUrl": QUEUE, "MessageBody": "never to be seen", "DelaySeconds": 0},
        result={"MessageId": "m-1", "MD5OfMessageBody": "d41d"},
        data=True,
        request={"queueUrl": QUEUE, "messageBody": HIDDEN, "delaySeconds": 0},
        response={"messageId": "m-1", "mD5OfMessageBody": "d41d"},
        fields={"resources": [QUEUE_RESOURCE]},
    ),
    of(
        "sqs",
        "ReceiveMessage",
        parameters={"QueueUrl": QUEUE, "MaxNumberOfMessages": 10},
        result={"Messages": []},
        data=True,
        read_only=True,
        request={"queueUrl": QUEUE, "maxNumberOfMessages": 10},
        fields={"resources": [QUEUE_RESOURCE]},
    ),
]

KEYS = [
    of(
        "kms",
        "CreateKey",
        parameters={"Description": "logs", "KeySpec": "RSA_4096"},
        result={
            "KeyMetadata": {
                "AWSAccountId": ACCOUNT,
                "KeyId": KEY_ID,
                "Arn": KEY,
                "CreationDate": TIME,
                "Enabled": True,
                "KeyState": "Enabled",
            }
        },
        request={
            "description": "logs",
            "keySpec": "RSA_4096",
            "customerMasterKeySpec": "RSA_4096",
            "keyUsage": "ENCRYPT_DECRYPT",
            "origin": "AWS_KMS",
            "multiRegion": False,
            "bypassPolicyLockoutSafetyCheck": False,
            "tags": [],
        },
        response={
            "keyMetadata": {
                "aWSAccountId": ACCOUNT,
                "keyId": KEY_ID,
                "arn": KEY,
                "creationDate": DATE,
                "enabled": True,
                "keyState": "Enabled",
            }
        },
        fields={"resources": [KEY_RESOURCE]},
    ),
    of(
        "kms",
        "DisableKey",
        parameters={"KeyId": KEY_ID},
        request={"keyId": KEY_ID},
        response={"keyId": KEY},
        fields={"resources": [KEY_RESOURCE]},
    ),
    of(
        "kms",
        "ScheduleKeyDeletion",
        parameters={"KeyId": KEY_ID, "PendingWindowInDays": 7},
        result={"KeyId": KEY, "DeletionDate": TIME, "PendingWindowInDays": 7},
        request={"keyId": KEY_ID, "pendingWindowInDays": 7},
        response={"keyId": KEY, "deletionDate": DATE, "pendingWindowInDays": 7},
        fields={"resources": [KEY_RESOURCE]},
    ),
    of(
        "kms",
        "Decrypt",
        parameters={
            "CiphertextBlob": b"never to be seen",
            "EncryptionContext": {"aws:s3:arn": "arn:aws:s3:::logs"},
        },
        result={"KeyId": KEY, "Plaintext": b"never to be seen"},
        read_only=True,
        request={
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::logs"},
        },
        fields={"resources": [KEY_RESOURCE]},
    ),
    of(
        "kms",
        "GenerateDataKey",
        parameters={"KeyId": "alias/logs", "KeySpec": "AES_256"},
        result={"KeyId": KEY, "Plaintext": b"never", "CiphertextBlob": b"never"},
        read_only=True,
        request={"keyId": "alias/logs", "keySpec": "AES_256"},
        fields={"resources": [KEY_RESOURCE]},
    ),
    of(
        "kms",
        "CreateAlias",
        parameters={"AliasName": "alias/logs", "TargetKeyId": KEY_ID},
        request={"aliasName": "alias/logs", "targetKeyId": KEY_ID},
        response={"keyId": KEY},
        fields={
            "resources": [
                KEY_RESOURCE,
                {
                    "accountId": ACCOUNT,
                    "type": "AWS::KMS::Key",
                    "ARN": f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/logs",
                },
            ]
        },
    ),
    of(
        "kms",
        "DescribeKey",
        parameters={"KeyId": "alias/gone"},
        error=ApiError("NotFoundException", "Alias alias/gone is not found.", 400),
        read_only=True,
        fields={
            "errorCode": "NotFoundException",
            "errorMessage": "Alias alias/gone is not found.",
        },
    ),
    of(
        "secretsmanager",
        "CreateSecret",
        parameters={
            "Name": "db",
            "SecretString": "never to be seen",
            "ClientRequestToken": "x" * 32,
        },
        result={"ARN": "arn:aws:secretsmanager:::db", "Name": "db", "VersionId": "x" * 32},
        request={
            "name": "db",
            "clientRequestToken": "x" * 32,
            "forceOverwriteReplicaSecret": False,
        },
        response={"arn": "arn:aws:secretsmanager:::db"},
    ),
    of(
        "secretsmanager",
        "GetSecretValue",
        parameters={"SecretId": "db"},
        result={"SecretString": "never to be seen"},
        read_only=True,
        request={"secretId": "db"},
    ),
]

TRAILS = [
    of(
        "cloudtrail",
        "CreateTrail",
        parameters={
            "Name": "main",
            "S3BucketName": "acme-logs",
            "IsMultiRegionTrail": True,
            "KmsKeyId": KEY,
            "TagsList": [{"Key": "team", "Value": "core"}],
        },
        result={"Name": "main", "TrailARN": TRAIL, "IsMultiRegionTrail": True},
        request={
            "name": "main",
            "s3BucketName": "acme-logs",
            "isMultiRegionTrail": True,
            "kmsKeyId": KEY,
            "tagsList": [{"key": "team", "value": "core"}],
        },
        response={"name": "main", "trailARN": TRAIL, "isMultiRegionTrail": True},
    ),
    of("cloudtrail", "StopLogging", parameters={"Name": "main"}, request={"name": "main"}),
    of(
        "cloudtrail",
        "StopLogging",
        parameters={"Name": "gone"},
        error=ApiError("TrailNotFoundException", "Unknown trail: gone", 400),
        request={"name": "gone"},
        fields={
            "errorCode": "TrailNotFoundException",
            "errorMessage": "Unknown trail: gone",
        },
    ),
    of(
        "cloudtrail",
        "PutEventSelectors",
        parameters={
            "TrailName": "main",
            "EventSelectors": [
                {
                    "ReadWriteType": "ReadOnly",
                    "IncludeManagementEvents": False,
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": []}],
                }
            ],
        },
        result={"TrailARN": TRAIL, "EventSelectors": []},
        request={
            "trailName": "main",
            "eventSelectors": [
                {
                    "readWriteType": "ReadOnly",
                    "includeManagementEvents": False,
                    "dataResources": [{"type": "AWS::S3::Object", "values": []}],
                }
            ],
        },
        response={"trailARN": TRAIL, "eventSelectors": []},
    ),
    of(
        "cloudtrail",
        "LookupEvents",
        parameters={
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "RunInstances"}]
        },
        read_only=True,
        request={
            "lookupAttributes": [{"attributeKey": "EventName", "attributeValue": "RunInstances"}]
        },
    ),
    of(
        "events",
        "PutRule",
        parameters={"Name": "launches", "EventPattern": '{"source":["aws.ec2"]}'},
        result={"RuleArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/launches"},
        request={"name": "launches", "eventPattern": '{"source":["aws.ec2"]}'},
        response={"ruleArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/launches"},
    ),
    of(
        "events",
        "PutTargets",
        parameters={"Rule": "launches", "Targets": [{"Id": "a", "Arn": TOPIC}]},
        result={"FailedEntryCount": 0, "FailedEntries": []},
        request={"rule": "launches", "targets": [{"id": "a", "arn": TOPIC}]},
        response={"failedEntryCount": 0, "failedEntries": []},
    ),
    of(
        "events",
        "DisableRule",
        parameters={"Name": "launches"},
        error=denied("events:DisableRule"),
        fields=refused("events:DisableRule"),
    ),
    of(
        "events",
        "PutEvents",
        parameters={"Entries": [{"Source": "app", "DetailType": "x", "Detail": "{}"}]},
        result={"FailedEntryCount": 0, "Entries": [{"EventId": "e-1"}]},
        data=True,
        request={"entries": [{"source": "app", "detailType": "x"}]},
        response={"failedEntryCount": 0, "entries": [{"eventId": "e-1"}]},
    ),
]

TABLES = [
    dynamodb(
        "CreateTable",
        parameters={
            "TableName": "Music",
            "AttributeDefinitions": [{"AttributeName": "Artist", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "Artist", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
        result={
            "TableDescription": {
                "TableName": "Music",
                "TableStatus": "CREATING",
                "CreationDateTime": TIME,
                "ItemCount": 0,
            }
        },
        request={
            "tableName": "Music",
            "attributeDefinitions": [{"attributeName": "Artist", "attributeType": "S"}],
            "keySchema": [{"attributeName": "Artist", "keyType": "HASH"}],
            "billingMode": "PAY_PER_REQUEST",
        },
        response={
            "tableDescription": {
                "tableName": "Music",
                "tableStatus": "CREATING",
                "creationDateTime": DATE,
                "itemCount": 0,
            }
        },
    ),
    dynamodb(
        "DescribeTable",
        parameters={"TableName": "Music"},
        read_only=True,
        request={"tableName": "Music"},
    ),
    dynamodb(
        "PutItem",
        parameters={
            "TableName": "Music",
            "Item": {"Artist": {"S": "never"}, "Year": {"N": "1999"}},
        },
        data=True,
        request={"tableName": "Music", "items": ["Artist", "Year"]},
    ),
    dynamodb(
        "UpdateItem",
        parameters={
            "TableName": "Music",
            "Key": {"Artist": {"S": "No One You Know"}},
            "UpdateExpression": "SET #y = :y",
            "ExpressionAttributeNames": {"#y": "Year"},
            "ExpressionAttributeValues": {":y": {"N": "1999"}},
        },
        data=True,
        error=ApiError("ConditionalCheckErrorException", "The conditional request failed", 400),
        request={
            "tableName": "Music",
            "key": {"Artist": "No One You Know"},
            "updateExpression": "SET #y = :y",
            "expressionAttributeNames": {"#y": "Year"},
        },
        fields={
            "errorCode": "ConditionalCheckErrorException",
            "errorMessage": "The conditional request failed",
        },
    ),
    dynamodb(
        "ExecuteStatement",
        parameters={"Statement": "SELECT * FROM Music WHERE Artist = 'secret' AND Year = 1999"},
        data=True,
        request={
            "statement": "SELECT * FROM Music WHERE Artist = ***(Redacted) AND Year = ***(Redacted)"
        },
        fields={"resources": []},
    ),
]

OTHERS = [
    of(
        "ssm",
        "PutParameter",
        parameters={
            "Name": "/app/token",
            "Value": "never to be seen",
            "Type": "SecureString",
            "Tags": [{"Key": "team", "Value": "core"}],
        },
        result={"Version": 1, "Tier": "Standard"},
        request={
            "name": "/app/token",
            "value": HIDDEN,
            "type": "SecureString",
            "tags": [{"key": "team", "value": "core"}],
            "overwrite": False,
        },
        response={"version": 1, "tier": "Standard"},
        fields={
            "resources": [
                {
                    "accountId": ACCOUNT,
                    "ARN": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/app/token",
                }
            ]
        },
    ),
    of(
        "ssm",
        "SendCommand",
        parameters={
            "DocumentName": "AWS-RunShellScript",
            "InstanceIds": ["i-0a1b2c3d4e5f60718"],
            "Parameters": {"commands": ["never to be seen"]},
        },
        result={
            "Command": {
                "CommandId": "c-1",
                "ExpiresAfter": TIME,
                "Parameters": {"commands": ["never to be seen"]},
            }
        },
        request={
            "documentName": "AWS-RunShellScript",
            "instanceIds": ["i-0a1b2c3d4e5f60718"],
            "parameters": HIDDEN,
            "interactive": False,
        },
        response={"command": {"commandId": "c-1", "expiresAfter": DATE, "parameters": HIDDEN}},
    ),
    of(
        "ssm",
        "StartSession",
        parameters={"Target": "i-0a1b2c3d4e5f60718"},
        result={"SessionId": "s-1", "StreamUrl": "wss://x", "TokenValue": "never to be seen"},
        request={"target": "i-0a1b2c3d4e5f60718"},
        response={
            "sessionId": "s-1",
            "streamUrl": "wss://x",
            "tokenValue": "Value hidden due to security reasons.",
        },
    ),
    of(
        "ssm",
        "GetParameters",
        parameters={"Names": ["/a"], "WithDecryption": True},
        error=denied("ssm:GetParameters"),
        read_only=True,
        fields=refused("ssm:GetParameters"),
    ),
    logs(
        "CreateLogGroup",
        parameters={"logGroupName": "/app", "tags": {"team": "core"}},
        request={"logGroupName": "/app", "tags": {"team": "core"}},
    ),
    logs(
        "DescribeLogGroups",
        parameters={"logGroupNamePrefix": "/app"},
        read_only=True,
        request={"logGroupNamePrefix": "/app"},
    ),
    of(
        "logs",
        "DeleteLogGroup",
        parameters={"logGroupName": "/app"},
        error=denied("logs:DeleteLogGroup"),
        fields=refused("logs:DeleteLogGroup"),
    ),
    of(
        "cloudwatch",
        "PutMetricAlarm",
        prefix="monitoring",
        source="monitoring.amazonaws.com",
        parameters={
            "AlarmName": "depth",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "Threshold": 0.0,
        },
        request={
            "alarmName": "depth",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 1,
            "threshold": 0.0,
        },
    ),
    of(
        "rds",
        "ModifyDBInstance",
        parameters={"DBInstanceIdentifier": "main", "MasterUserPassword": "never to be seen"},
        result={
            "DBInstance": {
                "DBInstanceIdentifier": "main",
                "CACertificateIdentifier": "rds-ca",
                "DbInstancePort": 0,
                "InstanceCreateTime": TIME,
            }
        },
        request={
            "dBInstanceIdentifier": "main",
            "masterUserPassword": HIDDEN,
            "allowMajorVersionUpgrade": False,
            "applyImmediately": False,
        },
        response={
            "dBInstanceIdentifier": "main",
            "cACertificateIdentifier": "rds-ca",
            "dbInstancePort": 0,
            "instanceCreateTime": DATE,
        },
    ),
    of(
        "rds",
        "DescribeValidDBInstanceModifications",
        parameters={"DBInstanceIdentifier": "gone"},
        error=ApiError("DBInstanceNotFound", "DBInstance not found: gone", 404),
        read_only=True,
        request={"dBInstanceIdentifier": "gone"},
        fields={
            "errorCode": "DBInstanceNotFoundFault",
            "errorMessage": "DBInstance not found: gone",
        },
    ),
    # Services that record the JSON of the wire, refusals with it.
    of(
        "guardduty",
        "UpdateDetector",
        parameters={"DetectorId": "12abc", "Enable": False},
        error=ApiError("AccessDeniedException", refusal("guardduty:UpdateDetector"), 403),
        request={"detectorId": "12abc", "enable": False},
        response={"message": refusal("guardduty:UpdateDetector")},
        fields={"errorCode": "AccessDenied"},
    ),
    of(
        "eks",
        "DescribeAccessEntry",
        parameters={"clusterName": "blue", "principalArn": "arn:aws:iam::1:role/x"},
        read_only=True,
        request={"name": "blue", "principalArn": "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx"},
    ),
    of(
        "securityhub",
        "DeleteMembers",
        parameters={"AccountIds": ["444455556666"]},
        result={"UnprocessedAccounts": []},
        request={"AccountIds": ["444455556666"]},
        response={"UnprocessedAccounts": []},
    ),
    Case(
        "organizations",
        "LeaveOrganization",
        "organizations.amazonaws.com",
        error=denied("organizations:LeaveOrganization"),
        region="us-east-1",
        fields=refused("organizations:LeaveOrganization"),
    ),
    Case(
        "cloudfront",
        "PublishFunction",
        "cloudfront.amazonaws.com",
        name="PublishFunction2020_05_31",
        parameters={"Name": "edge", "IfMatch": "E1"},
        error=denied("cloudfront:PublishFunction"),
        region="us-east-1",
        fields=refused("cloudfront:PublishFunction"),
    ),
]

CASES = LAMBDA + MESSAGING + KEYS + TRAILS + TABLES + OTHERS

"""What CloudTrail does differently from the general rules, as data.

The rules (in `names`, `values`, `ec2`, `s3`) come from botocore's models; each table here lists
what the models can't tell, by botocore's service and operation names. Sources are AWS's own pages,
named above each table, and the shapes of records that AWS delivered.
"""

from __future__ import annotations

from typing import Final

from localaws.wire.partition import AWS, PARTITIONS, home_region

# --- Names -------------------------------------------------------------------------------------

# Services whose event source is not the name they sign with.
EVENT_SOURCES: Final[dict[str, str]] = {
    "connectparticipant": "connect",
    "iot-jobs-data": "iotjobsdata",
    "marketplace-agreement": "agreement-marketplace",
    "marketplace-catalog": "catalog-marketplace",
    "marketplace-deployment": "deployment-marketplace",
    "marketplace-discovery": "discovery-marketplace",
    "marketplace-entitlement": "entitlement-marketplace",
    "marketplace-reporting": "reporting-marketplace",
    "meteringmarketplace": "metering-marketplace",
    "servicecatalog-appregistry": "servicecatalog-appregistry",
    "sso": "sso",
    "sso-oidc": "sso",
}

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
EVENT_NAMES: Final[dict[tuple[str, str], str]] = {
    ("s3", "DeletePublicAccessBlock"): "DeleteBucketPublicAccessBlock",
    ("s3", "DeleteBucketAnalyticsConfiguration"): "DeleteAnalyticsConfiguration",
    ("s3", "DeleteBucketIntelligentTieringConfiguration"): "DeleteIntelligentTieringConfiguration",
    ("s3", "DeleteBucketInventoryConfiguration"): "DeleteInventoryConfiguration",
    ("s3", "DeleteBucketMetricsConfiguration"): "DeleteMetricsConfiguration",
    ("s3", "GetBucketAccelerateConfiguration"): "GetAccelerateConfiguration",
    ("s3", "GetBucketAnalyticsConfiguration"): "GetAnalyticsConfiguration",
    ("s3", "GetBucketIntelligentTieringConfiguration"): "GetIntelligentTieringConfiguration",
    ("s3", "GetBucketInventoryConfiguration"): "GetInventoryConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "GetBucketLifecycle",
    ("s3", "GetBucketMetricsConfiguration"): "GetMetricsConfiguration",
    ("s3", "GetBucketNotificationConfiguration"): "GetBucketNotification",
    ("s3", "GetObjectLockConfiguration"): "GetBucketObjectLockConfiguration",
    ("s3", "GetPublicAccessBlock"): "GetBucketPublicAccessBlock",
    ("s3", "ListBucketAnalyticsConfigurations"): "GetAnalyticsConfiguration",
    ("s3", "ListBucketIntelligentTieringConfigurations"): "GetIntelligentTieringConfiguration",
    ("s3", "ListBucketInventoryConfigurations"): "GetInventoryConfiguration",
    ("s3", "ListBucketMetricsConfigurations"): "GetMetricsConfiguration",
    ("s3", "ListObjectsV2"): "ListObjects",
    ("s3", "PutBucketAccelerateConfiguration"): "PutAccelerateConfiguration",
    ("s3", "PutBucketAnalyticsConfiguration"): "PutAnalyticsConfiguration",
    ("s3", "PutBucketIntelligentTieringConfiguration"): "PutIntelligentTieringConfiguration",
    ("s3", "PutBucketInventoryConfiguration"): "PutInventoryConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "PutBucketLifecycle",
    ("s3", "PutBucketMetricsConfiguration"): "PutMetricsConfiguration",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutObjectLockConfiguration"): "PutBucketObjectLockConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3control", "DeletePublicAccessBlock"): "DeleteAccountPublicAccessBlock",
    ("s3control", "GetPublicAccessBlock"): "GetAccountPublicAccessBlock",
    ("s3control", "PutPublicAccessBlock"): "PutAccountPublicAccessBlock",
    ("lambda", "Invoke"): "Invoke",
    ("lambda", "InvokeAsync"): "InvokeAsync",
    ("lambda", "InvokeWithResponseStream"): "Invoke",
}

# Lambda's dated names that carry a version too.
# https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
LAMBDA_SECOND_VERSION: Final = frozenset(
    {
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    }
)

# `apiVersion` is recorded by a few services only, and not for calls refused at the door.
API_VERSIONS: Final[dict[str, str]] = {
    "cloudfront": "2020_05_31",
    "dynamodb": "2012-08-10",
    "dynamodbstreams": "2012-08-10",
    "elb": "2012-06-01",
    "elbv2": "2015-12-01",
    "logs": "20140328",
    "route53": "2013-04-01",
}

# --- Read or write -----------------------------------------------------------------------------

READ_VERBS: Final = (
    "BatchCheck",
    "BatchDescribe",
    "BatchGet",
    "BatchList",
    "Check",
    "Describe",
    "Detect",
    "Discover",
    "Download",
    "Estimate",
    "Filter",
    "Get",
    "Head",
    "Is",
    "List",
    "Lookup",
    "Preview",
    "Query",
    "Receive",
    "Retrieve",
    "Scan",
    "Search",
    "Select",
    "Simulate",
    "TestEventPattern",
    "TestMetricFilter",
    "Validate",
    "View",
)

READ_ONLY: Final[dict[tuple[str, str], bool]] = {
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
    ("iam", "GenerateCredentialReport"): True,
    ("iam", "GenerateServiceLastAccessedDetails"): True,
    ("iam", "GenerateOrganizationsAccessReport"): True,
    ("sts", "AssumeRole"): True,
    ("sts", "AssumeRoleWithSAML"): True,
    ("sts", "AssumeRoleWithWebIdentity"): True,
    ("sts", "AssumeRoot"): True,
    ("sts", "DecodeAuthorizationMessage"): True,
    ("sts", "GetFederationToken"): False,
    ("sts", "GetSessionToken"): False,
    # https://docs.aws.amazon.com/kms/latest/developerguide/understanding-kms-entries.html
    ("kms", "Decrypt"): True,
    ("kms", "DeriveSharedSecret"): True,
    ("kms", "Encrypt"): True,
    ("kms", "GenerateDataKey"): True,
    ("kms", "GenerateDataKeyPair"): True,
    ("kms", "GenerateDataKeyPairWithoutPlaintext"): True,
    ("kms", "GenerateDataKeyWithoutPlaintext"): True,
    ("kms", "GenerateMac"): True,
    ("kms", "GenerateRandom"): True,
    ("kms", "ReEncrypt"): True,
    ("kms", "Sign"): True,
    ("kms", "Verify"): True,
    ("kms", "VerifyMac"): True,
    ("bedrock-runtime", "ApplyGuardrail"): True,
    ("bedrock-runtime", "Converse"): True,
    ("bedrock-runtime", "ConverseStream"): True,
    ("bedrock-runtime", "CountTokens"): True,
    ("bedrock-runtime", "InvokeModel"): True,
    ("bedrock-runtime", "InvokeModelWithResponseStream"): True,
    ("cloudformation", "DetectStackDrift"): False,
    ("cloudformation", "DetectStackResourceDrift"): False,
    ("cloudformation", "DetectStackSetDrift"): False,
    ("dynamodb", "TransactGetItems"): True,
    ("logs", "StartLiveTail"): True,
    ("logs", "StartQuery"): True,
    ("s3", "SelectObjectContent"): True,
    ("ses", "SendEmail"): True,
    ("sesv2", "SendEmail"): True,
}

# --- Data events -------------------------------------------------------------------------------

# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
# KMS's and Bedrock's calls on data are management events; so is every call that is not listed.
_SES: Final = frozenset({"SendEmail"})
_SQS: Final = {
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "DeleteMessage",
    "DeleteMessageBatch",
    "ReceiveMessage",
    "SendMessage",
    "SendMessageBatch",
}
DATA_EVENTS: Final[dict[str, frozenset[str]]] = {
    "bedrock-agent-runtime": frozenset(
        {"InvokeAgent", "InvokeFlow", "InvokeInlineAgent", "Retrieve", "RetrieveAndGenerate"}
    ),
    "cloudtrail-data": frozenset({"PutAuditEvents"}),
    "cloudwatch": frozenset(
        {
            "GetMetricData",
            "GetMetricStatistics",
            "GetMetricWidgetImage",
            "ListMetrics",
            "PutMetricData",
        }
    ),
    "cognito-identity": frozenset(
        {
            "GetCredentialsForIdentity",
            "GetId",
            "GetOpenIdToken",
            "GetOpenIdTokenForDeveloperIdentity",
            "UnlinkIdentity",
        }
    ),
    "dynamodb": frozenset(
        {
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "DeleteItem",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "PutItem",
            "Query",
            "Scan",
            "TransactGetItems",
            "TransactWriteItems",
            "UpdateItem",
        }
    ),
    "dynamodbstreams": frozenset({"GetRecords", "GetShardIterator"}),
    "ebs": frozenset(
        {
            "CompleteSnapshot",
            "GetSnapshotBlock",
            "ListChangedBlocks",
            "ListSnapshotBlocks",
            "PutSnapshotBlock",
            "StartSnapshot",
        }
    ),
    "events": frozenset({"PutEvents"}),
    "firehose": frozenset({"PutRecord", "PutRecordBatch"}),
    "iot-data": frozenset({"DeleteThingShadow", "GetThingShadow", "Publish", "UpdateThingShadow"}),
    "kinesis": frozenset(
        {"GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"}
    ),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "logs": frozenset(
        {
            "FilterLogEvents",
            "GetLogEvents",
            "GetLogObject",
            "GetLogRecord",
            "PutLogEvents",
            "StartLiveTail",
        }
    ),
    "rds-data": frozenset(
        {
            "BatchExecuteStatement",
            "BeginTransaction",
            "CommitTransaction",
            "ExecuteStatement",
            "RollbackTransaction",
        }
    ),
    "s3": frozenset(
        {
            "AbortMultipartUpload",
            "CompleteMultipartUpload",
            "CopyObject",
            "CreateMultipartUpload",
            "CreateSession",
            "DeleteObject",
            "DeleteObjectTagging",
            "DeleteObjects",
            "GetObject",
            "GetObjectAcl",
            "GetObjectAttributes",
            "GetObjectLegalHold",
            "GetObjectRetention",
            "GetObjectTagging",
            "GetObjectTorrent",
            "HeadBucket",
            "HeadObject",
            "ListMultipartUploads",
            "ListObjectVersions",
            "ListObjects",
            "ListObjectsV2",
            "ListParts",
            "PutObject",
            "PutObjectAcl",
            "PutObjectLegalHold",
            "PutObjectRetention",
            "PutObjectTagging",
            "RenameObject",
            "RestoreObject",
            "SelectObjectContent",
            "UploadPart",
            "UploadPartCopy",
            "WriteGetObjectResponse",
        }
    ),
    "sagemaker-runtime": frozenset(
        {"InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"}
    ),
    "ses": _SES | {"SendBulkTemplatedEmail", "SendRawEmail", "SendTemplatedEmail"},
    "sesv2": _SES | {"SendBulkEmail"},
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset(_SQS),
    "xray": frozenset({"GetTraceGraph", "GetTraceSummaries", "PutTraceSegments"}),
}

# --- Regions -----------------------------------------------------------------------------------


# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
GLOBAL_HOMES: Final[dict[str, str]] = {
    name: home_region(name) for name in (AWS, *PARTITIONS.values())
}
_CHINA_NORTHWEST: Final = {**GLOBAL_HOMES, "aws-cn": "cn-northwest-1"}
_OREGON: Final = {"aws": "us-west-2"}
GLOBAL_SERVICES: Final[dict[str, dict[str, str]]] = {
    "account": GLOBAL_HOMES,
    "budgets": GLOBAL_HOMES,
    "ce": GLOBAL_HOMES,
    "cloudfront": _CHINA_NORTHWEST,
    "globalaccelerator": _OREGON,
    "health": GLOBAL_HOMES,
    "iam": GLOBAL_HOMES,
    "networkmanager": _OREGON,
    "organizations": _CHINA_NORTHWEST,
    "route53": _CHINA_NORTHWEST,
    "route53domains": GLOBAL_HOMES,
    "savingsplans": GLOBAL_HOMES,
    "shield": GLOBAL_HOMES,
    "support": GLOBAL_HOMES,
    "waf": GLOBAL_HOMES,
}

# --- Values ------------------------------------------------------------------------------------

HIDDEN: Final = "HIDDEN_DUE_TO_SECURITY_REASONS"
STARS: Final = "***"
REMOVED: Final = "<sensitiveDataRemoved>"

# Two families of records. Most services record the members of their Java model with the first
# letter in lower case. A second family records the JSON of the wire as it is: it keeps the
# parameters of refused calls, gives the error as `responseElements.message` and hides with `***`.
# REST-JSON services belong to the second family unless listed here, others unless listed below.
REST_JAVA: Final = frozenset(
    {
        "apigateway",
        "backup",
        "bedrock",
        "bedrock-runtime",
        "efs",
        "glacier",
        "iot",
        "iot-data",
        "lambda",
        "rolesanywhere",
        "sesv2",
    }
)
# Services of the second family whose parameters in the path begin with a capital letter too.
WIRE_CAPITALS: Final = frozenset(
    {"account", "detective", "devops-guru", "resource-explorer-2", "securityhub"}
)
JSON_WIRE: Final = frozenset({"ce", "budgets", "cur"})

# How a date reads. Java's medium format gained a comma after the year and, later, a narrow
# no-break space before AM and PM; which one a record has depends on what the service runs on.
DATE_NARROW: Final = frozenset({"iam", "identitystore"})
DATE_EPOCH_SECONDS: Final = frozenset({"eks"})
DATE_ISO: Final = frozenset({"rolesanywhere"})

# Other failures that leave no parameters, by service; None is every failure.
NO_PARAMETERS_ON_FAILURE: Final[dict[str, frozenset[str] | None]] = {
    "ecs": None,
    "kms": frozenset({"NotFoundException", "InvalidArnException"}),
}

# Failures found before a service looks at a request: their records have no parameters.
REFUSED_AT_THE_DOOR: Final = frozenset(
    {
        "AccessDenied",
        "ThrottlingException",
        "RequestExpired",
        "InvalidSignatureException",
        "SerializationException",
        "MissingParameter",
    }
)

# Error codes that read otherwise in a record than on the wire; what the model's error shapes
# tell (IAM's NoSuchEntity is NoSuchEntityException) is not repeated.
ERROR_CODES: Final[dict[str, str]] = {
    "AccessDeniedException": "AccessDenied",
    "AuthorizationError": "AccessDenied",
    "AuthorizationErrorException": "AccessDenied",
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
}

# Members that never appear, whatever the direction, by service: key material, bodies, secrets.
OMITTED_MEMBERS: Final[dict[str, frozenset[str]]] = {
    "cloudformation": frozenset({"ParameterValue", "TemplateBody"}),
    "dynamodb": frozenset(
        {"Attributes", "Expected", "ExpressionAttributeValues", "Item", "Parameters", "QueryFilter"}
    ),
    "events": frozenset({"Detail"}),
    "iam": frozenset(
        {
            "Base32StringSeed",
            "NewPassword",
            "OldPassword",
            "Password",
            "PrivateKey",
            "QRCodePNG",
            "SecretAccessKey",
            "ServicePassword",
            "AuthenticationCode1",
            "AuthenticationCode2",
        }
    ),
    "kms": frozenset(
        {
            "CiphertextBlob",
            "CiphertextForRecipient",
            "EncryptedKeyMaterial",
            "GrantToken",
            "GrantTokens",
            "ImportToken",
            "Mac",
            "Message",
            "Plaintext",
            "PrivateKeyCiphertextBlob",
            "PrivateKeyPlaintext",
            "PublicKey",
            "Recipient",
            "SharedSecret",
            "Signature",
        }
    ),
    "lambda": frozenset({"Payload", "Variables", "ZipFile", "ClientContext", "LogResult"}),
    "logs": frozenset({"logEvents"}),
    "secretsmanager": frozenset({"SecretBinary", "SecretString", "RotationToken"}),
    "sts": frozenset({"SecretAccessKey", "SAMLAssertion", "WebIdentityToken", "TokenCode"}),
}

# Members whose value is hidden although the model does not call it sensitive: a member's name, or
# the name of its shape and its own.
HIDDEN_MEMBERS: Final[dict[str, dict[str, str | list[str]]]] = {
    "apigatewayv2": {"StageVariables": STARS},
    "cognito-idp": {"AuthParameters": HIDDEN, "UserAttributes": HIDDEN, "Username": HIDDEN},
    "rds": {"MasterUserPassword": HIDDEN},
    "redshift": {"MasterUserPassword": HIDDEN},
    "ses": {
        "BccAddresses": [HIDDEN],
        "CcAddresses": [HIDDEN],
        "Data": HIDDEN,
        "ToAddresses": [HIDDEN],
    },
    "sesv2": {
        "BccAddresses": [HIDDEN],
        "CcAddresses": [HIDDEN],
        "Data": HIDDEN,
        "ToAddresses": [HIDDEN],
    },
    "sns": {
        "Message": HIDDEN,
        "MessageAttributes": HIDDEN,
        "PhoneNumber": HIDDEN,
        "Subject": HIDDEN,
        "PublishBatchRequestEntries": HIDDEN,
    },
    "sqs": {
        "Body": HIDDEN,
        "MessageAttributes": HIDDEN,
        "MessageBody": HIDDEN,
        "MessageSystemAttributes": HIDDEN,
    },
    "ssm": {
        "Command.Parameters": HIDDEN,
        "PutParameterRequest.Value": HIDDEN,
        "ResumeSessionResponse.TokenValue": "Value hidden due to security reasons.",
        "SendCommandRequest.Parameters": HIDDEN,
        "StartSessionResponse.TokenValue": "Value hidden due to security reasons.",
    },
}
# What the model calls sensitive and records show all the same, by service and shape.
SHOWN_SHAPES: Final[dict[str, frozenset[str]]] = {
    "iam": frozenset({"existingUserNameType", "userNameType"}),
    "sts": frozenset({"accessKeySecretType"}),
}

# Shapes of policy texts, which are URL-encoded in responses (RFC 3986) and raw in requests.
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
ENCODED_DOCUMENTS: Final = frozenset({"policyDocumentType"})

# Members of requests whose first letter stays as it is, by service.
KEPT_NAMES: Final[dict[str, frozenset[str]]] = {"sqs": frozenset({"AWSAccountIds"})}
# Members of responses that CloudTrail spells in its own way, by operation.
RENAMED_MEMBERS: Final[dict[tuple[str, str], dict[str, str]]] = {
    ("secretsmanager", "CreateSecret"): {"ARN": "arn"},
    ("secretsmanager", "PutSecretValue"): {"ARN": "arn"},
    ("secretsmanager", "UpdateSecret"): {"ARN": "arn"},
}
# The only members of a response that its record shows.
RESPONSE_ONLY: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("secretsmanager", "CreateSecret"): frozenset({"ARN"}),
    ("secretsmanager", "PutSecretValue"): frozenset({"ARN"}),
}
# Services whose client returns the one structure of a response, which the record shows unwrapped.
UNWRAPPED: Final = frozenset({"docdb", "elasticache", "neptune", "rds", "redshift"})

# Values that a record shows though the caller left them out (what the SDK's model defaults to).
_FUNCTION: Final[dict[str, object]] = {"environment": {}}
REQUEST_DEFAULTS: Final[dict[tuple[str, str], dict[str, object]]] = {
    ("iam", "CreateLoginProfile"): {"passwordResetRequired": False},
    # https://docs.aws.amazon.com/kms/latest/developerguide/ct-createkey.html
    ("kms", "CreateKey"): {
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "description": "",
        "keySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
        "multiRegion": False,
        "origin": "AWS_KMS",
        "tags": [],
    },
    ("kms", "Decrypt"): {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    ("kms", "Encrypt"): {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
    ("kms", "PutKeyPolicy"): {"bypassPolicyLockoutSafetyCheck": False},
    ("kms", "ReplicateKey"): {"bypassPolicyLockoutSafetyCheck": False, "description": ""},
    ("lambda", "CreateFunction"): {**_FUNCTION, "code": {}, "publish": False},
    ("lambda", "UpdateFunctionCode"): {"publish": False, "dryRun": False},
    ("lambda", "UpdateFunctionConfiguration"): _FUNCTION,
    ("rds", "DescribeDBClusters"): {"includeShared": False},
    ("rds", "DescribeDBEngineVersions"): {"defaultOnly": False},
    ("rds", "DescribeDBSnapshots"): {"includePublic": False, "includeShared": False},
    ("rds", "DescribeDBClusterSnapshots"): {"includePublic": False, "includeShared": False},
    ("rds", "ModifyDBInstance"): {"allowMajorVersionUpgrade": False, "applyImmediately": False},
    ("secretsmanager", "CreateSecret"): {"forceOverwriteReplicaSecret": False},
    ("ssm", "SendCommand"): {"interactive": False},
    ("ssm", "PutParameter"): {"overwrite": False},
}
RESPONSE_DEFAULTS: Final[dict[tuple[str, str], dict[str, object]]] = {
    ("lambda", "CreateFunction"): _FUNCTION,
    ("lambda", "PublishVersion"): _FUNCTION,
    ("lambda", "UpdateFunctionCode"): _FUNCTION,
    ("lambda", "UpdateFunctionConfiguration"): _FUNCTION,
}

# Read-only operations whose response a record shows.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html#cloudtrail-integration_examples-sts-api
RESPONSE_OF_READS: Final = frozenset(
    {
        ("sts", "AssumeRole"),
        ("sts", "AssumeRoleWithSAML"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("sts", "AssumeRoot"),
    }
)
# Operations that change something and still show no response.
NO_RESPONSE: Final = frozenset(
    {
        ("ses", "SendEmail"),
        ("sesv2", "SendEmail"),
        ("lambda", "Invoke"),
        ("lambda", "InvokeAsync"),
        ("lambda", "InvokeWithResponseStream"),
        ("kms", "ImportKeyMaterial"),
        ("sqs", "DeleteMessageBatch"),
        ("dynamodb", "BatchWriteItem"),
        ("dynamodb", "DeleteItem"),
        ("dynamodb", "PutItem"),
        ("dynamodb", "TransactWriteItems"),
        ("dynamodb", "UpdateItem"),
        ("dynamodb", "BatchExecuteStatement"),
        ("dynamodb", "ExecuteStatement"),
        ("dynamodb", "ExecuteTransaction"),
    }
)

# --- Sizes -------------------------------------------------------------------------------------

# Bytes of JSON a field may have before it is left out.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
MAX_BYTES: Final[dict[str, int]] = {
    "additionalEventData": 28 * 1024,
    "requestParameters": 100 * 1024,
    "responseElements": 100 * 1024,
}
MAX_TEXT: Final = 1024

"""The local AWS: it records every call as CloudTrail does and delivers it as EventBridge does."""

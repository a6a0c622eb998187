"""A local AWS that records every call and delivers it: CloudTrail and EventBridge, strict."""

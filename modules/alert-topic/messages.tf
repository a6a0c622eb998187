# Input transformers of messages that a person can read: one sentence first, then the details.
# Each line is a string of its own: EventBridge sends a template of strings as lines of text.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
locals {
  _transformers = {
    # AWS API Call via CloudTrail.
    api_call = {
      input_paths = {
        account = "$.account"
        call    = "$.detail.eventName"
        error   = "$.detail.errorCode"
        id      = "$.detail.eventID"
        ip      = "$.detail.sourceIPAddress"
        region  = "$.region"
        service = "$.detail.eventSource"
        time    = "$.detail.eventTime"
        tool    = "$.detail.userAgent"
        who     = "$.detail.userIdentity.arn"
      }
      title = "<call> in <region>, account <account>"
      lines = [
        "<who> called <call> of <service> in <region>, account <account>, at <time>.",
        "From: <ip>",
        "With: <tool>",
        "Error: <error>",
        "Event: <id>",
      ]
    }

    # CloudWatch Alarm State Change.
    alarm = {
      input_paths = {
        account = "$.account"
        alarm   = "$.detail.alarmName"
        before  = "$.detail.previousState.value"
        reason  = "$.detail.state.reason"
        region  = "$.region"
        state   = "$.detail.state.value"
        time    = "$.time"
        what    = "$.detail.configuration.description"
      }
      title = "<alarm> is in <state>"
      lines = [
        "The alarm <alarm> of account <account> in <region> went from <before> to <state> at <time>.",
        "<what>",
        "Reason: <reason>",
      ]
    }

    # AWS Insight via CloudTrail.
    insight = {
      input_paths = {
        account  = "$.account"
        average  = "$.detail.insightDetails.insightContext.statistics.insight.average"
        baseline = "$.detail.insightDetails.insightContext.statistics.baseline.average"
        call     = "$.detail.insightDetails.eventName"
        kind     = "$.detail.insightDetails.insightType"
        region   = "$.region"
        service  = "$.detail.insightDetails.eventSource"
        state    = "$.detail.insightDetails.state"
        time     = "$.detail.eventTime"
      }
      title = "Unusual activity: <call> in <region>, account <account>"
      lines = [
        "CloudTrail noticed unusual activity with <call> of <service> in <region>, account <account>, at <time>.",
        "What: <kind>, <state>",
        "A minute, now and usually: <average>, <baseline>",
      ]
    }

    # AWS Console Sign In via CloudTrail.
    sign_in = {
      input_paths = {
        account = "$.account"
        ip      = "$.detail.sourceIPAddress"
        mfa     = "$.detail.additionalEventData.MFAUsed"
        region  = "$.region"
        result  = "$.detail.responseElements.ConsoleLogin"
        time    = "$.detail.eventTime"
        tool    = "$.detail.userAgent"
        type    = "$.detail.userIdentity.type"
        who     = "$.detail.userIdentity.arn"
      }
      title = "Console sign-in of <type> in account <account>: <result>"
      lines = [
        "<who> (<type>) signed in to the console of account <account> at <time>, from <ip>: <result>.",
        "MFA: <mfa>",
        "Region: <region>",
        "With: <tool>",
      ]
    }
  }

  # What JSON can't bear unescaped is left out of a chat's message: texts with quotes of their own.
  _quoted = { alarm = ["reason", "what"], api_call = ["tool"], insight = [], sign_in = ["tool"] }
  _chat_lines = {
    for kind, message in local._transformers : kind => [
      for line in message.lines : line if !anytrue([for name in local._quoted[kind] : strcontains(line, "<${name}>")])
    ]
  }

  # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
  _chat_format = "{\"version\":\"1.0\",\"source\":\"custom\",\"content\":{\"textType\":\"client-markdown\",\"title\":%s,\"description\":%s}}"

  _messages = {
    for kind, message in local._transformers : kind => {
      input_paths    = message.input_paths
      input_template = join("\n", [for line in message.lines : "\"${line}\""])
    }
  }
  _chat_messages = {
    for kind, message in local._transformers : kind => {
      input_paths = {
        for name, path in message.input_paths : name => path
        if anytrue([for text in concat([message.title], local._chat_lines[kind]) : strcontains(text, "<${name}>")])
      }
      input_template = format(local._chat_format, "\"${message.title}\"", "\"${join("\\n", local._chat_lines[kind])}\"")
    }
  }
}

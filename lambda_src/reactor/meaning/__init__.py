"""The meaning of policy documents: what they can allow (`powers`), and whom they can admit
(`admits`).

Both read a document as IAM does and answer for all possible requests, not for one. Where they can't
be exact they assume the worst: they may call a narrow document broad, but not a broad one narrow.
Nothing here raises, and nothing here calls AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

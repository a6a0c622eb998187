"""Policy meaning: what policy documents can allow (`powers`), and whom they can admit (`admits`).

Both read a document as IAM does and answer for every request that there could be, not for one.
Where they can't be exact they think the worst: they may call a narrow document broad, never a broad
one narrow. Nothing here raises, and nothing here calls AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

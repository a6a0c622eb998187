"""Sigma's rules for CloudTrail as entries of the catalogue, and entries as Sigma rules.

`meaning` reads a rule's condition into alternatives of tests, `matchers` says them in EventBridge's
words, `entry` makes the entry, `export` goes the other way. What can't be said exactly is refused
with the reason. pySigma reads the rules: the optional extra `sigma`.

https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
"""

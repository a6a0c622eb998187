"""`trailctl coverage`: what the catalogue finds of simulated attacks and of CIS's controls.

`attacks.json` has the calls that an attack leaves in the log: those of the AWS techniques of
Stratus Red Team, and others that public rule sets and reports tell of, each with its ATT&CK
techniques.
`cis.json` has the calls that the CIS AWS Foundations Benchmark names for each control of its
monitoring section. ATT&CK's names and tactics are those of the reactor's findings, version 18.

https://stratus-red-team.cloud/attack-techniques/AWS/
https://www.cisecurity.org/benchmark/amazon_web_services
https://attack.mitre.org/versions/v18/matrices/enterprise/cloud/iaas/
"""

"""The command line: one file per verb, each parses, wires, prints and exits.

What a verb prints on stdout is data, all talk goes to stderr. Everything heavy (boto3, rich) is imported when it is
needed, so ``appdp --help`` answers at once. Only ``wiring`` imports :mod:`appdp.aws`.
"""
